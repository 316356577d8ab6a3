"""The Lambda door: SageMaker's model registry says approved or rejected, or the state machine promotes.

EventBridge brings "SageMaker Model Package State Change"; the package's metadata name our version. The state machine
sends {"action": "promote", "version": ..., "who": ..., "why": ..., "verdict": ...}. An event that comes twice changes
nothing the second time.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from functions.common import observability
from functions.common.signing import public_key_of
from functions.common.storage import open_storage
from functions.registry import ROOM, moves
from functions.registry.errors import RegistryError
from functions.registry.pointer import read_pointer
from functions.registry.settings import RegistrySettings
from functions.triage.trial import trial  # the one place where the registry meets what its versions are

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from functions.registry.pointer import Pointer

_STATE_CHANGE = "SageMaker Model Package State Change"
_ACTION_OF: dict[str, Literal["promote", "reject"]] = {"Approved": "promote", "Rejected": "reject"}


class Asked(BaseModel):
    """What the state machine sends."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    action: Literal["promote", "reject", "roll-back"]
    version: str | None = None
    who: str = Field(min_length=1)
    why: str = Field(min_length=1)
    verdict: str | None = None


class EventInvalid(RegistryError):
    """An event that is not one of those that this function takes."""


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Move the pointer as an event says; return what answers now."""
    asked = _asked(event)
    settings = RegistrySettings()
    storage = open_storage(settings.root)
    if asked is None:
        found = read_pointer(storage)
        return {"moved": False, "version": found[0].version if found else None}
    with tempfile.TemporaryDirectory() as folder:
        check = trial(storage, public_key_of(settings.public_key), Path(folder))
        pointer = _move(asked, storage, check)
    observability.logger(ROOM).info("moved", action=asked.action, version=pointer.version, sequence=pointer.sequence)
    observability.emit(ROOM, {f"Moved_{asked.action}": 1})
    return {"moved": True, "version": pointer.version, "sequence": pointer.sequence}


def _move(asked: Asked, storage: Any, check: moves.Check) -> Pointer:
    told: dict[str, Any] = {"who": asked.who, "why": asked.why, "now": dt.datetime.now(dt.UTC), "check": check}
    if asked.action == "roll-back":
        return moves.roll_back(storage, asked.version, **told)
    if asked.version is None:
        raise EventInvalid(f"{asked.action} needs a version")
    if asked.action == "reject":
        return moves.reject(storage, asked.version, **told)
    return moves.promote(storage, asked.version, verdict=asked.verdict, **told)


def _asked(event: dict[str, Any]) -> Asked | None:
    """Return what an event asks for; None where its status is neither approved nor rejected."""
    try:
        if event.get("detail-type") != _STATE_CHANGE:
            return Asked.model_validate(event)
        detail = event["detail"]
        action = _ACTION_OF.get(detail["ModelApprovalStatus"])
        if action is None:
            return None
        metadata = detail.get("CustomerMetadataProperties") or {}
        return Asked(
            action=action,
            version=metadata["version"],
            who="SageMaker Model Registry",
            why=f"{detail['ModelApprovalStatus']}: {detail.get('ApprovalDescription') or detail['ModelPackageArn']}"[
                :500
            ],
            verdict=metadata.get("verdict"),
        )
    except (KeyError, ValidationError) as error:
        raise EventInvalid(f"the event is none that the registry takes: {error}") from error
