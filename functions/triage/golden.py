"""A few photos that the program draws, so that any copy of a model can show that it still answers as it did."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from functions.triage.pixels import square_pixels

if TYPE_CHECKING:
    from pathlib import Path

    from functions.triage.scorer import Scorer

# Other processors add up in another order; a changed model moves probabilities by far more.
TOLERANCE = 2e-3


class _Golden(BaseModel):
    """One answer of `golden.json`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    pixels_sha256: str
    probabilities: dict[str, float]


_GOLDEN = TypeAdapter(dict[str, _Golden])


def drawn_photos() -> dict[str, bytes]:
    """Return drawings of skin and spots by name, as PNG bytes; integer arithmetic, the same everywhere."""
    return {
        "bare skin": _drawing(radius=0, rim=0, spot=(0, 0, 0)),
        "small even spot": _drawing(radius=45, rim=0, spot=(120, 80, 60)),
        "large uneven spot": _drawing(radius=110, rim=35, spot=(62, 38, 40)),
    }


def golden_answers(scorer: Scorer) -> dict[str, dict[str, Any]]:
    """Return, for each drawn photo, the hash of its pixels and the probability of each diagnosis."""
    answers = {}
    for name, photo in drawn_photos().items():
        square = square_pixels(photo, scorer.card.input_size)
        probabilities = scorer.probabilities(square[np.newaxis])[0]
        answers[name] = {
            "pixels_sha256": hashlib.sha256(square.tobytes()).hexdigest(),
            "probabilities": {
                code: round(float(value), 6) for code, value in zip(scorer.card.classes, probabilities, strict=True)
            },
        }
    return answers


def read_golden(folder: Path) -> dict[str, dict[str, Any]]:
    """Return what `golden_answers` was when the package was made.

    Raises:
        OSError: there is no golden.json.
        ValueError: it is not what `golden_answers` returns.

    """
    data = (folder / "golden.json").read_bytes()
    try:
        return {name: answer.model_dump() for name, answer in _GOLDEN.validate_json(data).items()}
    except ValidationError as error:
        raise ValueError(f"golden.json holds no answers to drawn photos ({error.error_count()} faults)") from error


def deviations(expected: dict[str, dict[str, Any]], found: dict[str, dict[str, Any]]) -> list[str]:
    """Return one sentence for each drawn photo whose pixels or probabilities are not as expected."""
    complaints = [f"{name}: expected, but not drawn" for name in expected.keys() - found.keys()]
    for name, answer in found.items():
        golden = expected.get(name)
        if golden is None:
            complaints.append(f"{name}: drawn, but not expected")
            continue
        if golden["pixels_sha256"] != answer["pixels_sha256"]:
            complaints.append(f"{name}: the pixels differ")
        worst = max(abs(golden["probabilities"].get(code, -1.0) - p) for code, p in answer["probabilities"].items())
        if worst > TOLERANCE:
            complaints.append(f"{name}: a probability differs by {worst:.4f}, more than {TOLERANCE}")
    return complaints


def _drawing(radius: int, rim: int, spot: tuple[int, int, int]) -> bytes:
    """Draw skin with fine texture and one spot whose edge swings by `rim` pixels; 400 x 300 pixels."""
    y, x = np.mgrid[0:300, 0:400].astype(np.int64)
    texture = (x * 7 + y * 13 + x * y) % 11 - 5
    photo = np.stack([212 + texture, 168 + texture, 148 + texture], axis=-1)
    dx, dy = x - 200, y - 150
    swing = rim * ((dx * 3 + dy * 5) % 90) // 90
    inside = dx * dx + dy * dy < (radius + swing) ** 2 if radius else np.zeros_like(x, dtype=bool)
    speckle = (x * 5 + y * 3) % 17
    photo[inside] = np.array(spot) + speckle[inside][:, np.newaxis]
    target = io.BytesIO()
    Image.fromarray(photo.astype(np.uint8)).save(target, "PNG")
    return target.getvalue()
