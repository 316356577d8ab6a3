"""Signed versions of the drawn model package, each with answers of its own."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import numpy as np
from onnx import ModelProto, numpy_helper

from functions.triage.golden import golden_answers
from functions.triage.scorer import load_scorer
from tests.triage import packages

if TYPE_CHECKING:
    from pathlib import Path


def write(folder: Path, number: int) -> Path:
    """Write version `v<number>`: the drawn network, its weights turned by the number."""
    model = ModelProto.FromString(packages.network())
    weights = numpy_helper.to_array(model.graph.initializer[0])
    turned = numpy_helper.from_array(np.roll(weights, number, axis=1).copy(), "weights")
    model.graph.initializer[0].CopyFrom(turned)
    card = packages.card(version=f"v{number}").model_dump_json()
    packages.write(folder, model=model.SerializeToString(), card_json=card)
    (folder / "golden.json").write_text(json.dumps(golden_answers(load_scorer(folder))), "utf-8")
    names = ("model.onnx", "card.json", "golden.json")
    hashes = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    manifest = {"version": f"v{number}", "snapshot_sha256": f"{number}" * 64, "sha256": hashes}
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    return folder
