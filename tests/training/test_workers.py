from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from training.errors import WorkerLost
from training.job import Interrupted, Resources, interruptible
from training.workers import ALONE, PORT, environment_of, tf_config, watched

if TYPE_CHECKING:
    from pathlib import Path

ONE, OTHER = "algo-1", "algo-2"


def test_every_machine_names_the_same_cluster_and_its_own_place_in_it() -> None:
    found = [json.loads(tf_config(Resources(current_host=host, hosts=(OTHER, ONE)))) for host in (ONE, OTHER)]
    assert [one["task"] for one in found] == [{"type": "worker", "index": index} for index in (0, 1)]
    assert all(one["cluster"] == {"worker": [f"{ONE}:{PORT}", f"{OTHER}:{PORT}"]} for one in found)


def test_several_machines_in_one_have_ports_of_their_own() -> None:
    hosts = ("127.0.0.1:1234", "127.0.0.1:1235")
    environment = environment_of(Resources(current_host=hosts[1], hosts=hosts))
    assert json.loads(environment["TF_CONFIG"])["cluster"]["worker"] == list(hosts)
    assert environment["TRAINING_SUPERVISED"] == "1"


def test_one_machine_alone_sums_nothing() -> None:
    assert ALONE.is_chief
    assert ALONE.summed(lambda x: [x, 2 * x], 3) == [3, 6]
    np.testing.assert_array_equal(ALONE.total([np.array([1.0, 2.0])])[0], [1, 2])


def watch(tmp_path: Path, program: str, **limits: float) -> int:
    command = [sys.executable, "-c", program]
    return watched(command, os.environ, tmp_path / "alive", **{"stall_s": 60, "grace_s": 60, **limits})


@pytest.mark.parametrize("status", [0, 1, 3])
def test_the_status_of_what_learns_is_passed_on(tmp_path: Path, status: int) -> None:
    assert watch(tmp_path, f"raise SystemExit({status})") == status


def test_one_that_waits_for_ever_and_hears_no_sigterm_is_ended(tmp_path: Path) -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    began = time.monotonic()
    with pytest.raises(WorkerLost, match="nothing went on for 1 s: another machine of the job is gone"):
        watch(tmp_path, deaf, stall_s=1, grace_s=0.5)
    assert time.monotonic() - began < 30


def test_one_that_goes_on_is_left_alone(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    busy = f"import pathlib, time\nfor _ in range(20): time.sleep(0.1); pathlib.Path({str(alive)!r}).touch()"
    assert watch(tmp_path, busy, stall_s=1.5) == 0


def test_one_that_dies_of_a_signal_is_told_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(WorkerLost, match="died of SIGKILL"):
        watch(tmp_path, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")


def test_sigterm_reaches_what_learns(tmp_path: Path) -> None:
    told, ready = tmp_path / "told", tmp_path / "ready"
    program = (
        "import pathlib, signal, sys, time\n"
        f"def stop(*_): pathlib.Path({str(told)!r}).touch(); sys.exit(1)\n"
        "signal.signal(signal.SIGTERM, stop)\n"
        f"pathlib.Path({str(ready)!r}).touch()\n"
        "time.sleep(600)"
    )

    def end_it() -> None:
        while not ready.exists():
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGTERM)

    with interruptible():
        thread = threading.Thread(target=end_it)
        thread.start()
        with pytest.raises(Interrupted):
            watch(tmp_path, program)
        thread.join()
    assert told.exists()
