"""Before a new version answers people: what it answers to the drawn photos is what its model answers here."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from functions.registry.errors import VersionUnusable
from functions.triage import hook
from functions.triage.handler import handler
from functions.triage.scorer import SHIPPED_MODEL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Change = Callable[[dict[str, Any]], dict[str, Any]]


class Context:
    aws_request_id = "1"


def shipped(_version: str) -> Path:
    return SHIPPED_MODEL


def door(event: Mapping[str, Any], /) -> Mapping[str, Any]:
    return handler(dict(event), Context())  # type: ignore[arg-type]


def changed(change: Change) -> hook.Call:
    """Return a door whose predictions are changed on their way out."""

    def call(event: Mapping[str, Any], /) -> Mapping[str, Any]:
        answer = dict(door(event))
        if event["path"] != "/v1/predictions":
            return answer
        return {**answer, "body": json.dumps(change(json.loads(answer["body"])))}

    return call


def test_a_sound_version_has_no_complaints() -> None:
    assert hook.complaints_of(door, shipped) == []


def test_rounding_is_no_complaint_and_more_is_one() -> None:
    def moved(by: float) -> Change:
        def change(answer: dict[str, Any]) -> dict[str, Any]:
            answer["quality"]["checks"][0]["measured"] *= 1 + by
            return answer

        return change

    assert hook.complaints_of(changed(moved(1e-4)), shipped) == []
    complaints = hook.complaints_of(changed(moved(1e-2)), shipped)
    assert len(complaints) == 3
    assert "quality.checks.0.measured is" in complaints[0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda answer: {**answer, "risk_band": "low"}, "risk_band is 'low', expected 'unsure'"),
        (lambda answer: {**answer, "reasons": []}, "reasons is [], expected"),
        (lambda answer: {**answer, "more": 1}, "expected"),
        (lambda answer: {**answer, "model": {**answer["model"], "version": "v9"}}, "answered by v9"),
    ],
)
def test_another_answer_is_told(change: Change, said: str) -> None:
    complaints = hook.complaints_of(changed(change), shipped)
    assert len(complaints) == 3
    assert all(said in complaint for complaint in complaints)


@pytest.mark.parametrize(
    "answer",
    [{"errorType": "Runtime.ImportModuleError", "errorMessage": "no module"}, {"statusCode": 503, "body": "{}"}],
)
def test_a_version_that_cannot_answer_is_told_at_once(answer: dict[str, Any]) -> None:
    (complaint,) = hook.complaints_of(lambda _event: answer, shipped)
    assert complaint.startswith("/v1/health answers")


def test_a_package_that_does_not_answer_as_when_it_was_made_stops_it(tmp_path: Path) -> None:
    for file in SHIPPED_MODEL.iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    golden = json.loads((tmp_path / "golden.json").read_text("utf-8"))
    golden["bare skin"]["probabilities"]["mel"] += 0.1
    (tmp_path / "golden.json").write_text(json.dumps(golden), "utf-8")
    with pytest.raises(VersionUnusable, match="bare skin"):
        hook.complaints_of(door, lambda _version: tmp_path)


@pytest.mark.parametrize(("invoked", "status"), [(door, "Succeeded"), (None, "Failed")])
def test_codedeploy_is_told_whatever_happens(
    monkeypatch: pytest.MonkeyPatch, invoked: hook.Call | None, status: str
) -> None:
    told: list[dict[str, Any]] = []

    class Client:
        def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - AWS's names
            assert FunctionName == "arn:new"
            if invoked is None:
                raise ConnectionError
            return {"Payload": io.BytesIO(json.dumps(invoked(json.loads(Payload))).encode())}

        def put_lifecycle_event_hook_execution_status(self, **given: Any) -> None:
            told.append(given)

    monkeypatch.setattr(boto3, "client", lambda _service: Client())
    monkeypatch.setenv("HOOK_TARGET", "arn:new")
    event = {"DeploymentId": "d", "LifecycleEventHookExecutionId": "e"}
    answered = hook.handler(event, Context())  # type: ignore[arg-type]
    assert told == [{"deploymentId": "d", "lifecycleEventHookExecutionId": "e", "status": status}]
    assert bool(answered["complaints"]) is (status == "Failed")
