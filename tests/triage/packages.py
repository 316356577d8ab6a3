"""A model package small enough to draw: mean colours in, seven logits out."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from functions.triage.card import Card, Cutoffs, Evaluation, Interval, TrainingData
from functions.triage.scorer import Scorer

if TYPE_CHECKING:
    from pathlib import Path

CLASSES = ["akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"]
MALIGNANT = ["mel", "bcc", "akiec"]
SIZE = 80


def card(**changes: Any) -> Card:
    """Return a card with every field filled in, but for the changes."""
    evaluation = Evaluation(
        photos=10,
        lesions=8,
        malignant_photos=3,
        malignant_auroc=Interval(value=0.9, low=0.8, high=0.95),
        diagnosis_auroc={"mel": 0.9},
        macro_auroc=None,
        accuracy=0.8,
        balanced_accuracy=0.7,
        expected_calibration_error=0.05,
        brier=0.1,
        called={"low": 0.5, "watch": 0.3, "urgent": 0.2},
        malignant_called_low=None,
        benign_called_urgent=0.1,
    )
    fields: dict[str, Any] = {
        "version": "2026.11.22-drawn",
        "created": "2026-11-22",
        "network": "mean colours and one layer",
        "input_size": SIZE,
        "classes": CLASSES,
        "malignant": MALIGNANT,
        "diagnosis_names": {code: code for code in CLASSES},
        "temperature": 1.0,
        "biases": [0.0] * len(CLASSES),
        "cutoffs": Cutoffs(low_below=0.1, urgent_from=0.4, guarantee="none: it is drawn"),
        "evaluations": {"test": evaluation},
        "parity": 0.0,
        "data": TrainingData(
            name="drawn",
            snapshot_sha256="0" * 64,
            folds={"train": [0], "choose": [1], "test": [2]},
            photos={"train": 10, "choose": 10, "test": 10},
            lesions={"train": 8, "choose": 8, "test": 8},
            origins=["drawn_here"],
            licence="CC0",
        ),
        "licence": "Apache-2.0",
        "intended_use": "Tests.",
        "limits": ["It sees mean colours."],
    }
    return Card(**{**fields, **changes})


def network() -> bytes:
    """Return an ONNX file that maps the mean colour of each photo to seven logits; its texture is that colour."""
    random = np.random.default_rng(7)
    weights = numpy_helper.from_array(random.normal(0, 0.02, (3, 7)).astype(np.float32), "weights")
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["photos"], ["texture"], axes=[1, 2], keepdims=0),
            helper.make_node("MatMul", ["texture", "weights"], ["logits"]),
            helper.make_node("MatMul", ["photos", "weights"], ["activation"]),
        ],
        "drawn",
        [helper.make_tensor_value_info("photos", TensorProto.FLOAT, ["n", SIZE, SIZE, 3])],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 7]),
            helper.make_tensor_value_info("texture", TensorProto.FLOAT, ["n", 3]),
            helper.make_tensor_value_info("activation", TensorProto.FLOAT, ["n", SIZE, SIZE, 7]),
        ],
        [weights],
    )
    model: bytes = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    ).SerializeToString()
    return model


def scorer() -> Scorer:
    """Return the package as it is loaded, without a folder."""
    model = network()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return Scorer(card(), hashlib.sha256(model).hexdigest(), session)


def write(folder: Path, *, model: bytes | None = None, card_json: str | None = None) -> Path:
    """Write a package whose manifest fits its files, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(network() if model is None else model)
    (folder / "card.json").write_text(card().model_dump_json() if card_json is None else card_json, encoding="utf-8")
    hashes = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in ("model.onnx", "card.json")}
    (folder / "manifest.json").write_text(json.dumps({"sha256": hashes}), encoding="utf-8")
    return folder
