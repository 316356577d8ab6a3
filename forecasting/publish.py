"""Publishes finished forecasts, in a folder or below an address of S3: whole or not at all.

Everything is written under a new version, its manifest last; only then the pointer is moved, on condition that
nobody has moved it since this publication began. Who comes second is told, and what was shown before stays.
What an interrupted publication leaves behind has no manifest and is never read.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from pydantic import ValidationError

from forecasting.documents import documented, files_of, rows_by_series, version_of
from forecasting.errors import PublicationRefused, PublicationUnreachable
from functions.common.storage import open_storage, read_if_there
from functions.forecasts.publication import (
    MANIFEST,
    MEDIA_TYPES,
    POINTER,
    FileFormat,
    LeftOutSeries,
    Manifest,
    Pointer,
    PublishedFile,
    SeriesEntry,
    Source,
    file_name,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    import pandas as pd

    from forecasting.result import LeftOut, SeriesForecast
    from functions.common.storage import Content, Storage
    from functions.forecasts.publication import SeriesDocument


def publish(
    forecasts: Sequence[SeriesForecast],
    root: str,
    sources: Mapping[str, Source],
    *,
    created: datetime,
    table: pd.DataFrame | None = None,
    left_out: Iterable[LeftOut] = (),
    storage: Storage | None = None,
    done: Callable[[int], None] = lambda _: None,
) -> Manifest:
    """Publish forecasts as a new version, and show it.

    Args:
        forecasts: each series once.
        root: a folder, or an address such as s3://bucket/prefix.
        sources: by the series' `source`; what has none cannot be published, as nobody could say under which licence.
        created: when the forecasts were made.
        table: the counts that they were made from; published rates and cases by age are taken from it.
        left_out: series that were not forecast.
        storage: where to read and write instead of `root`.
        done: told how many series are written.

    Raises:
        PublicationRefused: nothing to publish, a series twice, a source without a licence, or another publisher was
            faster; what was shown before still is.

    """
    _refuse(forecasts, sources)
    storage, before = opened(root, storage)
    version = version_of(forecasts, created)
    rows = {} if table is None else rows_by_series(table)
    entries = []
    for count, forecast in enumerate(sorted(forecasts, key=lambda one: one.series.series_id), start=1):
        source = sources[forecast.series.source]
        own = rows.get(forecast.series.series_id)
        entries.append(write_series(forecast, own, source, version=version, created=created, storage=storage))
        done(count)
    told = [LeftOutSeries(series_id=one.series_id, reason=one.reason) for one in left_out]
    return show(entries, told, version=version, created=created, storage=storage, before=before)


def opened(root: str, storage: Storage | None = None) -> tuple[Storage, Content | None]:
    """Return where publications lie, and the pointer to what is shown; None where nothing is yet.

    Raises:
        PublicationRefused: it cannot be reached.

    """
    try:
        storage = storage or open_storage(root)
        return storage, read_if_there(storage, POINTER)
    except OSError as error:
        raise PublicationUnreachable(f"{root}: {error}") from error
    except ValueError as error:
        raise PublicationRefused(f"{root}: {error}") from error


def write_series(
    forecast: SeriesForecast,
    rows: pd.DataFrame | None,
    source: Source,
    *,
    version: str,
    created: datetime,
    storage: Storage,
    again: bool = False,
) -> SeriesEntry:
    """Write the files of a series under a version that is not shown yet.

    Args:
        forecast: of one series.
        rows: its own of the counts table.
        source: of the series.
        version: of the publication.
        created: when the forecast was made.
        storage: where publications lie.
        again: this may have been tried before: what is there already must be the same.

    Raises:
        PublicationRefused: a file cannot be written, or is there already.

    """
    found, document = documented(forecast, rows, source, version=version, as_of=created)
    return _written(document, files_of(document, found), version, storage, again=again)


def show(
    entries: Sequence[SeriesEntry],
    left_out: Iterable[LeftOutSeries],
    *,
    version: str,
    created: datetime,
    storage: Storage,
    before: Content | None,
    again: bool = False,
) -> Manifest:
    """Write the manifest of a version whose series are written, and move the pointer to it.

    Args:
        entries: of every series.
        left_out: series that were not forecast.
        version: of the publication.
        created: when the forecasts were made.
        storage: where publications lie.
        before: the pointer when this publication began.
        again: this may have been tried before: a manifest that is there already stands.

    Raises:
        PublicationRefused: another publisher was faster; what was shown before still is.

    """
    manifest = Manifest(
        version=version,
        created=created,
        series=tuple(sorted(entries, key=lambda one: one.series_id)),
        left_out=tuple(left_out),
    )
    data = (manifest.model_dump_json() + "\n").encode()
    if again and (earlier := read_if_there(storage, f"{version}/{MANIFEST}")) is not None:
        manifest, data = Manifest.model_validate_json(earlier.data), earlier.data
    else:
        _create(storage, f"{version}/{MANIFEST}", data, MEDIA_TYPES["json"], again=False)
    pointer = Pointer(
        version=version,
        manifest_sha256=hashlib.sha256(data).hexdigest(),
        since=created,
        previous=Pointer.model_validate_json(before.data).version if before else None,
    )
    if not _moved(storage, (pointer.model_dump_json(indent=1) + "\n").encode(), before):
        raise PublicationRefused(
            f"another publisher was faster: {version} lies there whole, but is not shown. Look at what is shown "
            "now, and publish again if yours is newer"
        )
    return manifest


def read_sources(path: Path) -> dict[str, Source]:
    """Read where figures come from: {"sources": [{"source": ..., "licence": ..., ...}]}, as `publication.Source`.

    Raises:
        PublicationRefused: with every complaint.

    """
    try:
        listed = json.loads(path.read_text("utf-8"))["sources"]
        found = [Source.model_validate(one) for one in listed]
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
        raise PublicationRefused(f"{path}: " + "; ".join(lines)) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PublicationRefused(f'{path} is not a file of {{"sources": [...]}}: {error}') from error
    return {one.source: one for one in found}


def _refuse(forecasts: Sequence[SeriesForecast], sources: Mapping[str, Source]) -> None:
    if not forecasts:
        raise PublicationRefused("there is no forecast to publish")
    names = [one.series.series_id for one in forecasts]
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    unknown = sorted({one.series.source for one in forecasts} - set(sources))
    complaints = [f"{name} comes twice" for name in twice]
    complaints += [f"no licence is stated for the source {name!r}" for name in unknown]
    complaints += [f"the licence of {name!r} is empty" for name, one in sources.items() if not one.licence.strip()]
    if complaints:
        raise PublicationRefused("; ".join(complaints))


def _create(storage: Storage, path: str, data: bytes, media_type: str, *, again: bool) -> None:
    try:
        is_new = storage.create(path, data, media_type)
        is_same = not is_new and again and (content := storage.read(path)) is not None and content.data == data
    except OSError as error:
        raise PublicationUnreachable(f"{path} cannot be written: {error}") from error
    if not (is_new or is_same):
        raise PublicationRefused(f"{path} is there already; a version is written once")


def _moved(storage: Storage, data: bytes, before: Content | None) -> bool:
    try:
        return storage.replace(POINTER, data, before.etag if before else None, MEDIA_TYPES["json"])
    except OSError as error:
        raise PublicationUnreachable(f"{POINTER} cannot be written: {error}") from error


def _written(
    document: SeriesDocument, files: Mapping[FileFormat, bytes], version: str, storage: Storage, *, again: bool
) -> SeriesEntry:
    """Write the files of a series, and return its entry of the index."""
    listed: dict[FileFormat, PublishedFile] = {}
    for file_format, data in files.items():
        path = file_name(document.series_id, file_format)
        _create(storage, f"{version}/{path}", data, MEDIA_TYPES[file_format], again=again)
        listed[file_format] = PublishedFile(path=path, sha256=hashlib.sha256(data).hexdigest(), size=len(data))
    return SeriesEntry(
        series_id=document.series_id,
        title=document.title,
        country=document.country,
        region=document.region,
        sex=document.sex,
        age_group=document.age_group,
        cancer=document.cancer,
        measure=document.measure,
        period_type=document.period_type,
        first_period=document.observed[0].period,
        data_through=document.data_through,
        forecast_through=document.final.points[-1].period,
        source=document.source.source,
        licence=document.source.licence,
        files=listed,
    )
