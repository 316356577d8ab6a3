"""The Lambda door: once a day, yesterday's sketches against the reference of the model that saw them."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from functions.common import observability
from functions.common.storage import Storage, open_storage, put
from functions.monitoring import ROOM
from functions.monitoring.drift import Drift, compared
from functions.monitoring.settings import MonitoringSettings
from functions.monitoring.sketch import Reference, Sketch, merged, table
from functions.triage.scorer import SHIPPED_MODEL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aws_lambda_powertools.utilities.typing import LambdaContext

REFERENCE = "reference.json"
_MOST_ROWS = 1500


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Compare a day, `event["day"]` or the one before `event["time"]`; write, count and alarm."""
    settings = MonitoringSettings()
    storage = open_storage(settings.root)
    day = _day(event)
    drift = drift_of(storage, day, settings)
    put(storage, f"drift/{day}.json", (drift.model_dump_json(indent=1) + "\n").encode(), "application/json")
    counts = {f"Psi_{found.quantity}": found.statistic for found in drift.comparisons}
    observability.emit(ROOM, {"DriftDetected": float(drift.alarm), "DriftPhotos": drift.photos, **counts})
    started = drift.alarm and _start_retraining(settings, day)
    return {"day": day, "alarm": drift.alarm, "skipped": drift.skipped, "retraining": bool(started)}


def drift_of(storage: Storage, day: str, settings: MonitoringSettings) -> Drift:
    """Compare one day with the reference of the version that saw most of its photos."""
    sketches = list(_sketches(storage, day))
    by_version = Counter[str]()
    for sketch in sketches:
        by_version[sketch.version] += sketch.photos
    if not by_version:
        return Drift(day=day, version="", photos=0, skipped="no photo came")
    version, photos = by_version.most_common(1)[0]
    if photos < settings.least_photos:
        return Drift(day=day, version=version, photos=photos, skipped=f"fewer than {settings.least_photos} photos came")
    reference = _reference(settings, version)
    if reference is None:
        return Drift(day=day, version=version, photos=photos, skipped=f"{version} has no {REFERENCE}")
    random = np.random.default_rng(int(day.replace("-", "")))
    own = [sketch for sketch in sketches if sketch.version == version]
    photos, unsure, rows = merged(own, _MOST_ROWS, random)
    shares = ((unsure, photos), (reference.unsure, reference.photos))
    return Drift(
        day=day,
        version=version,
        photos=photos,
        comparisons=compared(rows, table(reference.rows), shares, random),
    )


def _sketches(storage: Storage, day: str) -> Iterator[Sketch]:
    for path in storage.list(f"sketches/{day}/"):
        content = storage.read(path)
        try:
            yield Sketch.model_validate_json(content.data if content else b"")
        except ValidationError:
            observability.logger(ROOM).warning("a sketch cannot be read", path=path)


def _reference(settings: MonitoringSettings, version: str) -> Reference | None:
    shipped = json.loads((SHIPPED_MODEL / "manifest.json").read_text("utf-8"))["version"]
    try:
        if version == shipped:
            return Reference.model_validate_json((SHIPPED_MODEL / REFERENCE).read_bytes())
        if not settings.registry_root:
            return None
        content = open_storage(settings.registry_root).read(f"versions/{version}/{REFERENCE}")
        return Reference.model_validate_json(content.data if content else b"")
    except FileNotFoundError:
        return None


def _day(event: dict[str, Any]) -> str:
    if "day" in event:
        return dt.date.fromisoformat(event["day"]).isoformat()
    time = dt.datetime.fromisoformat(event["time"]) if "time" in event else dt.datetime.now(dt.UTC)
    return (time - dt.timedelta(days=1)).date().isoformat()


def _start_retraining(settings: MonitoringSettings, day: str) -> bool:
    """Start the retraining once a day at most: an execution's name is used once."""
    if not settings.state_machine_arn:
        return False
    import boto3
    from botocore.exceptions import ClientError

    try:
        boto3.client("stepfunctions").start_execution(
            stateMachineArn=settings.state_machine_arn, name=f"drift-{day}", input=json.dumps({"force": True})
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ExecutionAlreadyExists":
            raise
        return False
    return True
