"""Events of SageMaker's model registry and of the state machine move the pointer, once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from functions.common.storage import open_storage
from functions.registry.errors import RegistryError
from functions.registry.handler import EventInvalid, handler
from functions.registry.pointer import ledger
from functions.registry.versions import publish

if TYPE_CHECKING:
    from functions.common.signing import LocalSigner
    from functions.common.storage import Storage

EVENTS = Path(__file__).parents[1] / "events"


@pytest.fixture
def storage(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    keys: tuple[LocalSigner, bytes],
    drawn_packages: dict[str, Path],
) -> Storage:
    monkeypatch.setenv("REGISTRY_ROOT", str(tmp_path / "registry"))
    monkeypatch.setenv("REGISTRY_PUBLIC_KEY", keys[1].decode())
    storage = open_storage(tmp_path / "registry")
    for package in drawn_packages.values():
        publish(storage, package, keys[0])
    return storage


def state_change(status: str, version: str = "v1") -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / "model_package_state_change.json").read_text("utf-8"))
    event["detail"]["ModelApprovalStatus"] = status
    event["detail"]["CustomerMetadataProperties"]["version"] = version
    return event


def run(event: dict[str, Any]) -> dict[str, Any]:
    return handler(event, None)  # type: ignore[arg-type]  # it looks at nothing of it


def test_an_approval_promotes_once_however_often_it_comes(storage: Storage) -> None:
    assert run(state_change("Approved")) == {"moved": True, "version": "v1", "sequence": 1}
    assert run(state_change("Approved")) == {"moved": True, "version": "v1", "sequence": 1}
    (entry,) = ledger(storage)
    assert (entry.who, entry.verdict) == ("SageMaker Model Registry", "s3://dermacast-training/runs/r1/verdict.json")


@pytest.mark.usefixtures("storage")
def test_a_rejection_goes_back() -> None:
    run(state_change("Approved", "v1"))
    run(state_change("Approved", "v2"))
    assert run(state_change("Rejected", "v2"))["version"] == "v1"
    with pytest.raises(RegistryError, match="was rejected"):
        run(state_change("Approved", "v2"))


def test_a_package_that_waits_moves_nothing(storage: Storage) -> None:
    assert run(state_change("PendingManualApproval")) == {"moved": False, "version": None}
    assert ledger(storage) == []


def test_the_state_machine_promotes_and_goes_back(storage: Storage) -> None:
    told = {"who": "retraining r1", "why": "accepted by the gate"}
    assert (
        run({"action": "promote", "version": "v3", "verdict": "s3://runs/r1/verdict.json", **told})["version"] == "v3"
    )
    assert run({"action": "roll-back", **told})["version"] == "shipped"
    assert [entry.action for entry in ledger(storage)] == ["promote", "roll-back"]


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"action": "promote", "who": "a", "why": "b"},
        {"action": "burn", "who": "a", "why": "b"},
        {"detail-type": "x"},
    ],
)
def test_an_event_that_is_none_is_told(storage: Storage, event: dict[str, Any]) -> None:
    with pytest.raises(EventInvalid):
        run(event)
    assert ledger(storage) == []
