"""ONNX model and card in, calibrated probabilities out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
from pydantic import BaseModel, ValidationError

from functions.common.problems import ModelUnavailable
from functions.triage.card import Card

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SHIPPED_MODEL = Path(__file__).parent / "model"


class _Manifest(BaseModel):
    sha256: dict[str, str]


@dataclass(frozen=True)
class Scorer:
    """A model package, loaded: pixels to probabilities."""

    card: Card
    sha256: str
    session: onnxruntime.InferenceSession

    def logits(self, squares: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Run the network.

        Args:
            squares: uint8 (n, size, size, 3) from `pixels.square_pixels`, with the card's `input_size`.

        Returns:
            float32 (n, classes).

        """
        name = self.session.get_inputs()[0].name
        (logits,) = self.session.run(None, {name: squares.astype(np.float32)})
        return np.asarray(logits, dtype=np.float32)

    def probabilities(self, squares: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the calibrated probability of each diagnosis, float64 (n, classes), rows summing to 1."""
        return self.calibrated(self.logits(squares))

    def calibrated(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return softmax(logits / temperature + biases) by the card (Alexandari 2020, arXiv 1901.06852, section 3)."""
        return softmax(np.asarray(logits, dtype=np.float64) / self.card.temperature + np.array(self.card.biases))

    def malignant(self, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return P(malignant), float64 (n,): the sum over the card's malignant diagnoses."""
        return malignant_probability(probabilities, columns_of(self.card.malignant, self.card.classes))


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
        folder: holds `model.onnx`, `card.json` and `manifest.json`.
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
    for name, digest in found.items():
        if expected.get(name) != digest:
            raise ModelUnavailable(f"{name} of the model package {folder.name!r} is not the file in its manifest.")
    try:
        return Scorer(Card.model_validate_json(card), sha256, _session(folder / "model.onnx", threads))
    except Exception as error:  # onnxruntime's errors have no class in common
        raise ModelUnavailable(f"The model package {folder.name!r} is not one that this version reads.") from error


def _session(model: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Spinning threads take the second processor from whoever decodes the next photo.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
