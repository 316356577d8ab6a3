"""From an address of photos to a work list: which photos, in which batches, by which model."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

from pydantic import ValidationError

from functions.batches.errors import ListInvalid, NothingToJudge
from functions.batches.run import WORK, Asked, Batch, BatchName, Item, Work
from functions.triage.person import Person

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from functions.batches.settings import BatchesSettings
    from functions.common.storage import Storage

_PHOTO = "photo"
_COLUMNS = (_PHOTO, *Person.model_fields)
_LARGEST_LIST_BYTES = 256 * 1024 * 1024


def plan(asked: Asked, photos: Storage, runs: Storage, *, model: str, settings: BatchesSettings) -> Work:
    """Write a run's batches and its work list; a run that is planned already stays as it was.

    Args:
        asked: what started the run.
        photos: where the photos lie.
        runs: where runs are kept.
        model: the version that judges.
        settings: of the room.

    Raises:
        ListInvalid: with every complaint about the list.
        NothingToJudge: when there is no photo.
        OSError: when something cannot be read or written just now.

    """
    items = list(_listed(photos, asked.list) if asked.list else _found(photos))
    if not items:
        raise NothingToJudge(f"There is no photo {'in the list' if asked.list else 'at the address'} of {asked.run}.")
    batches = [items[start : start + settings.size] for start in range(0, len(items), settings.size)]
    names = [BatchName(run=asked.run, batch=f"{number:06d}") for number in range(1, len(batches) + 1)]
    for name, batch in zip(names, batches, strict=True):
        todo = Batch(photos=asked.photos, model=model, items=tuple(batch))
        runs.create(f"{asked.run}/todo/{name.batch}.json", todo.model_dump_json().encode(), "application/json")
    work = json.dumps([name.model_dump() for name in names]).encode()
    runs.create(f"{asked.run}/{WORK}", work, "application/json")
    return Work(
        run=asked.run,
        photos=len(items),
        batches=len(batches),
        model=model,
        max_concurrency=settings.max_concurrency,
        tolerated_failure_percentage=settings.tolerated_failure_percentage,
    )


def items_of(text: str) -> list[Item]:
    """Read a list of photos: a CSV with the column `photo`, and `sex`, `age` and `site` where they are known.

    Raises:
        ListInvalid: with every complaint, by line.

    """
    rows = csv.reader(io.StringIO(text))
    header = [name.strip() for name in next(rows, [])]
    complaints = _of_header(header)
    if complaints:
        raise ListInvalid(complaints)
    items: list[Item] = []
    line_of: dict[str, int] = {}
    for row in rows:
        if not any(value.strip() for value in row):
            continue
        told = {name: value.strip() for name, value in zip(header, row, strict=False) if value.strip()}
        photo = told.pop(_PHOTO, "")
        wrong = _of_photo(photo, line_of)
        if len(row) > len(header):
            wrong.append(f"{len(row)} values under {len(header)} columns")
        try:
            items.append(Item(photo=photo or "-", person=Person.model_validate(told)))
        except ValidationError as error:
            wrong += [f"{one['loc'][-1]}: {one['msg']}" for one in error.errors()]
        line_of.setdefault(photo, rows.line_num)
        complaints += [f"line {rows.line_num}: {complaint}" for complaint in wrong]
    if complaints:
        raise ListInvalid(complaints)
    return items


def _of_header(header: Sequence[str]) -> list[str]:
    unknown = [name for name in header if name not in _COLUMNS]
    twice = sorted({name for name in header if header.count(name) > 1})
    complaints = [f"column {name!r} is not known; known are {', '.join(_COLUMNS)}" for name in unknown]
    complaints += [f"column {name!r} comes twice" for name in twice]
    return complaints + ([] if _PHOTO in header else [f"there is no column {_PHOTO!r}"])


def _of_photo(photo: str, line_of: Mapping[str, int]) -> list[str]:
    if not photo:
        return ["no photo is named"]
    if ".." in photo.split("/") or photo.startswith("/"):
        return [f"{photo!r} leaves the photos' address"]
    return [f"{photo!r} is in line {line_of[photo]} already"] if photo in line_of else []


def _listed(photos: Storage, path: str) -> Sequence[Item]:
    data = photos.read_start(path, _LARGEST_LIST_BYTES + 1)
    if len(data) > _LARGEST_LIST_BYTES:
        raise ListInvalid([f"{path} is larger than {_LARGEST_LIST_BYTES:,} bytes; split it over several runs"])
    try:
        return items_of(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ListInvalid([f"{path} is not a CSV file in UTF-8: {error}"]) from error


def _found(photos: Storage) -> Iterator[Item]:
    return (Item(photo=path) for path in photos.list("") if not path.endswith("/"))
