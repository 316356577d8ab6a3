"""From registries' files as they were put into a bucket to the series that are forecast, and a report on every file."""

from __future__ import annotations

import hashlib
import json
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from forecasting.documents import rows_by_series
from forecasting.errors import PublicationRefused, RefreshImpossible
from forecasting.ingest import ingest
from forecasting.panel import SHIPPED
from forecasting.publish import read_sources
from forecasting.refresh_run import (
    FILES,
    LAST,
    SOURCES,
    FileReport,
    Item,
    Last,
    Plan,
    plan_path,
    report_path,
    rows_path,
    work_path,
)
from forecasting.result import LeftOut
from forecasting.selection import selected
from forecasting.table import write_counts
from functions.common.storage import put, read_if_there
from functions.forecasts.publication import LeftOutSeries

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from forecasting.ingest import Ingested
    from forecasting.refresh_run import RefreshSettings
    from forecasting.table import Series
    from functions.common.storage import Content, Storage
    from functions.forecasts.publication import Source


def plan(registries: Storage, run: str, settings: RefreshSettings, *, created: datetime, force: bool) -> Plan | str:
    """Read all files, set aside what is not understood, and write the work list.

    Args:
        registries: where the files lie.
        run: names the refresh.
        settings: of the refresh.
        created: when the forecasts are made.
        force: go on also where nothing has come.

    Returns:
        The plan, or, where there is no file or nothing came since the last publication, a sentence that says so.

    Raises:
        RefreshImpossible: no series can be forecast, or nothing says where figures come from.

    """
    if begun := read_if_there(registries, plan_path(run)):  # by an attempt whose answer was lost
        return Plan.model_validate_json(begun.data)
    files = {path: _data(registries.read(path)) for path in registries.list(FILES) if not path.endswith("/")}
    if not files:
        return f"There is no file below {FILES}. Put registries' files there, as they publish them."
    sums = {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}
    listed = _sources(registries)
    content = read_if_there(registries, LAST)
    last = Last.model_validate_json(content.data) if content else None
    if last and last.inputs_sha256 == _digest(sums, listed) and not force:
        return f"Nothing came since {last.version} was published: the same {len(files)} files."
    with tempfile.TemporaryDirectory() as folder:
        known = _known(Path(folder), listed)
        paths = _written(Path(folder), files)
        found = ingest(list(paths), lambda _line: None, lambda _title, _total: nullcontext(lambda _done: None))
        reports = [*_reports(found, paths, sums, run), *_set_aside_before(registries, run, files)]
    # First it is told, then it is moved: of an attempt that dies between the two, the next one knows.
    put(registries, report_path(run), json.dumps([one.model_dump() for one in reports], indent=1).encode())
    _set_aside(registries, reports, files)
    series, left_out = _licensed(*selected(found.table), known)
    if not series:
        reasons = "; ".join(f"{one.series_id}: {one.reason}" for one in left_out[:5]) or "no file has skin cancer"
        raise RefreshImpossible(f"No series can be forecast. {reasons}. {report_path(run)} tells of each file.")
    # What was set aside is not there the next time.
    digest = _digest({one.path: one.sha256 for one in reports if not one.set_aside}, listed)
    rows = rows_by_series(found.table)
    with tempfile.TemporaryDirectory() as folder:
        for number, one in enumerate(series, start=1):
            write_counts(rows[one.series_id], Path(folder) / "rows.parquet")
            put(registries, rows_path(run, number), (Path(folder) / "rows.parquet").read_bytes())
    work = [Item(run=run, number=number).model_dump() for number in range(1, len(series) + 1)]
    made = Plan(
        run=run,
        version=f"{created:%Y%m%dT%H%M%SZ}-{hashlib.sha256(f'{digest} {run}'.encode()).hexdigest()[:8]}",
        created=created,
        inputs_sha256=digest,
        horizon=settings.horizon,
        tolerated_failure_percentage=settings.tolerated_failure_percentage,
        series=tuple(one.series_id for one in series),
        sources=tuple(known[name] for name in sorted({one.source for one in series})),
        left_out=tuple(LeftOutSeries(series_id=one.series_id, reason=one.reason) for one in left_out),
        set_aside=tuple(one.set_aside for one in reports if one.set_aside),
        replaced=found.replaced,
    )
    put(registries, work_path(run), json.dumps(work).encode())
    registries.create(plan_path(run), made.model_dump_json(indent=1).encode(), "application/json")
    return made


def _sources(registries: Storage) -> bytes:
    content = read_if_there(registries, SOURCES)
    if content is None:
        raise RefreshImpossible(
            f"There is no {SOURCES} beside {FILES}: it says who publishes each source and under which licence, as "
            "forecasting/samples/sources.json does."
        )
    return content.data


def _data(content: Content | None) -> bytes:
    return content.data if content else b""


def _known(folder: Path, listed: bytes) -> dict[str, Source]:
    path = folder / SOURCES
    path.write_bytes(listed)
    try:
        return {name: one for name, one in read_sources(path).items() if one.licence.strip()}
    except PublicationRefused as error:
        raise RefreshImpossible(str(error).replace(str(path), SOURCES)) from error


def _digest(sums: Mapping[str, str], listed: bytes) -> str:
    """Return what tells two refreshes' inputs apart: the files, their sources, and the constants learned elsewhere."""
    total = hashlib.sha256(hashlib.sha256(listed).digest() + hashlib.sha256(SHIPPED.read_bytes()).digest())
    for path, digest in sorted(sums.items()):
        total.update(f"{path}\0{digest}\n".encode())
    return total.hexdigest()


def _written(folder: Path, files: Mapping[str, bytes]) -> dict[Path, str]:
    """Write the files to a disk, each in a folder of its own so that it keeps its name; return their paths in S3."""
    paths = {}
    for number, (path, data) in enumerate(sorted(files.items())):
        own = folder / f"{number:05d}" / Path(path).name
        own.parent.mkdir()
        own.write_bytes(data)
        paths[own] = path
    return paths


def _reports(found: Ingested, paths: Mapping[Path, str], sums: Mapping[str, str], run: str) -> list[FileReport]:
    read = {one.path: one.reading for one in found.files}
    why = {path: line for path in paths for line in found.not_understood if str(path) in line}
    reports = []
    for own, path in paths.items():
        reading = read.get(own)
        complaints = [str(one) for one in reading.complaints] if reading else [why.get(own, "it cannot be read")]
        reports.append(
            FileReport(
                path=path,
                sha256=sums[path],
                layout=reading.layout if reading else "",
                rows=len(reading.table) if reading else 0,
                complaints=tuple(line.replace(str(own), path) for line in complaints),
                set_aside="" if reading else f"set-aside/{run}/{path.removeprefix(FILES)}",
            )
        )
    return reports


def _set_aside(registries: Storage, reports: list[FileReport], files: Mapping[str, bytes]) -> None:
    """Move what was not understood, so that it is told of once; it is written before it is removed."""
    for one in reports:
        if one.set_aside and one.path in files:
            registries.create(one.set_aside, files[one.path])
            registries.create(f"{one.set_aside}.why.txt", "\n".join(one.complaints).encode(), "text/plain")
            registries.delete(one.path)


def _set_aside_before(registries: Storage, run: str, files: Mapping[str, bytes]) -> list[FileReport]:
    """Return what an earlier attempt of this run set aside, and so is among the files no more."""
    content = read_if_there(registries, report_path(run))
    told = [FileReport.model_validate(one) for one in json.loads(content.data)] if content else []
    return [one for one in told if one.set_aside and one.path not in files]


def _licensed(
    series: list[Series], left_out: list[LeftOut], known: Mapping[str, Source]
) -> tuple[list[Series], list[LeftOut]]:
    """Return the series that may be published, and all others with the reason."""
    without = [
        LeftOut(one.series_id, f"{SOURCES} states no licence of the source {one.source!r}")
        for one in series
        if one.source not in known
    ]
    return [one for one in series if one.source in known], [*left_out, *without]
