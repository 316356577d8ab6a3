"""The Lambda doors of the state machine `infra/forecasting.asl.json`: plan a refresh, forecast a series, publish."""

from __future__ import annotations

import datetime as dt
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecasting.errors import ForecastingError, RefreshImpossible
from forecasting.panel import read_panel
from forecasting.project import jobs, project
from forecasting.publish import opened, show, write_series
from forecasting.refresh_plan import plan as planned
from forecasting.refresh_run import (
    LAST,
    Asked,
    Done,
    Item,
    Last,
    Plan,
    RefreshSettings,
    done_path,
    plan_path,
    report_path,
    rows_path,
)
from forecasting.selection import selected
from forecasting.table import read_counts
from functions.common.storage import open_storage, put, read_if_there
from functions.forecasts.publication import LeftOutSeries, Pointer

if TYPE_CHECKING:
    from functions.common.storage import Storage


def plan(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Read the files and write the work list; return whether a refresh is due, and its size or the reason."""
    settings = _settings()
    asked = Asked.model_validate(event["asked"])
    created = dt.datetime.now(dt.UTC).replace(microsecond=0)
    found = planned(_registries(), event["run"], settings, created=created, force=asked.force)
    if isinstance(found, str):
        return {"due": False, "reason": found}
    return {
        "due": True,
        "run": found.run,
        "series": len(found.series),
        "set_aside": len(found.set_aside),
        "max_concurrency": settings.max_concurrency,
        "tolerated_failure_percentage": settings.tolerated_failure_percentage,
    }


def forecast(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Forecast one series of the work list, and write its files; what is done stays done."""
    item = Item.model_validate(event)
    registries, path = _registries(), done_path(item.run, item.number)
    if _content(registries, path) is None:
        made = _forecast(item, _plan(registries, item.run), registries)
        registries.create(path, made.model_dump_json().encode(), "application/json")
    return item.model_dump()


def publish(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Show the new version, unless too many series were lost on the way; return what it holds.

    Raises:
        RefreshImpossible: too many series were lost, or none could be forecast; what was shown before still is.
        PublicationRefused: another publisher was faster.

    """
    registries = _registries()
    made = _plan(registries, event["run"])
    numbers = range(1, len(made.series) + 1)
    texts = [_content(registries, done_path(made.run, number)) for number in numbers]
    done = [Done.model_validate_json(text) for text in texts if text is not None]
    lost = len(texts) - len(done)
    if 100 * lost > made.tolerated_failure_percentage * len(texts):
        most = f"at most {made.tolerated_failure_percentage:g} % may be so"
        raise RefreshImpossible(f"{lost:,} of {len(texts):,} series failed at each attempt; {most}. Nothing is shown.")
    entries = [one.entry for one in done if one.entry]
    if not entries:
        raise RefreshImpossible(f"None of {len(texts):,} series could be forecast. Nothing is shown.")
    names = (name for name, text in zip(made.series, texts, strict=True) if text is None)
    left_out = [
        *made.left_out,
        *(one.left_out for one in done if one.left_out),
        *(LeftOutSeries(series_id=name, reason="the program failed at each attempt") for name in names),
    ]
    storage, before = opened(_settings().publications)
    if before is None or Pointer.model_validate_json(before.data).version != made.version:  # else by an earlier attempt
        show(
            entries,
            left_out,
            version=made.version,
            created=made.created,
            storage=storage,
            before=before,
            again=True,
        )
    # A publication that nobody remembers is only made again.
    last = Last(version=made.version, inputs_sha256=made.inputs_sha256)
    put(registries, LAST, last.model_dump_json().encode(), "application/json")
    return {
        "version": made.version,
        "series": len(entries),
        "left_out": len(left_out),
        "set_aside": list(made.set_aside),
        "report": report_path(made.run),
    }


def _forecast(item: Item, made: Plan, registries: Storage) -> Done:
    content = registries.read(rows_path(item.run, item.number))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        path.write_bytes(content.data if content else b"")
        rows = read_counts(path)
    (series,), _ = selected(rows)
    try:
        (job,) = jobs([series], read_panel(), made.horizon)
        found = project(job)
    except ForecastingError as error:
        return Done(left_out=LeftOutSeries(series_id=series.series_id, reason=str(error)))
    storage = open_storage(_settings().publications)
    source = next(one for one in made.sources if one.source == series.source)
    written = write_series(found, rows, source, version=made.version, created=made.created, storage=storage, again=True)
    return Done(entry=written)


def _plan(registries: Storage, run: str) -> Plan:
    text = _content(registries, plan_path(run))
    if text is None:
        raise RefreshImpossible(f"{plan_path(run)} is not there; a refresh begins with its plan")
    return Plan.model_validate_json(text)


def _content(storage: Storage, path: str) -> bytes | None:
    content = read_if_there(storage, path)
    return content.data if content else None


@lru_cache
def _settings() -> RefreshSettings:
    return RefreshSettings()


def _registries() -> Storage:
    return open_storage(_settings().root)


__all__ = ["forecast", "plan", "publish"]
