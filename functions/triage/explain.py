"""What the program looked at: the exact class activation map of an answer, as a transparent picture over the photo.

It shows the log odds of P(malignant). With the calibrated probabilities p, the temperature T and the maps A_k of the
diagnoses (output `activation`, Zhou 2016, arXiv 1512.04150, section 2), the map is

    M = (sum over malignant k of p_k / P(malignant) A_k - sum over the others of p_k / (1 - P(malignant)) A_k) / T

whose weights are the derivatives of the log odds by the logits. As the network ends in an average over h x w places
and one linear layer, Grad-CAM (Selvaraju 2017, arXiv 1610.02391, equations 1 and 2, before its ReLU) of the log odds
at the last feature map is M / (h w): the same picture, from a forward pass alone.
"""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Literal

import numpy as np
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

from functions.triage.language import catalogue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from functions.triage.language import Language

# Vermilion and blue stay apart for every kind of colour vision (Okabe and Ito 2008).
_FOR, _AGAINST = (213, 94, 0), (0, 114, 178)
_STRONGEST_ALPHA = 190
# A palette of 256: 128 is nothing, above it speaks for malignancy, below against.
_MIDDLE = 128
_THIRDS = 3


class Explanation(BaseModel):
    """What the program looked at."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["class_activation_map"] = Field(description="How it was made: exact, from the same forward pass.")
    of: Literal["log_odds_malignant"] = Field(description="What it explains: the log odds of P(malignant).")
    values: list[list[float]] = Field(
        description="The map's rows from the top, in log odds; their mean is what the photo adds to the log odds, to "
        "first order, beside the biases."
    )
    media_type: Literal["image/png"] = Field(description="Of `data`.")
    data: str = Field(
        description="Base64 of a transparent picture to lay on the middle square of the photo: orange where the "
        "program saw reasons for malignancy, blue against."
    )
    alt: str = Field(description="The picture in words, for those who do not see it.")


def explain(
    activation: NDArray[np.float32],
    probabilities: NDArray[np.float64],
    malignant: Sequence[int],
    temperature: float,
    size: int,
    language: Language = "en",
) -> Explanation:
    """Explain one answer.

    Args:
        activation: float32 (h, w, classes), the network's output of that name for one photo.
        probabilities: float64 (classes,), calibrated, of the photo alone.
        malignant: class numbers of the malignant diagnoses.
        temperature: of the calibration.
        size: side of the picture in pixels.
        language: of the picture in words.

    """
    found = malignant_map(activation, probabilities, malignant, temperature)
    values = [[round(float(value), 4) for value in row] for row in found]
    return Explanation(
        kind="class_activation_map",
        of="log_odds_malignant",
        values=values,
        media_type="image/png",
        data=picture(values, size),
        alt=_in_words(found, language),
    )


def picture(values: Sequence[Sequence[float]], size: int) -> str:
    """Return the picture of a map's rows, of size x size pixels, as an answer carries it."""
    return base64.b64encode(overlay(np.array(values), size)).decode()


def malignant_map(
    activation: NDArray[np.float32], probabilities: NDArray[np.float64], malignant: Sequence[int], temperature: float
) -> NDArray[np.float64]:
    """Return the map M of this module's formula, float64 (h, w), in log odds; arguments as of `explain`."""
    is_malignant = np.zeros(len(probabilities), dtype=bool)
    is_malignant[list(malignant)] = True
    tiny = np.finfo(np.float64).tiny
    p = np.maximum(probabilities, tiny)
    weights = np.where(is_malignant, p / p[is_malignant].sum(), -p / p[~is_malignant].sum())
    return np.asarray(activation.astype(np.float64) @ weights / temperature)


def overlay(found: NDArray[np.float64], size: int) -> bytes:
    """Return the map (h, w) as a transparent PNG of size x size pixels, least transparent where it is strongest."""
    strongest = float(np.abs(found).max()) or 1.0
    coarse = Image.fromarray((found / strongest).astype(np.float32))
    smooth = np.asarray(coarse.resize((size, size), Image.Resampling.BICUBIC)).clip(-1, 1)
    picture = Image.fromarray((_MIDDLE + np.round(smooth * (_MIDDLE - 1))).astype(np.uint8)).convert("P")
    strengths = np.abs(np.arange(256) - _MIDDLE).clip(0, _MIDDLE - 1) / (_MIDDLE - 1)
    picture.putpalette([channel for at in range(256) for channel in (_FOR if at >= _MIDDLE else _AGAINST)])
    target = io.BytesIO()
    alphas = bytes(np.round(_STRONGEST_ALPHA * strengths).astype(np.uint8))
    picture.save(target, "PNG", transparency=alphas, compress_level=3)
    return target.getvalue()


def _in_words(found: NDArray[np.float64], language: Language) -> str:
    words = catalogue(language)
    most, least = np.unravel_index(found.argmax(), found.shape), np.unravel_index(found.argmin(), found.shape)
    said = []
    if found[most] > 0:
        said.append(words["explain.for"].format(place=words[f"explain.place.{_place(most, found.shape)}"]))
    if found[least] < 0:
        said.append(words["explain.against"].format(place=words[f"explain.place.{_place(least, found.shape)}"]))
    return words["explain.about"].format(found="; ".join(said) or words["explain.nowhere"])


def _place(at: Sequence[np.intp], shape: Sequence[int]) -> str:
    """Return the third of the height and the third of the width in which a place lies, such as 02: top right."""
    return "".join(str(int(place) * _THIRDS // length) for place, length in zip(at, shape, strict=True))
