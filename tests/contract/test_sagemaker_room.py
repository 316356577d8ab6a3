"""The training job in a real /opt/ml tree: stopped as a spot machine is, started again, and its package served."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import keras
import numpy as np
import pytest

from functions.triage.golden import deviations, golden_answers
from functions.triage.scorer import load_scorer
from tests.training.photos import draw_set
from training.networks import BACKBONE, inception_v3
from training.report import FIGURES

if TYPE_CHECKING:
    from pathlib import Path

_LIMIT_S = 900


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("opt") / "ml"
    draw_set(base / "input" / "data" / "training", lesions=63, folds=3)
    keras.utils.set_random_seed(0)
    backbone = inception_v3(7).get_layer(BACKBONE)
    arrays = [keras.ops.convert_to_numpy(variable).astype(np.float16) for variable in backbone.variables]
    np.savez(base / "start.npz", *arrays)
    (base / "input" / "config").mkdir()
    hyperparameters = {
        "weights": str(base / "start.npz"),
        "folds": "0/1/2",
        "phases": "head:75:2:1e-2:1:none",
        "sagemaker_program": "train",
    }
    path = base / "input" / "config" / "hyperparameters.json"
    path.write_text(json.dumps(hyperparameters), encoding="utf-8")
    return base


def start(base: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "training", "train", *more],
        env={**os.environ, "TRAINING_BASE_DIR": str(base)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_job_survives_its_spot_machine_and_leaves_a_package_that_serves(room: Path) -> None:
    job = start(room)
    state = room / "checkpoints" / "epoch-01.json"
    deadline = time.monotonic() + _LIMIT_S
    while not state.exists() and job.poll() is None and time.monotonic() < deadline:
        time.sleep(0.2)
    job.send_signal(signal.SIGTERM)
    _, words = job.communicate(timeout=_LIMIT_S)
    assert job.returncode == 1, words
    assert "goes on from the last finished epoch" in words
    assert (room / "output" / "failure").read_text(encoding="utf-8").startswith("Interrupted: SIGTERM")
    assert len(json.loads(state.read_text(encoding="utf-8"))["epochs"]) == 1

    again = start(room)
    table, words = again.communicate(timeout=_LIMIT_S)
    assert again.returncode == 0, words
    assert "malignant AUROC" in table
    assert "epoch 2 (head, 75 px)" in words
    assert "epoch 1 (" not in words
    assert not (room / "output" / "failure").exists()

    scorer = load_scorer(room / "model")
    assert scorer.card.input_size == 75
    assert scorer.card.parity <= 1e-4
    assert scorer.card.data.photos == {"train": 42, "choose": 42, "test": 42}
    assert scorer.card.data.lesions["test"] == 21
    assert {"choose", "test", "test, drawn_*", "test, drawn_here"} <= scorer.card.evaluations.keys()
    golden = json.loads((room / "model" / "golden.json").read_text(encoding="utf-8"))
    assert deviations(golden, golden_answers(scorer)) == []
    report = room / "output" / "data" / "report"
    assert {file.name for file in report.iterdir()} == {
        "report.md",
        "checklists.md",
        *(f"{name}.png" for name in FIGURES),
    }

    data = room / "input" / "data" / "training"
    remade = [sys.executable, "-m", "training", "evaluate", "--data", str(data), "--model", str(room / "model")]
    subprocess.run([*remade, "--out", str(room / "again")], check=True, capture_output=True, timeout=_LIMIT_S)
    assert (room / "again" / "report.md").read_bytes() == (report / "report.md").read_bytes()


def test_a_job_that_cannot_run_says_why_in_one_sentence(tmp_path: Path) -> None:
    job = start(tmp_path / "empty")
    _, words = job.communicate(timeout=_LIMIT_S)
    assert job.returncode == 1
    assert "holds no manifest.csv and no lesions.csv" in words.replace("\n", " ")
    assert "Traceback" not in words
    assert (tmp_path / "empty" / "output" / "failure").read_text(encoding="utf-8").startswith("RoomInvalid")
