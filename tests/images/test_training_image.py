"""A toy room trained in the training image as SageMaker starts it, and its steps started as Lambda does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from functions.triage.golden import deviations, golden_answers
from functions.triage.scorer import load_scorer
from tests.images import sandbox
from tests.training.photos import draw_set

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def image() -> sandbox.Image:
    return sandbox.image("training")


def test_a_job_leaves_a_package_that_serves(image: sandbox.Image, tmp_path: Path) -> None:
    draw_set(tmp_path / "input" / "data" / "training", lesions=63, folds=3)
    (tmp_path / "input" / "config").mkdir()
    hyperparameters = {
        "network": "small_inception",
        "folds": "0/1/2",
        "phases": "whole:75:5:1e-2:0.1:all",
        "batch": "8",
        "ema_momentum": "0.8",
    }
    (tmp_path / "input" / "config" / "hyperparameters.json").write_text(json.dumps(hyperparameters), "utf-8")
    done = image.run(*image.entrypoint, "train", binds={sandbox.writable(tmp_path): "/opt/ml"})
    assert done.returncode == 0, done.stderr
    assert "malignant AUROC" in done.stdout
    scorer = load_scorer(tmp_path / "model")
    golden = json.loads((tmp_path / "model" / "golden.json").read_text("utf-8"))
    assert deviations(golden, golden_answers(scorer)) == []
    assert not (tmp_path / "output" / "failure").exists()


@pytest.mark.parametrize("step", ["plan", "judge", "register"])
def test_a_step_of_the_retraining_is_imported_and_called(image: sandbox.Image, step: str) -> None:
    # The entry point that the stack gives instead of SageMaker's.
    (told,) = image.invoke(f"training.steps.{step}", {}, entrypoint=("python", "-m", "awslambdaric"))
    assert told["answer"]["errorType"] == "ValidationError", told
    assert "StepsSettings" in told["answer"]["errorMessage"]
