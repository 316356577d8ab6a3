"""The Lambda door that CodeDeploy calls before a new version of triage answers anybody.

The drawn photos go through the new version's own door, as API Gateway would send them; its answers must be those of
the same model loaded here, whose own answers to these photos are held against its `golden.json` first. CodeDeploy is
told in any case: of a complaint, and of an error, the old version goes on answering.
"""

from __future__ import annotations

import base64
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from functions.common import observability
from functions.common.gateway import rest_event
from functions.common.signing import public_key_of
from functions.common.storage import open_storage
from functions.registry.versions import fetch
from functions.triage import ROOM
from functions.triage.answer import answer_photo
from functions.triage.golden import drawn_photos
from functions.triage.scorer import SHIPPED_MODEL
from functions.triage.trial import checked_scorer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from functions.triage.scorer import Scorer

# Numbers of the two may differ as other processors add up in another order.
_TOLERANCE = 2e-3
_HTTP_OK = 200


class HookSettings(BaseSettings):
    """Settings of the hook, read once, at the door."""

    model_config = SettingsConfigDict(env_prefix="HOOK_", frozen=True)

    target: str = Field(description="ARN of the new version.")
    registry_root: str = Field("", description="The registry that it follows: s3://bucket/prefix; empty: none.")
    registry_public_key: str = Field("", description="Of the key that signs versions: PEM, or the path of its file.")


class Call(Protocol):
    """Sends one event of API Gateway to the new version, and returns its answer."""

    def __call__(self, event: Mapping[str, Any], /) -> Mapping[str, Any]: ...  # noqa: D102


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Try the new version, and tell CodeDeploy `Succeeded` or `Failed`; return the complaints."""
    import boto3

    settings = HookSettings()
    try:
        with tempfile.TemporaryDirectory() as folder:
            complaints = complaints_of(_caller(settings.target), _packages(settings, Path(folder)))
    except Exception as error:  # whatever it is, CodeDeploy must not wait an hour for an answer
        observability.logger(ROOM).exception("the new version could not be tried")
        complaints = [f"it could not be tried: {type(error).__name__}"]
    for complaint in complaints:
        observability.logger(ROOM).error("the new version was found wanting", complaint=complaint)
    boto3.client("codedeploy").put_lifecycle_event_hook_execution_status(
        deploymentId=event["DeploymentId"],
        lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
        status="Failed" if complaints else "Succeeded",
    )
    return {"target": settings.target, "complaints": complaints}


def complaints_of(call: Call, package_of: Callable[[str], Path]) -> list[str]:
    """Return one sentence for each answer of the new version that is not as it should be.

    Args:
        call: sends it an event.
        package_of: returns the folder of a model version's package, by name.

    Raises:
        VersionUnusable: when the package does not answer as when it was made.

    """
    health = call(_event("GET", "/v1/health"))
    if health.get("statusCode") != _HTTP_OK:
        return [f"/v1/health answers {health.get('statusCode')}: {_told(health)}"]
    version = json.loads(_text(health))["model"]["version"]
    scorer = checked_scorer(package_of(version))
    complaints = []
    for name, photo in drawn_photos().items():
        answer = call(_event("POST", "/v1/predictions", photo))
        if answer.get("statusCode") != _HTTP_OK:
            complaints.append(f"{name}: {answer.get('statusCode')}: {_told(answer)}")
            continue
        found = json.loads(_text(answer))
        if found["model"]["version"] != version:
            complaints.append(f"{name}: answered by {found['model']['version']}, and /v1/health by {version}")
            continue
        complaints += [f"{name}: {difference}" for difference in _differences(_expected(photo, scorer), found)]
    return complaints


def _expected(photo: bytes, scorer: Scorer) -> dict[str, Any]:
    prediction, _ = answer_photo(photo, scorer, prediction_id="", request_id="")
    expected: dict[str, Any] = json.loads(prediction.model_dump_json())
    return expected


def _differences(expected: Any, found: Any, where: str = "") -> list[str]:
    """Return where two answers differ, by more than rounding; their ids may."""
    if where in {".prediction_id", ".request_id"}:
        return []
    if isinstance(expected, dict) and isinstance(found, dict) and expected.keys() == found.keys():
        return [line for key in expected for line in _differences(expected[key], found[key], f"{where}.{key}")]
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = enumerate(zip(expected, found, strict=True))
        return [line for number, (a, b) in pairs for line in _differences(a, b, f"{where}.{number}")]
    if isinstance(expected, float) and isinstance(found, int | float):
        same = abs(expected - found) <= _TOLERANCE * max(1.0, abs(expected))
    else:
        same = expected == found
    return [] if same else [f"{where.lstrip('.')} is {found!r}, expected {expected!r}"]


def _packages(settings: HookSettings, into: Path) -> Callable[[str], Path]:
    def package_of(version: str) -> Path:
        shipped = json.loads((SHIPPED_MODEL / "manifest.json").read_text("utf-8"))["version"]
        if version == shipped or not settings.registry_root:
            return SHIPPED_MODEL
        registry = open_storage(settings.registry_root)
        return fetch(registry, version, into, public_key_of(settings.registry_public_key))

    return package_of


def _caller(target: str) -> Call:
    import boto3

    client = boto3.client("lambda")

    def call(event: Mapping[str, Any], /) -> Mapping[str, Any]:
        answer: dict[str, Any] = json.loads(
            client.invoke(FunctionName=target, Payload=json.dumps(event).encode())["Payload"].read()
        )
        return answer

    return call


def _event(method: str, path: str, photo: bytes = b"") -> dict[str, Any]:
    return rest_event(method, path, photo, {"Host": ["hook"], **({"Content-Type": ["image/png"]} if photo else {})})


def _text(answer: Mapping[str, Any]) -> str:
    body = str(answer["body"])
    return base64.b64decode(body).decode() if answer.get("isBase64Encoded") else body


def _told(answer: Mapping[str, Any]) -> str:
    """Return what an answer says of its failure: a problem of ours, or Lambda's own words."""
    return str(answer.get("body") or answer.get("errorMessage") or "nothing")[:300]
