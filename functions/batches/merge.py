"""The parts of a run to one file of predictions and one list of photos without one."""

from __future__ import annotations

import csv
import gzip
import io
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from functions.batches.errors import RunInvalid
from functions.batches.judge import lines_of
from functions.batches.run import (
    PREDICTIONS,
    REJECTED,
    SUMMARY,
    WORK,
    Batch,
    BatchName,
    Done,
    Line,
    Summary,
    parsed,
)
from functions.common.storage import put

if TYPE_CHECKING:
    from functions.common.storage import Storage

_READERS = 16
_LOST = Line(
    photo="-",
    sha256=None,
    rejected="not_judged",
    detail="Its batch failed at each attempt. Start the run again: what was judged is not judged twice.",
)


def merge(run: str, runs: Storage) -> Summary:
    """Write a run's predictions in the order of its list, and what has none; run again, it writes the same.

    A batch that never came to its end is not left out in silence: each of its photos is listed as `not_judged`.

    Args:
        run: its name.
        runs: where runs are kept.

    Raises:
        RunInvalid: when the run was not planned, or its files are not what this version writes.
        OSError: when something cannot be read or written just now.

    """
    names = _names(runs, run)
    target, rejected = io.BytesIO(), io.StringIO(newline="")
    table = csv.writer(rejected, lineterminator="\n")
    table.writerow(["photo", "code", "detail"])
    bands: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    model = ""
    with gzip.GzipFile(fileobj=target, mode="wb", mtime=0) as packed, ThreadPoolExecutor(_READERS) as readers:
        for batch, lines in readers.map(lambda name: _lines(runs, run, name.batch), names):
            model = batch.model
            for line in lines:
                if line.rejected is None:
                    packed.write(line.model_dump_json(exclude={"rejected", "detail"}).encode() + b"\n")
                    bands[str(line.risk_band)] += 1
                    counts["judged"] += 1
                else:
                    table.writerow([line.photo, line.rejected, line.detail])
                    counts["lost" if line.rejected == _LOST.rejected else "rejected"] += 1
    files = {
        PREDICTIONS: (target.getvalue(), "application/gzip"),
        REJECTED: (rejected.getvalue().encode(), "text/csv"),
    }
    summary = Summary(
        run=run,
        model=model,
        photos=counts.total(),
        judged=counts["judged"],
        rejected=counts["rejected"],
        lost=counts["lost"],
        bands=dict(sorted(bands.items())),
        predictions=f"{run}/{PREDICTIONS}",
        rejected_list=f"{run}/{REJECTED}",
    )
    files[SUMMARY] = ((summary.model_dump_json(indent=1) + "\n").encode(), "application/json")
    for path, (data, media_type) in files.items():
        put(runs, f"{run}/{path}", data, media_type)
    return summary


def _names(runs: Storage, run: str) -> list[BatchName]:
    try:
        content = runs.read(f"{run}/{WORK}")
        return TypeAdapter(list[BatchName]).validate_json(content.data if content else b"")
    except FileNotFoundError as error:
        raise RunInvalid(f"the run {run!r} was not planned") from error
    except ValidationError as error:
        raise RunInvalid(f"{run}/{WORK} is not a work list") from error


def _lines(runs: Storage, run: str, name: str) -> tuple[Batch, list[Line]]:
    """Return a batch and its lines; those of a batch that is not done say so."""
    batch = parsed(Batch, _data(runs, f"{run}/todo/{name}.json"), "a batch")
    try:
        done = parsed(Done, _data(runs, f"{run}/done/{name}.json"), "the end of a batch")
    except FileNotFoundError:
        return batch, [_LOST.model_copy(update={"photo": item.photo}) for item in batch.items]
    return batch, lines_of(_data(runs, done.part))


def _data(runs: Storage, path: str) -> bytes:
    content = runs.read(path)
    return content.data if content else b""
