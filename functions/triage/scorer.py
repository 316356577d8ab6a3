"""ONNX model and card in, calibrated probabilities out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import onnxruntime
from pydantic import BaseModel, ValidationError

from functions.common.problems import ModelUnavailable
from functions.triage.card import Card
from functions.triage.novelty import Novelty

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from functions.triage.card import View

Output = Literal["logits", "texture", "activation"]

SHIPPED_MODEL = Path(__file__).parent / "model"
NOVELTY = "novelty.npz"


class _Manifest(BaseModel):
    sha256: dict[str, str]


@dataclass(frozen=True)
class Scorer:
    """A model package, loaded: pixels to probabilities."""

    card: Card
    sha256: str
    session: onnxruntime.InferenceSession
    novelty: Novelty | None = None

    def logits(self, squares: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Run the network, on each of the card's views, and average.

        Args:
            squares: uint8 (n, size, size, 3) from `pixels.square_pixels`, with the card's `input_size`.

        Returns:
            float32 (n, classes).

        """
        name = self.session.get_inputs()[0].name
        views = (_seen(squares, view).astype(np.float32) for view in self.card.views)
        found = [self.session.run(["logits"], {name: view})[0] for view in views]
        return np.asarray(np.mean(found, axis=0), dtype=np.float32)

    def has(self, name: Output) -> bool:
        """Return whether the model's file has the output; one that `training.export` has not extended has `logits`."""
        return name in {output.name for output in self.session.get_outputs()}

    def outputs(self, square: NDArray[np.uint8], names: Sequence[Output]) -> dict[Output, NDArray[np.float32]]:
        """Run the network once for one photo, in all of the card's views, and return several of its outputs.

        Logits and activations are means over the views, each activation turned back, so that the mean of the
        activation and the bias still are the logits; the texture is that of the photo as taken.

        Args:
            square: uint8 (size, size, 3).
            names: any of `training.export`'s: `logits` (1, classes), `texture` (1, channels), `activation`
                (1, h, w, classes).

        Raises:
            ModelUnavailable: when the model's file has no such output.

        """
        entry = self.session.get_inputs()[0].name
        lacking = [name for name in names if not self.has(name)]
        if lacking:
            raise ModelUnavailable(f"The model {self.card.version} has no output {' and '.join(lacking)}.")
        views = self.card.views if set(names) != {"texture"} else self.card.views[:1]
        seen = np.concatenate([_seen(square[np.newaxis], view) for view in views]).astype(np.float32)
        found: dict[Output, NDArray[np.float32]] = dict(
            zip(names, self.session.run(list(names), {entry: seen}), strict=True)
        )
        if "activation" in found:
            back = [_seen(one[np.newaxis], view) for one, view in zip(found["activation"], views, strict=True)]
            found["activation"] = np.concatenate(back)
        return {
            name: np.asarray(value[:1] if name == "texture" else value.mean(axis=0, keepdims=True), np.float32)
            for name, value in found.items()
        }

    def probabilities(self, squares: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the calibrated probability of each diagnosis, float64 (n, classes), rows summing to 1."""
        return self.calibrated(self.logits(squares))

    def calibrated(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return softmax(logits / temperature + biases) by the card (Alexandari 2020, arXiv 1901.06852, section 3)."""
        return softmax(np.asarray(logits, dtype=np.float64) / self.card.temperature + np.array(self.card.biases))

    def malignant(self, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return P(malignant), float64 (n,): the sum over the card's malignant diagnoses."""
        return malignant_probability(probabilities, columns_of(self.card.malignant, self.card.classes))


def _seen(squares: NDArray[Any], view: View) -> NDArray[Any]:
    """Return a view of squares (n, height, width, channels); seen so twice, they are as before."""
    return squares if view == "as taken" else squares[:, ::-1, ::-1]


def columns_of(codes: Sequence[str], classes: Sequence[str]) -> list[int]:
    """Return the class number of each code."""
    return [list(classes).index(code) for code in codes]


def malignant_probability(probabilities: NDArray[np.float64], columns: Sequence[int]) -> NDArray[np.float64]:
    """Return the sum over the malignant columns of (n, classes), float64 (n,), at most 1 in spite of rounding."""
    return np.asarray(np.minimum(probabilities[:, columns].sum(axis=1), 1.0))


def softmax(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the softmax along the last axis, in float64."""
    wide = np.asarray(logits, dtype=np.float64)
    exponentials = np.exp(wide - wide.max(axis=-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))


def load_scorer(folder: Path = SHIPPED_MODEL, *, threads: int = 1) -> Scorer:
    """Load a model package and check each file against the manifest.

    Args:
        folder: holds `model.onnx`, `card.json` and `manifest.json`, and `novelty.npz` where the card has its rule.
        threads: processors that one inference may use.

    Raises:
        ModelUnavailable: when a file is absent, was changed, or is not what it should be.

    """
    try:
        manifest = (folder / "manifest.json").read_bytes()
        card = (folder / "card.json").read_bytes()
        with (folder / "model.onnx").open("rb") as model:
            sha256 = hashlib.file_digest(model, "sha256").hexdigest()
    except OSError as error:
        missing = Path(str(error.filename)).name
        raise ModelUnavailable(f"{missing} of the model package {folder.name!r}: {error.strerror}.") from error
    try:
        expected = _Manifest.model_validate_json(manifest).sha256
    except ValidationError as error:
        raise ModelUnavailable(f"manifest.json of the model package {folder.name!r} is not a manifest.") from error
    found = {"model.onnx": sha256, "card.json": hashlib.sha256(card).hexdigest()}
    novelty = _read(folder / NOVELTY) if NOVELTY in expected else None
    if novelty is not None:
        found[NOVELTY] = hashlib.sha256(novelty).hexdigest()
    for name, digest in found.items():
        if expected.get(name) != digest:
            raise ModelUnavailable(f"{name} of the model package {folder.name!r} is not the file in its manifest.")
    try:
        read = Card.model_validate_json(card)
        plane = None if novelty is None else Novelty.from_bytes(novelty)
        loaded = Scorer(read, sha256, _session(folder / "model.onnx", threads), plane)
    except Exception as error:  # onnxruntime's errors have no class in common
        raise ModelUnavailable(f"The model package {folder.name!r} is not one that this version reads.") from error
    if (plane is None) != (read.novelty is None):
        raise ModelUnavailable(f"The model package {folder.name!r} has only one of {NOVELTY} and its rule in the card.")
    return loaded


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ModelUnavailable(f"{file.name} of the model package {file.parent.name!r}: {error.strerror}.") from error


def _session(model: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Spinning threads take the second processor from whoever decodes the next photo.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
