"""Events of SageMaker's model registry and of the state machine move the pointer, once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from functions.common.storage import open_storage
from functions.registry import moves
from functions.registry.errors import EventInvalid, RegistryError
from functions.registry.handler import handler
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
    assert run(state_change("Approved")) == {"moved": False, "version": "v1", "sequence": 1}
    (entry,) = ledger(storage)
    assert (entry.who, entry.verdict) == ("SageMaker Model Registry", "s3://dermacast-training/runs/r1/verdict.json")


def test_an_approval_that_comes_again_late_brings_nothing_back(storage: Storage) -> None:
    run(state_change("Approved", "v1"))
    run(state_change("Approved", "v2"))
    assert run(state_change("Approved", "v1")) == {"moved": False, "version": "v2", "sequence": 2}
    run({"action": "roll-back", "version": "v1", "who": "ann", "why": "too many refusals"})
    assert run(state_change("Approved", "v2")) == {"moved": False, "version": "v1", "sequence": 3}
    assert len(ledger(storage)) == 3


def test_what_an_event_did_is_counted(storage: Storage, capsys: pytest.CaptureFixture[str]) -> None:
    def counted() -> set[str]:
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return {
            one["Name"] for line in lines if "_aws" in line for one in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
        }

    run(state_change("Approved"))
    assert counted() == {"VersionPromoted"}
    run(state_change("Approved"))
    assert counted() == set()
    run(state_change("Rejected"))
    assert counted() == {"VersionRejected"}
    card = storage.read("versions/v2/card.json")
    assert card is not None
    assert storage.replace("versions/v2/card.json", card.data[:-1], card.etag)
    with pytest.raises(RegistryError, match=r"card\.json of v2"):
        run(state_change("Approved", "v2"))
    assert counted() == {"MoveRefused"}


def test_sagemakers_own_registry_moves_ours(
    monkeypatch: pytest.MonkeyPatch, keys: tuple[LocalSigner, bytes], drawn_packages: dict[str, Path]
) -> None:
    monkeypatch.setenv("REGISTRY_ROOT", "s3://models/registry")
    monkeypatch.setenv("REGISTRY_PUBLIC_KEY", keys[1].decode())
    with mock_aws():
        boto3.client("s3").create_bucket(
            Bucket="models", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        storage = open_storage("s3://models/registry")
        sagemaker = boto3.client("sagemaker")
        sagemaker.create_model_package_group(ModelPackageGroupName="dermacast")
        arns = [
            sagemaker.create_model_package(
                ModelPackageGroupName="dermacast",
                ModelApprovalStatus="PendingManualApproval",
                CustomerMetadataProperties={"version": publish(storage, drawn_packages[version], keys[0])},
            )["ModelPackageArn"]
            for version in ("v1", "v2")
        ]

        def decide(arn: str, status: str) -> dict[str, Any]:
            """Decide as a person does in SageMaker; run the event as AWS documents it, without the metadata."""
            # The service keeps metadata that an update does not name; its stand-in here drops them.
            metadata = sagemaker.describe_model_package(ModelPackageName=arn).get("CustomerMetadataProperties", {})
            sagemaker.update_model_package(
                ModelPackageArn=arn, ModelApprovalStatus=status, CustomerMetadataProperties=metadata
            )
            event = state_change(sagemaker.describe_model_package(ModelPackageName=arn)["ModelApprovalStatus"])
            del event["detail"]["CustomerMetadataProperties"]
            event["detail"]["ModelPackageArn"] = arn
            return run(event)

        assert decide(arns[0], "Approved")["version"] == "v1"
        assert decide(arns[1], "Approved")["version"] == "v2"
        assert decide(arns[1], "Rejected") == {"moved": True, "version": "v1", "sequence": 3}
        assert [(entry.action, entry.version) for entry in ledger(storage)] == [
            ("promote", "v1"),
            ("promote", "v2"),
            ("reject", "v2"),
        ]
        stranger = sagemaker.create_model_package(ModelPackageGroupName="dermacast")["ModelPackageArn"]
        with pytest.raises(EventInvalid, match="names no version"):
            decide(stranger, "Approved")


@pytest.mark.usefixtures("storage")
def test_a_rejection_goes_back() -> None:
    run(state_change("Approved", "v1"))
    run(state_change("Approved", "v2"))
    assert run(state_change("Rejected", "v2"))["version"] == "v1"
    run(state_change("Rejected", "v3"))
    with pytest.raises(RegistryError, match="was rejected"):
        run(state_change("Approved", "v3"))


def test_a_package_that_waits_moves_nothing(storage: Storage) -> None:
    assert run(state_change("PendingManualApproval")) == {
        "moved": False,
        "version": "shipped",
        "sequence": 0,
    }
    assert ledger(storage) == []


def test_the_state_machine_promotes_and_goes_back(storage: Storage) -> None:
    told = {"who": "retraining r1", "why": "accepted by the gate"}
    assert (
        run({"action": "promote", "version": "v3", "verdict": "s3://runs/r1/verdict.json", **told})["version"] == "v3"
    )
    for moved in (True, False):  # a state that is tried again goes back once
        assert run({"action": "roll-back", "version": "shipped", **told}) == {
            "moved": moved,
            "version": "shipped",
            "sequence": 2,
        }
    assert [entry.action for entry in ledger(storage)] == ["promote", "roll-back"]


def test_the_state_machine_and_the_event_of_its_approval_do_not_hinder_each_other(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = moves.promote

    def overtaken(storage: Storage, version: str, **told: Any) -> Any:
        monkeypatch.setattr(moves, "promote", checked)

        def check(version: str) -> None:
            told["check"](version)
            run(state_change("Approved", version))

        return checked(storage, version, **{**told, "check": check})

    monkeypatch.setattr(moves, "promote", overtaken)
    told = run({"action": "promote", "version": "v1", "who": "retraining r1", "why": "accepted by the gate"})
    assert told == {"moved": False, "version": "v1", "sequence": 1}
    assert len(ledger(storage)) == 1


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"action": "promote", "who": "a", "why": "b"},
        {"action": "roll-back", "who": "a", "why": "b"},
        {"detail-type": "SageMaker Model Package State Change", "detail": {}},
        {"action": "burn", "who": "a", "why": "b"},
        {"detail-type": "x"},
    ],
)
def test_an_event_that_is_none_is_told(storage: Storage, event: dict[str, Any]) -> None:
    with pytest.raises(EventInvalid):
        run(event)
    assert ledger(storage) == []
