"""A spot machine taken away at any moment, a full disk, a loss that is no number: nothing of it reaches the model."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from functions.triage.card import Card
from functions.triage.golden import deviations, golden_answers
from functions.triage.scorer import load_scorer
from tests.training.photos import draw_set
from training.job import Room

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_LIMIT_S = 600
_LOOK_S = 0.001
_EPOCHS = 4
TOY = {
    "network": "small_inception",
    "folds": "0/1/2",
    "phases": "head:75:1:1e-2:1:none,whole:75:3:1e-2:0.1:all",
    "batch": "8",
    "ema_momentum": "0.8",
    "precision": "float32",
}
# Ends the process with half of a checkpoint written, and no word.
_ENDED_WHILE_WRITING = """
import os, signal, sys
import training.checkpoints
from training.__main__ import main

whole = training.checkpoints._sha256

def ended(file):
    if file.name == "partial-epoch-02.keras":
        os.truncate(file, file.stat().st_size // 2)
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(file)

training.checkpoints._sha256 = ended
sys.argv = ["training", "train"]
main()
"""


def new_room(base: Path, *, like: Room | None = None, **more: str) -> Room:
    """Return a room on another machine: the inputs, and of the one before it nothing but the checkpoints."""
    room = Room(base)
    if like is None:
        draw_set(room.data, lesions=63, folds=3)
    else:
        shutil.copytree(like.base / "input", base / "input")
        # Taken away before its first epoch, a machine has left none.
        like.checkpoints.mkdir(parents=True, exist_ok=True)
        shutil.copytree(like.checkpoints, room.checkpoints)
    config = base / "input" / "config"
    config.mkdir(exist_ok=True)
    (config / "hyperparameters.json").write_text(json.dumps({**TOY, **more}), encoding="utf-8")
    return room


def start(room: Room, *command: str, file_bytes: int | None = None) -> subprocess.Popen[str]:
    def limit() -> None:
        if file_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))

    return subprocess.Popen(
        [sys.executable, *(command or ("-m", "training", "train"))],
        env={**os.environ, "TRAINING_BASE_DIR": str(room.base), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=limit,  # noqa: PLW1509 - this process has no threads of its own at work
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    metrics, words = process.communicate(timeout=_LIMIT_S)
    return process.returncode, metrics, words


def wait_for_steps(room: Room, process: subprocess.Popen[str], steps: int) -> None:
    """Return after that many signs of life since training began."""
    seen, last = 0, 0
    deadline = time.monotonic() + _LIMIT_S
    while seen < steps and time.monotonic() < deadline and process.poll() is None:
        now = room.alive.stat().st_mtime_ns if room.alive.exists() and any(room.store.glob("*.npy")) else 0
        seen += now != last
        last = now
        time.sleep(_LOOK_S)


def model_of(room: Room) -> tuple[dict[str, np.ndarray], Card]:
    arrays = {
        array.name: numpy_helper.to_array(array) for array in onnx.load(room.model / "model.onnx").graph.initializer
    }
    return arrays, Card.model_validate_json((room.model / "card.json").read_text(encoding="utf-8"))


def history_of(room: Room) -> list[dict[str, object]]:
    rows = json.loads((room.model / "report.json").read_text(encoding="utf-8"))["history"]
    return [{**row, "seconds": 0} for row in rows]


def assert_equal(found: Room, expected: Room) -> None:
    for one, other in zip(history_of(found), history_of(expected), strict=True):
        for name, value in other.items():
            assert one[name] == (pytest.approx(value, abs=1e-6) if isinstance(value, float) else value)
    weights, card = model_of(found)
    undisturbed, expected_card = model_of(expected)
    assert weights.keys() == undisturbed.keys()
    for name, value in undisturbed.items():
        np.testing.assert_allclose(weights[name].astype(float), value.astype(float), rtol=0, atol=1e-6)
    assert_close(card.model_dump(mode="json")["evaluations"], expected_card.model_dump(mode="json")["evaluations"])


def assert_close(found: object, expected: object) -> None:
    if isinstance(expected, dict):
        pairs: Mapping[str, object] = found  # type: ignore[assignment]
        assert pairs.keys() == expected.keys()
        for name, value in expected.items():
            assert_close(pairs[name], value)
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, abs=1e-6)
    else:
        assert found == expected


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Room:
    room = new_room(tmp_path_factory.mktemp("undisturbed") / "ml")
    status, metrics, words = finish(start(room))
    assert status == 0, words
    assert [line.split()[1] for line in metrics.splitlines() if line.startswith("metric epoch=")] == [
        f"epoch={epoch}" for epoch in range(1, _EPOCHS + 1)
    ]
    return room


def test_a_toy_job_leaves_a_package_that_serves(undisturbed: Room) -> None:
    scorer = load_scorer(undisturbed.model)
    golden = json.loads((undisturbed.model / "golden.json").read_text(encoding="utf-8"))
    assert deviations(golden, golden_answers(scorer)) == []
    assert "InceptionV3's parts in small" in scorer.card.network
    assert not undisturbed.packing.exists()


def test_stopped_at_three_random_steps_it_ends_as_if_it_had_not_been(undisturbed: Room, tmp_path: Path) -> None:
    # In the first epoch, after one or two, and anywhere, the making of the package included.
    moments = np.random.default_rng().integers([1, 8, 1], [6, 13, 30]).tolist()
    room = new_room(tmp_path / "machine-0" / "ml")
    for number, moment in enumerate(moments, start=1):
        process = start(room)
        wait_for_steps(room, process, moment)
        process.send_signal(signal.SIGTERM)
        status, _, words = finish(process)
        assert status == 1, (moments, words)
        assert room.failure.read_text(encoding="utf-8").startswith("Interrupted: SIGTERM"), (moments, words)
        assert not any(room.model.glob("*")), moments
        room = new_room(tmp_path / f"machine-{number}" / "ml", like=room)
    status, _, words = finish(start(room))
    assert status == 0, (moments, words)
    assert_equal(room, undisturbed)


def test_ended_in_the_middle_of_writing_a_checkpoint_it_trusts_the_one_before(
    undisturbed: Room, tmp_path: Path
) -> None:
    room = new_room(tmp_path / "first" / "ml")
    status, _, words = finish(start(room, "-c", _ENDED_WHILE_WRITING))
    assert status == -signal.SIGKILL, words
    assert {file.name for file in room.checkpoints.glob("*.json")} == {"epoch-01.json"}
    assert (room.checkpoints / "partial-epoch-02.keras").exists()
    # And of what the bucket got of it, one file is cut short.
    (room.checkpoints / "epoch-02.json").write_text("{", encoding="utf-8")
    again = new_room(tmp_path / "second" / "ml", like=room)
    status, metrics, words = finish(start(again))
    assert status == 0, words
    assert "metric epoch=2 " in metrics
    assert "metric epoch=1 " not in metrics
    assert_equal(again, undisturbed)
    assert not list(again.checkpoints.glob("partial-*"))


def test_a_full_disk_is_a_failure_with_a_sentence_and_leaves_nothing_to_trust(
    undisturbed: Room, tmp_path: Path
) -> None:
    room = new_room(tmp_path / "ml", like=undisturbed)
    shutil.rmtree(room.checkpoints)
    # The photos are decoded already, so that a checkpoint is the first to meet the limit.
    shutil.copytree(undisturbed.store, room.store)
    command = ("-m", "training", "train", "--data", str(undisturbed.data))
    status, metrics, words = finish(start(room, *command, file_bytes=100_000))
    assert status == 1, words
    assert room.failure.read_text(encoding="utf-8").startswith("DiskFull: the disk is full"), words
    assert "Traceback" not in words
    assert "metric" not in metrics
    assert list(room.checkpoints.iterdir()) == []
    assert not any(room.model.glob("*"))


def test_a_loss_that_is_no_number_is_a_failure_with_a_sentence(tmp_path: Path) -> None:
    room = new_room(tmp_path / "ml", phases="whole:75:2:1e38:1:all")
    status, metrics, words = finish(start(room))
    assert status == 1, words
    told = room.failure.read_text(encoding="utf-8")
    assert told.startswith("LossNotFinite: epoch 1, step ")
    assert "lower it in `phases`" in told
    assert "metric" not in metrics
    assert list(room.checkpoints.iterdir()) == []
