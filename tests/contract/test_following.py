"""A served model follows the registry: under load none fails or mixes, and in Lambda's runtime, held still or not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract import following
from tests.contract.emulator import Emulator, EmulatorAbsent, emulator, emulator_program
from tests.events import event
from tests.triage import packages

if TYPE_CHECKING:
    from collections.abc import Iterator

RATE = 200.0


def check_load(registry: following.Registry) -> None:
    """Offer 200 requests a second over every kind of move; a busy machine answers later, and all of them."""
    run = following.run(registry, rate=RATE, refresh_s=0.5, steady_s=0.3)
    assert [answer for answer in run.answers if not answer.version] == []
    assert [answer for answer in run.answers if registry.is_mixed(answer)] == []
    assert {answer.version for answer in run.answers} == {"v1", "v2"}
    assert {answer.is_card for answer in run.answers} == {True, False}
    assert [stretch.name for stretch in run.stretches[1:] if stretch.seen_after_s is not None] == [
        "promotion",
        "bad promotion",
        "back from it",
        "roll-back",
    ]
    assert len(run.answers) > RATE * 4 * 0.3


def test_no_request_fails_or_mixes_while_a_folders_pointer_moves(tmp_path: Path) -> None:
    check_load(following.Registry(str(tmp_path / "registry"), tmp_path, following.drawn_package))


def test_no_request_fails_or_mixes_while_a_buckets_pointer_moves(tmp_path: Path) -> None:
    with following.bucket() as root:
        check_load(following.Registry(root, tmp_path, following.drawn_package))


def test_a_mixed_answer_would_be_seen(tmp_path: Path) -> None:
    registry = following.Registry(str(tmp_path / "registry"), tmp_path, following.drawn_package)
    (one, one_score), (two, two_score) = registry.expected["v1"], registry.expected["v2"]
    assert not registry.is_mixed(following.Answer(0, 0, "v1", one, one_score))
    assert registry.is_mixed(following.Answer(0, 0, "v1", one, two_score))
    assert registry.is_mixed(following.Answer(0, 0, "v1", one))
    assert registry.is_mixed(following.Answer(0, 0, "v1", two, one_score))
    assert registry.is_mixed(following.Answer(0, 0, "v1", two, is_card=True))
    assert not registry.is_mixed(following.Answer(0, 0, "v2", two, is_card=True))


def test_without_a_registry_a_cold_start_imports_nothing_of_it(tmp_path: Path) -> None:
    code = "import functions.triage.handler, sys, json; print(json.dumps(sorted(sys.modules)))"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "TRIAGE_MODEL_DIR": str(packages.write(tmp_path))},
    )
    imported = set(json.loads(ran.stdout))
    unwanted = {"functions.triage.follow", "functions.registry", "functions.common.signing", "cryptography", "boto3"}
    assert imported & unwanted == set()
    assert "functions.triage.handler" in imported


@contextmanager
def followed(tmp_path: Path) -> Iterator[tuple[following.Registry, Emulator]]:
    """Run the handler in Lambda's runtime, following a registry."""
    try:
        emulator_program()
    except EmulatorAbsent as absent:
        pytest.skip(f"no Lambda runtime emulator: {absent}")
    registry = following.Registry(str(tmp_path / "registry"), tmp_path, following.drawn_package)
    with emulator(**registry.variables(refresh_s=0.2)) as runtime:
        yield registry, runtime


def ask(registry: following.Registry, runtime: Emulator) -> str:
    """Ask for a prediction, check that its parts belong together, and return its version."""
    answer = runtime.invoke(event("http_default", "/v1/predictions", registry.photo, "image/png"))
    assert answer["statusCode"] == 200
    told = json.loads(answer["body"])
    model = told["model"]
    assert not registry.is_mixed(following.Answer(0, 0, model["version"], model["sha256"], told["probability"]))
    version: str = model["version"]
    return version


def ask_until(registry: following.Registry, runtime: Emulator, wanted: str) -> None:
    deadline = time.monotonic() + following.PATIENCE_S
    while ask(registry, runtime) != wanted:
        assert time.monotonic() < deadline, f"{wanted} never answered\n{runtime.said()}"


def test_invocations_follow_a_promotion_and_a_roll_back(tmp_path: Path) -> None:
    with followed(tmp_path) as (registry, runtime):
        assert ask(registry, runtime) == "v1"  # a cold start loads what is current
        registry.promote("v2")
        ask_until(registry, runtime, "v2")
        registry.roll_back()
        ask_until(registry, runtime, "v1")


class HeldStill(Emulator):
    """As Lambda does it: between invocations the runtime's process is stopped, threads and all."""

    def invoke(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.send(signal.SIGCONT)
        answer = super().invoke(asked)
        assert self.send(signal.SIGSTOP) > 0
        return answer

    def send(self, number: signal.Signals) -> int:
        """Send a signal to the processes that the emulator has started, and return how many those are."""
        children = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        processes = [int(one) for found in children for one in found.read_text("utf-8").split()]
        for process in processes:
            os.kill(process, number)
        return len(processes)


def test_a_function_that_is_held_still_between_invocations_follows_too(tmp_path: Path) -> None:
    with followed(tmp_path) as (registry, runtime):
        stopped = HeldStill(runtime.process, runtime.address, runtime.log, runtime.lock)
        try:
            assert ask(registry, stopped) == "v1"
            registry.promote("v2")
            ask_until(registry, stopped, "v2")
            registry.roll_back()
            ask_until(registry, stopped, "v1")
        finally:
            stopped.send(signal.SIGCONT)  # a stopped process does not end
