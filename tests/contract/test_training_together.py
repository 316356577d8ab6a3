"""Two processes on loopback train one network, as two machines of a SageMaker job would."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import numpy as np
import pytest

from functions.triage.scorer import load_scorer
from tests.training.photos import draw_set
from training.job import Resources, Room
from training.workers import environment_of

if TYPE_CHECKING:
    from pathlib import Path

_LIMIT_S = 600
# One thread: sums in one order.
_QUIET = {"OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "2"}
TOY = {
    "network": "small_inception",
    "folds": "0/1/2",
    "phases": "whole:75:3:1e-2:0.1:all",
    "batch": "8",
    "ema_momentum": "0.8",
}


def two_rooms(folder: Path) -> list[Room]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(2)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        hosts = [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]
    rooms = []
    for index, host in enumerate(sorted(hosts)):
        config = folder / str(index) / "input" / "config"
        config.mkdir(parents=True)
        content = {"current_host": host, "hosts": hosts}
        (config / "resourceconfig.json").write_text(json.dumps(content), encoding="utf-8")
        (config / "hyperparameters.json").write_text(json.dumps(TOY), encoding="utf-8")
        rooms.append(Room(folder / str(index)))
    return rooms


def fit_in(room: Room, resources: Resources | None) -> subprocess.Popen[str]:
    environment = environment_of(resources) if resources else dict(os.environ)
    return subprocess.Popen(
        [sys.executable, "-m", "tests.contract.joint_fit", str(room.base)],
        env={**environment, **_QUIET},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


# Dropout is not among them: each machine drops others.
def test_two_machines_learn_as_one_with_the_joint_batch(tmp_path: Path) -> None:
    rooms = [*two_rooms(tmp_path), Room(tmp_path / "alone")]
    rooms[2].base.mkdir()
    processes = [fit_in(room, room.resources() if room is not rooms[2] else None) for room in rooms]
    for process in processes:
        words, _ = process.communicate(timeout=_LIMIT_S)
        assert process.returncode == 0, words
    chief, other, alone = (json.loads((room.base / "history.json").read_text(encoding="utf-8")) for room in rooms)
    for together, same, one in zip(chief, other, alone, strict=True):
        assert {**together, "seconds": 0} == {**same, "seconds": 0}
        for name in ("loss", "val_loss"):
            assert together[name] == pytest.approx(one[name], abs=1e-5)
    found, expected = (np.load(rooms[index].base / "weights.npz") for index in (0, 2))
    for name in found.files:
        np.testing.assert_allclose(found[name], expected[name], rtol=0, atol=1e-4)
    assert len(chief) == 3
    assert not list(rooms[1].checkpoints.glob("epoch-*"))


def start(room: Room, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "training", "train"],
        env={**os.environ, **_QUIET, "TRAINING_BASE_DIR": str(room.base), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def child_of(process: subprocess.Popen[str]) -> int:
    """Return the process that learns, below the one that watches over it."""
    deadline = time.monotonic() + _LIMIT_S
    while time.monotonic() < deadline:
        found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True)  # noqa: PLW1510
        if found.stdout.strip():
            return int(found.stdout.split()[0])
        time.sleep(0.1)
    raise AssertionError("nothing learns")


def test_a_machine_that_is_lost_ends_the_job_and_started_again_it_is_finished_by_the_chief(tmp_path: Path) -> None:
    rooms = two_rooms(tmp_path)
    for room in rooms:
        draw_set(room.data, lesions=63, folds=3)
    processes = [start(room, TRAINING_STALL_S="20") for room in rooms]
    deadline = time.monotonic() + _LIMIT_S
    while not (rooms[0].checkpoints / "epoch-01.json").exists() and time.monotonic() < deadline:
        assert all(process.poll() is None for process in processes), [p.communicate() for p in processes]
        time.sleep(0.05)
    os.kill(child_of(processes[1]), signal.SIGKILL)
    for process, room in zip(processes, rooms, strict=True):
        _, words = process.communicate(timeout=_LIMIT_S)
        assert process.returncode == 1, words
        assert room.failure.read_text(encoding="utf-8").startswith("WorkerLost: "), words
    assert not list(rooms[1].checkpoints.glob("epoch-*"))

    # Every machine of the new job gets what the chief had saved.
    again = two_rooms(tmp_path / "again")
    for room in again:
        draw_set(room.data, lesions=63, folds=3)
        room.checkpoints.mkdir()
        for file in rooms[0].checkpoints.iterdir():
            (room.checkpoints / file.name).write_bytes(file.read_bytes())
    processes = [start(room) for room in again]
    told = []
    for process in processes:
        metrics, words = process.communicate(timeout=_LIMIT_S)
        assert process.returncode == 0, words
        told.append(metrics)
    assert "metric epoch=1 " not in told[0]
    assert "metric epoch=3 " in told[0]
    assert "metric" not in told[1]
    assert load_scorer(again[0].model).card.input_size == 75
    assert not again[1].model.exists()
