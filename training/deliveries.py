"""Labelled photos on their way into the training bucket: checked before they are sent, and again as they are taken in.

deliveries/<name>/manifest.csv           rows in ISIC's column names; comes last, and completes a delivery
deliveries/<name>/...                    its photos
reports/deliveries/<name>.json           what was found; written last, it makes the accepted photos known
reports/deliveries/<name>.txt            the same for people
reports/deliveries/<name>.csv            every row: where its photo lies, its hashes, whether it is accepted
reports/deliveries/<name>.near_duplicates.csv   photos that look like photos of this or earlier deliveries
photos/<sha256>.<extension>              accepted photos, by their content
test-sets/v1.csv                         the frozen test set, see `snapshots`
withdrawn/<image_name>.json              see `withdraw`
"""

from __future__ import annotations

import hashlib
import json
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from functions.common.storage import open_storage, put, read_if_there
from training.delivery_reading import (
    COLUMNS,
    READERS,
    ManifestTrouble,
    Source,
    read_back,
    read_rows,
    with_photos,
    written,
)
from training.delivery_report import DeliveryReport, judged
from training.delivery_rules import WITHDRAWN, Known, is_usable
from training.errors import DeliveryExists, DeliveryRefused, StorageFailed
from training.job import manifest_in
from training.likeness import twins
from training.object_versions import erase

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from functions.common.storage import Storage
    from training.delivery_rules import Row
    from training.progress import Bar

# A slip in every fifth row is a fault of the whole table, such as a shifted column.
MOST_BROKEN = 0.2
MAJOR = 1

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_MANIFEST = "manifest.csv"
_REPORTS = "reports/deliveries/"
_SEEN = ("delivered", "sha256", "likeness", "accepted")
_PAIR = ("image_a", "image_b", "bits")
_MEDIA_TYPES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp", "heic": "image/heic"}
_CSV, _JSON, _TEXT = "text/csv", "application/json", "text/plain; charset=utf-8"


@dataclass(frozen=True)
class Checked:
    """A delivery that was checked: its report, and its rows with what was seen, the good ones apart."""

    report: DeliveryReport
    rows: tuple[Row, ...]
    good: tuple[Row, ...]
    source: Source


@dataclass(frozen=True)
class Intake:
    """What a look at the deliveries found: those taken in now, those taken in before, and those passed over.

    `changed` were taken in under another manifest than lies there now; `unfinished` have no manifest yet;
    `misnamed` folders have names that no delivery may have.
    """

    reports: tuple[DeliveryReport, ...]
    before: tuple[str, ...]
    changed: tuple[str, ...]
    unfinished: tuple[str, ...]
    misnamed: tuple[str, ...]


def open_training(root: str | Path) -> Storage:
    """Return the storage of a training bucket or folder.

    Raises:
        StorageFailed: the address is none.

    """
    try:
        return open_storage(root)
    except ValueError as error:
        raise StorageFailed(str(error)) from error


@contextmanager
def storage_failures() -> Iterator[None]:
    """Raise what a storage cannot do as `StorageFailed`."""
    try:
        yield
    except OSError as error:
        raise StorageFailed(f"The storage cannot be used: {error}. Try again.") from error


def check_folder(
    folder: Path, name: str, storage: Storage | None, *, now: dt.datetime, most_broken: float, bar: Bar
) -> Checked:
    """Check a folder of photos and their manifest by the rules that it will be taken in by.

    Args:
        folder: holds `manifest.csv` or `lesions.csv`, and the photos at `path`, else at `images/<image_name>.jpg`.
        name: of the delivery to be.
        storage: the training bucket; None to check without what it holds.
        now: for the report.
        most_broken: the share of rows, 0 to 1, that may be broken.
        bar: opens a progress bar.

    Raises:
        RoomInvalid: the folder has no manifest.
        DeliveryRefused: the name is none that a delivery may have.
        DeliveryExists: the bucket has another delivery of that name, or has taken this one in.
        StorageFailed: the storage cannot be read just now.

    """
    if not _NAME.fullmatch(name):
        raise DeliveryRefused(
            f"{name!r} cannot name a delivery: 1 to 64 small letters, digits, hyphens and underscores can."
        )
    with storage_failures():
        earlier = report_of(storage, name) if storage else None
        if earlier and earlier.taken_in:
            raise DeliveryExists(
                f"A delivery {name!r} was taken in at {earlier.checked} already. Give further photos another --name."
            )
        manifest = manifest_in(folder).read_bytes()
        known = known_in(storage, without=name) if storage else Known()
        checked = _checked(manifest, Source(open_storage(folder)), name, known, now, most_broken, bar)
        there = _read(storage, f"deliveries/{name}/{_MANIFEST}") if storage else None
    if there is not None and there != _manifest_to_send(checked):
        raise DeliveryExists(f"A delivery {name!r} with other rows is there already. Give this one another --name.")
    return checked


def send(checked: Checked, storage: Storage, bar: Bar) -> int:
    """Send the good rows' photos and then their manifest, and return how many photos were sent now.

    What is refused is not sent, neither photo nor row; nor are unknown columns, nor the names of files. A photo's
    name is the hash of its bytes, so one that is there already is not sent again.

    Raises:
        DeliveryRefused: too many rows are broken, or a photo changed as it was sent.
        DeliveryExists: another delivery took the name meanwhile.
        StorageFailed: the storage cannot be written; sending again goes on with the rest.

    """
    report = checked.report
    if not report.is_usable:
        raise DeliveryRefused(f"Delivery {report.delivery!r} is not sent. {report.verdict()}")
    prefix = f"deliveries/{report.delivery}/"
    manifest = _manifest_to_send(checked)
    with storage_failures():
        sent = _copy(checked, storage, lambda row: f"{prefix}{_name_to_send(row)}", "sending photos", bar)
        fresh = storage.create(f"{prefix}{_MANIFEST}", manifest, _CSV)
        there = manifest if fresh else _read(storage, f"{prefix}{_MANIFEST}")
    if there != manifest:
        raise DeliveryExists(f"Another delivery {report.delivery!r} came meanwhile. Give this one another --name.")
    return sent


def take_in(storage: Storage, *, now: dt.datetime, bar: Bar, most_broken: float = MOST_BROKEN) -> Intake:
    """Check the deliveries that are complete and not taken in yet, and take in the good photos of each.

    Started again, it goes on where it stopped; a delivery that was refused is checked anew each time.

    Args:
        storage: the training bucket.
        now: for the reports.
        bar: opens a progress bar.
        most_broken: the share of a delivery's rows, 0 to 1, that may be broken.

    Raises:
        DeliveryRefused: naming each delivery with more broken rows, once every other one is taken in.
        StorageFailed: the storage cannot be used just now.

    """
    made: list[DeliveryReport] = []
    before: list[str] = []
    changed: list[str] = []
    with storage_failures():
        complete, unfinished, misnamed = _deliveries(storage)
        for name in complete:
            manifest = _read(storage, f"deliveries/{name}/{_MANIFEST}") or b""
            earlier = report_of(storage, name)
            if earlier and earlier.taken_in:
                same = earlier.manifest_sha256 == hashlib.sha256(manifest).hexdigest()
                (before if same else changed).append(name)
                continue
            source = Source(storage, f"deliveries/{name}/")
            checked = _checked(manifest, source, name, known_in(storage, without=name), now, most_broken, bar)
            made.append(_kept(checked, storage, bar))
    refused = [report for report in made if not report.taken_in]
    if refused:
        said = "".join(f"\n  {report.delivery}: {report.verdict()}" for report in refused)
        raise DeliveryRefused(f"{len(refused)} delivery(ies) cannot be taken in; see {_REPORTS}<name>.txt:{said}")
    return Intake(tuple(made), tuple(before), tuple(changed), tuple(unfinished), tuple(misnamed))


def report_of(storage: Storage, name: str) -> DeliveryReport | None:
    """Return the report of a delivery; None where it was not looked at yet."""
    found = _read(storage, f"{_REPORTS}{name}.json")
    return DeliveryReport.model_validate_json(found) if found else None


def taken_in(storage: Storage) -> list[str]:
    """Return the names of the deliveries that were taken in, in order."""
    paths = [path for path in storage.list(_REPORTS) if path.endswith(".json")]
    names = [path.removeprefix(_REPORTS).removesuffix(".json") for path in paths]
    return [name for name in names if (report := report_of(storage, name)) and report.taken_in]


def rows_of(storage: Storage, name: str) -> list[dict[str, str]]:
    """Return every row of a delivery that was taken in, by `COLUMNS`, `delivered`, `sha256`, `likeness`, `accepted`.

    `path` is the photo's place in the bucket where `accepted` is 1.
    """
    return read_back(_read(storage, f"{_REPORTS}{name}.csv") or b"")


def near_duplicates_of(storage: Storage, name: str) -> list[dict[str, str]]:
    """Return the pairs of a delivery's photos and photos that they look like: `image_a`, `image_b`, `bits`."""
    return read_back(_read(storage, f"{_REPORTS}{name}.near_duplicates.csv") or b"")


def withdrawn_in(storage: Storage) -> dict[str, str]:
    """Return the content hash of each withdrawn photo, by its image_name."""
    records = [json.loads(_read(storage, path) or b"{}") for path in storage.list("withdrawn/")]
    return {record["image_name"]: record["sha256"] for record in records}


def known_in(storage: Storage, *, without: str) -> Known:
    """Return what the bucket holds but for one delivery."""
    names: dict[str, str] = {}
    contents: dict[str, str] = {}
    for delivery in taken_in(storage):
        if delivery != without:
            accepted = [row for row in rows_of(storage, delivery) if row["accepted"] == "1"]
            names |= {row["image_name"]: delivery for row in accepted}
            contents |= {row["sha256"]: delivery for row in accepted}
    withdrawn = withdrawn_in(storage)
    test_set = _read(storage, test_set_path(MAJOR))
    return Known(
        names=names,
        contents=contents,
        withdrawn_names=frozenset(withdrawn),
        withdrawn_contents=frozenset(withdrawn.values()),
        test_set=None if test_set is None else read_back(test_set),
    )


def test_set_path(major: int) -> str:
    """Return where the test set of a major version is frozen."""
    return f"test-sets/v{major}.csv"


def _checked(
    manifest: bytes, source: Source, name: str, known: Known, now: dt.datetime, most_broken: float, bar: Bar
) -> Checked:
    trouble = ""
    rows: list[Row] = []
    left_out: tuple[str, ...] = ()
    try:
        rows, left_out = read_rows(manifest)
    except ManifestTrouble as error:
        trouble = str(error)
    with bar(f"checking {name}", len(rows)) as advance:
        rows = with_photos(rows, source, advance)
    complaints, skipped = judged(rows, known)
    broken = {said.line for said in complaints}
    good = tuple(row for row in rows if row.line not in broken)
    report = DeliveryReport(
        delivery=name,
        manifest_sha256=hashlib.sha256(manifest).hexdigest(),
        checked=now.isoformat(timespec="seconds"),
        rows=len(rows),
        accepted=len(good),
        most_broken=most_broken,
        taken_in=False,
        manifest_trouble=trouble,
        complaints=complaints,
        skipped=skipped,
        columns_left_out=left_out,
    )
    return Checked(report, tuple(rows), good, source)


def _kept(checked: Checked, storage: Storage, bar: Bar) -> DeliveryReport:
    """Copy a usable delivery's good photos, and write what was found; the report comes last."""
    report = checked.report
    at = f"{_REPORTS}{report.delivery}"
    if report.is_usable:
        report = report.model_copy(update={"taken_in": True})
        _copy(checked, storage, _place, f"taking in {report.delivery}", bar)
        lines = {row.line for row in checked.good}
        rows = [_table_row(row, accepted=row.line in lines) for row in checked.rows if row.sha256]
        pairs = _near_duplicates(checked.good, storage, report.delivery)
        _put(storage, f"{at}.near_duplicates.csv", written(pairs, _PAIR), _CSV)
        _put(storage, f"{at}.csv", written(rows, (*COLUMNS, *_SEEN)), _CSV)
    withdrawn = {said.line for said in report.complaints if said.rule == WITHDRAWN}
    for row in checked.rows:
        if row.line in withdrawn and row.sha256:
            erase(storage, f"{checked.source.prefix}{row.path}")
    _put(storage, f"{at}.txt", report.text().encode(), _TEXT)
    _put(storage, f"{at}.json", report.model_dump_json(indent=1).encode(), _JSON)
    return report


def _near_duplicates(good: Sequence[Row], storage: Storage, delivery: str) -> list[dict[str, str]]:
    others = [
        row
        for name in taken_in(storage)
        if name != delivery
        for row in rows_of(storage, name)
        if row["accepted"] == "1"
    ]
    names = [row.name for row in good] + [row["image_name"] for row in others]
    hashes = [row.likeness for row in good] + [row["likeness"] for row in others]
    return [
        {"image_a": names[pair.one], "image_b": names[pair.other], "bits": str(pair.bits)}
        for pair in twins(hashes[: len(good)], hashes)
        if pair.one < pair.other
    ]


def _table_row(row: Row, *, accepted: bool) -> dict[str, str]:
    """Return what is kept of a row; of a refused one only what its photo's copies can be found by."""
    kept = {**row.values, "path": _place(row)} if accepted else {"image_name": row.name if is_usable(row.name) else ""}
    seen = {"delivered": row.path, "sha256": row.sha256, "likeness": row.likeness, "accepted": str(int(accepted))}
    return {**dict.fromkeys(COLUMNS, ""), **kept, **seen}


def _place(row: Row) -> str:
    return f"photos/{row.sha256}.{row.extension}"


def _name_to_send(row: Row) -> str:
    return f"images/{row.sha256}.{row.extension}"


def _manifest_to_send(checked: Checked) -> bytes:
    return written([{**row.values, "path": _name_to_send(row)} for row in checked.good], COLUMNS)


def _copy(checked: Checked, storage: Storage, place: Callable[[Row], str], title: str, bar: Bar) -> int:
    """Copy the good photos that are not there yet; each is read again, and must be what was checked."""
    prefixes = {place(row).rpartition("/")[0] for row in checked.good}
    there = {path for prefix in prefixes for path in storage.list(f"{prefix}/")}
    wanted = [row for row in checked.good if place(row) not in there]

    def copy(row: Row) -> bool:
        photo = checked.source.photo(row.path) or b""
        if hashlib.sha256(photo).hexdigest() != row.sha256:
            raise DeliveryRefused(f"The photo of line {row.line} changed while it was read. Start again.")
        return storage.create(place(row), photo, _MEDIA_TYPES[row.extension])

    with bar(title, len(wanted)) as advance, ThreadPoolExecutor(READERS) as pool:
        for done, _ in enumerate(pool.map(copy, wanted), start=1):
            advance(done)
    return len(wanted)


def _deliveries(storage: Storage) -> tuple[list[str], list[str], list[str]]:
    """Return the names of the complete deliveries, of those without a manifest, and those that none may have."""
    complete: set[str] = set()
    begun: set[str] = set()
    for path in storage.list("deliveries/"):
        name, slash, file = path.removeprefix("deliveries/").partition("/")
        if slash:
            begun.add(name)
        if file == _MANIFEST:
            complete.add(name)
    misnamed = {name for name in begun if not _NAME.fullmatch(name)}
    return sorted(complete - misnamed), sorted(begun - complete - misnamed), sorted(misnamed)


def _read(storage: Storage, path: str) -> bytes | None:
    found = read_if_there(storage, path)
    return found.data if found else None


def _put(storage: Storage, path: str, data: bytes, media_type: str) -> None:
    """Write a file in the place of whatever is there; another writer at the same moment is an error."""
    if not put(storage, path, data, media_type):
        raise StorageFailed(f"{path} was written by another run at the same moment. Start again when it has ended.")
