"""The Lambda door: SageMaker's model registry says approved or rejected, or the state machine promotes.

EventBridge brings "SageMaker Model Package State Change"; the package's metadata name our version. The state machine
sends {"action": "promote", "version": ..., "who": ..., "why": ..., "verdict": ...}. An event that comes twice changes
nothing the second time, however late: SageMaker may send several for one change, and sends one whenever a package that
was approved long ago is edited. So an approval promotes a version once; to let one answer again that was moved away
from is left to a person (`python -m functions registry promote`).
"""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from functions.common import observability
from functions.common.signing import KeyUnusable, public_key_of
from functions.common.storage import open_storage
from functions.registry import ROOM, moves
from functions.registry.errors import EventInvalid, RegistryError
from functions.registry.pointer import SHIPPED, ledger, read_pointer
from functions.registry.settings import RegistrySettings
from functions.triage.trial import trial  # the one place where the registry meets what its versions are

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from functions.common.storage import Storage
    from functions.registry.pointer import Pointer

_STATE_CHANGE = "SageMaker Model Package State Change"
_ACTION_OF: dict[str, Literal["promote", "reject"]] = {"Approved": "promote", "Rejected": "reject"}
_LONGEST_WHY = 500
_COUNTED_AS = {"promote": "VersionPromoted", "reject": "VersionRejected", "roll-back": "VersionRolledBack"}


class Asked(BaseModel):
    """What the state machine sends."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    action: Literal["promote", "reject", "roll-back"]
    # Named for roll-backs too: one that says "the last" would go back twice when it comes twice.
    version: str = Field(min_length=1)
    who: str = Field(min_length=1)
    why: str = Field(min_length=1)
    verdict: str | None = None


class Answering(BaseModel):
    """What an event led to."""

    model_config = ConfigDict(frozen=True)

    moved: bool = Field(description="Whether this event wrote an entry into the ledger.")
    version: str = Field(description="What answers now; `shipped`: the model in the image.")
    sequence: int = Field(ge=0, description="How many entries the ledger has.")


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Move the pointer as an event says; return what answers now, as `Answering` has it.

    Raises:
        EventInvalid: when the event is none that is taken.
        RegistryError: when the move is refused; `MoveLost` is worth another try.
        KeyUnusable: when the public key of the settings is none.
        OSError: when something cannot be read or written just now.

    """
    try:
        return _answered(event).model_dump()
    except (RegistryError, KeyUnusable, OSError) as error:
        observability.logger(ROOM).error("not moved", kind=type(error).__name__, reason=str(error))
        observability.emit(ROOM, {"MoveRefused": 1})
        raise


def _answered(event: dict[str, Any]) -> Answering:
    is_state_change = event.get("detail-type") == _STATE_CHANGE
    asked = _asked_by_sagemaker(event) if is_state_change else _asked_directly(event)
    settings = RegistrySettings()
    storage = open_storage(settings.root)
    if asked is None or (is_state_change and asked.action == "promote" and _was_promoted(storage, asked.version)):
        found = read_pointer(storage)
        version, sequence = (found[0].version, found[0].sequence) if found else (SHIPPED, 0)
        observability.logger(ROOM).info("nothing to move", version=version, sequence=sequence)
        return Answering(moved=False, version=version, sequence=sequence)
    now = dt.datetime.now(dt.UTC)
    with tempfile.TemporaryDirectory() as folder:
        pointer = _move(asked, storage, now, trial(storage, public_key_of(settings.public_key), Path(folder)))
    entry = pointer.entry
    moved = entry.at >= now and (entry.action, entry.who, entry.why) == (asked.action, asked.who, asked.why)
    if moved:
        observability.logger(ROOM).info(
            "moved", action=asked.action, version=pointer.version, sequence=pointer.sequence
        )
        observability.emit(ROOM, {_COUNTED_AS[asked.action]: 1})
    return Answering(moved=moved, version=pointer.version, sequence=pointer.sequence)


def _move(asked: Asked, storage: Storage, now: dt.datetime, check: moves.Check) -> Pointer:
    told: dict[str, Any] = {"who": asked.who, "why": asked.why, "now": now, "check": check}
    if asked.action == "roll-back":
        return moves.roll_back(storage, asked.version, **told)
    if asked.action == "reject":
        return moves.reject(storage, asked.version, **told)
    return moves.promote(storage, asked.version, verdict=asked.verdict, **told)


def _was_promoted(storage: Storage, version: str) -> bool:
    return any(entry.action == "promote" and entry.version == version for entry in ledger(storage))


def _asked_directly(event: dict[str, Any]) -> Asked:
    try:
        return Asked.model_validate(event)
    except ValidationError as error:
        raise _invalid(error) from error


def _asked_by_sagemaker(event: dict[str, Any]) -> Asked | None:
    """Return what a change of a package's status asks for; None where that is neither approved nor rejected."""
    try:
        detail = event["detail"]
        arn = detail["ModelPackageArn"]
        action = _ACTION_OF.get(detail["ModelApprovalStatus"])
    except (KeyError, TypeError) as error:
        raise EventInvalid(f"the event of SageMaker's registry lacks {error}") from error
    if action is None:
        return None
    # AWS documents no such field of the event; the package itself has it always.
    metadata = detail.get("CustomerMetadataProperties") or _metadata_of(arn)
    if "version" not in metadata:
        raise EventInvalid(f"{arn} names no version: its CustomerMetadataProperties need one")
    try:
        return Asked(
            action=action,
            version=metadata["version"],
            who="SageMaker Model Registry",
            why=f"{detail['ModelApprovalStatus']}: {detail.get('ApprovalDescription') or arn}"[:_LONGEST_WHY],
            verdict=metadata.get("verdict"),
        )
    except ValidationError as error:
        raise _invalid(error) from error


def _metadata_of(arn: str) -> dict[str, str]:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        package = boto3.client("sagemaker").describe_model_package(ModelPackageName=arn)
    except (BotoCoreError, ClientError) as error:
        raise OSError(f"{arn} cannot be looked up: {error}") from error
    metadata: dict[str, str] = package.get("CustomerMetadataProperties", {})
    return metadata


def _invalid(error: ValidationError) -> EventInvalid:
    complaints = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
    return EventInvalid(f"the event is none that the registry takes: {complaints}")
