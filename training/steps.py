"""The Lambda doors of the state machine `infra/retraining.asl.json` on the training image: plan, judge, register.

What passes between the states is small: names and S3 addresses. Everything large lies below `runs/<run>/` of the
training bucket. Each step can be tried again: it finds what an earlier try has done.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import tarfile
import tempfile
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from functions.common.signing import public_key_of, signer_of
from functions.common.storage import bucket_and_prefix, open_storage, put
from functions.registry.pointer import SHIPPED, read_pointer
from functions.registry.versions import fetch, publish
from functions.triage.scorer import SHIPPED_MODEL
from training.deliveries import open_training, take_in
from training.errors import StorageFailed
from training.gate_run import CHAMPION_SCORES, PAGE, VERDICT, run_gate
from training.snapshots import freeze, materialise, read_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from functions.common.storage import Storage

# What a SageMaker training job's name may hold, and how long it may be (API reference, "CreateTrainingJob").
_JOB_NAME_LENGTH = 63
_MANIFEST = "manifest.json"
_MEDIA_TYPES = {".json": "application/json", ".html": "text/html; charset=utf-8", ".csv": "text/csv"}


class StepsSettings(BaseSettings):
    """Settings of the steps, read once, at the door."""

    model_config = SettingsConfigDict(env_prefix="RETRAINING_", frozen=True)

    root: str = Field(description="The training bucket: s3://bucket, where deliveries, snapshots and runs lie.")
    registry_root: str = Field(description="The model registry: s3://bucket/prefix.")
    public_key: str = Field(description="Of the key that signs versions: PEM, or the path of its file.")
    signing_key: str = Field(description="What signs versions: kms:<ARN or alias>, or the path of a key in PEM.")
    least_new_photos: int = Field(500, ge=1, description="Fewer new photos since the champion start no training.")
    hyperparameters: dict[str, str] = Field({}, description="Of the training job, as JSON.")
    package_group: str = Field("dermacast", description="SageMaker's model package group.")
    approval: str = Field(
        "PendingManualApproval",
        pattern="^(PendingManualApproval|Approved)$",
        description="What an accepted candidate is at once: Approved promotes it, else a person does.",
    )


def plan(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Take in deliveries, freeze a snapshot, and say whether it is worth a training; return what the job needs."""
    settings = _settings()
    storage = open_training(settings.root)
    run, now = str(event["run"]), dt.datetime.now(dt.UTC)
    intake = take_in(storage, now=now, bar=_no_bar)
    champion, package_snapshot = _champion_snapshot(settings)
    snapshot = freeze(storage, now=now, champion=package_snapshot)
    is_forced = bool((event.get("asked") or {}).get("force"))
    enough = is_forced or snapshot.new_photos >= settings.least_new_photos
    reason = (
        f"{snapshot.new_photos:,} new photos since {champion}; a training starts from "
        f"{settings.least_new_photos:,} on. Taken in now: {len(intake.reports)} deliveries."
    )
    below = f"runs/{run}"
    folds = "/".join(",".join(map(str, snapshot.folds[part])) for part in ("train", "choose", "test"))
    planned = {
        "run": run,
        "job": f"dermacast-{run}"[:_JOB_NAME_LENGTH].rstrip("-"),
        "enough": enough,
        "reason": reason,
        "snapshot": snapshot.id,
        "champion": champion,
        "photos": _address(storage, f"snapshots/{snapshot.id}/photos.manifest"),
        "manifest": _address(storage, f"snapshots/{snapshot.id}/"),
        "output": _address(storage, f"{below}/output"),
        "checkpoints": _address(storage, f"{below}/checkpoints"),
        "hyperparameters": {"folds": folds, **settings.hyperparameters},
    }
    _put(storage, f"{below}/plan.json", (json.dumps(planned, indent=1) + "\n").encode())
    return planned


def judge(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Judge the trained candidate against the champion; keep the verdict, whatever it is, and return where it lies."""
    settings = _settings()
    storage = open_training(settings.root)
    below = f"runs/{event['run']}"
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        candidate = _unpacked(str(event["model"]), work / "candidate")
        champion = _champion_package(settings, work / "champion")
        test = read_snapshot(storage, str(event["snapshot"])).facts.folds["test"]
        data = materialise(storage, str(event["snapshot"]), work / "data", _no_bar, only=test)
        verdict = run_gate(champion, candidate, data, work / "out", now=dt.datetime.now(dt.UTC), bar=_no_bar)
        for file in sorted((work / "out").iterdir()):
            _put(storage, f"{below}/{file.name}", file.read_bytes())
    return {
        "accepted": verdict.accepted,
        "candidate": verdict.facts.candidate.version,
        "champion": verdict.facts.champion.version,
        "verdict": _address(storage, f"{below}/{VERDICT}"),
        "page": _address(storage, f"{below}/{PAGE}"),
        "scores": _address(storage, f"{below}/{CHAMPION_SCORES}"),
        "words": verdict.sentence,
    }


def register(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Sign the candidate, write it into the registry, and tell SageMaker's model registry of it."""
    import boto3

    settings = _settings()
    with tempfile.TemporaryDirectory() as folder:
        package = _unpacked(str(event["model"]), Path(folder))
        version = publish(open_storage(settings.registry_root), package, signer_of(settings.signing_key))
    created = boto3.client("sagemaker").create_model_package(
        ModelPackageGroupName=settings.package_group,
        ModelPackageDescription=f"{version}, from the snapshot {event['snapshot']}",
        ModelApprovalStatus=settings.approval,
        CustomerMetadataProperties={
            "version": version,
            "verdict": str(event["verdict"]),
            "snapshot": str(event["snapshot"]),
        },
        ClientToken=str(event["run"])[:36],
    )
    return {
        "version": version,
        "approved": settings.approval == "Approved",
        "package": created["ModelPackageArn"],
    }


@lru_cache
def _settings() -> StepsSettings:
    return StepsSettings()


def _champion_snapshot(settings: StepsSettings) -> tuple[str, str]:
    """Return the champion's version, and the hash of the snapshot that it learned from."""
    found = read_pointer(open_storage(settings.registry_root))
    if found is None or found[0].version == SHIPPED:
        shipped = json.loads((SHIPPED_MODEL / _MANIFEST).read_text("utf-8"))
        return str(shipped["version"]), str(shipped["snapshot_sha256"])
    from functions.registry.versions import manifest

    version = found[0].version
    return version, manifest(open_storage(settings.registry_root), version)[0].snapshot_sha256


def _champion_package(settings: StepsSettings, into: Path) -> Path:
    registry = open_storage(settings.registry_root)
    found = read_pointer(registry)
    if found is None or found[0].version == SHIPPED:
        return SHIPPED_MODEL
    return fetch(registry, found[0].version, into, public_key_of(settings.public_key))


def _unpacked(address: str, into: Path) -> Path:
    """Return the folder of a model that SageMaker packed as model.tar.gz."""
    parts = bucket_and_prefix(address)
    if parts is None:
        raise StorageFailed(f"{address} is not an address of S3")
    bucket, key = parts[0], parts[1].rstrip("/")
    try:
        content = open_storage(f"s3://{bucket}").read(key)
    except OSError as error:
        raise StorageFailed(f"{address}: {error}") from error
    into.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(content.data if content else b""), mode="r:gz") as packed:
        packed.extractall(into, filter="data")
    return into


def _address(storage: Storage, path: str) -> str:
    bucket, prefix = getattr(storage, "bucket", ""), getattr(storage, "prefix", "")
    return f"s3://{bucket}/{prefix}{path}"


def _put(storage: Storage, path: str, data: bytes) -> None:
    """Write a file in the place of an earlier try's."""
    put(storage, path, data, _MEDIA_TYPES.get(Path(path).suffix, "application/octet-stream"))


@contextmanager
def _no_bar(_title: str, _total: int) -> Iterator[Callable[[int], None]]:
    yield lambda _done: None
