"""A delivery as it lies in a folder or a bucket: the rows of its manifest, and what is seen of each photo."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from functions.common.problems import PhotoRejected
from functions.common.storage import FolderStorage, read_if_there
from functions.triage import pixels
from training import likeness
from training.delivery_rules import Row, path_trouble
from training.manifest import OPTIONAL, REQUIRED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from functions.common.storage import Storage

COLUMNS = (*REQUIRED, *OPTIONAL)
# Decoding leaves the interpreter free, and a bucket answers slowly; each photo may hold 120 MB of pixels meanwhile.
READERS = 4
# What `pixels` reads begins with one of these; what else it takes is HEIC.
_EXTENSIONS = {b"\xff\xd8": "jpg", b"\x89P": "png", b"RI": "webp"}


class ManifestTrouble(Exception):
    """What makes a whole manifest unusable, as a part of a sentence."""


@dataclass(frozen=True)
class Source:
    """Where a delivery's files lie: their paths follow `prefix` in the storage."""

    storage: Storage
    prefix: str = ""

    def photo(self, path: str) -> bytes | None:
        """Return a photo's bytes, at most one more than `pixels` takes of a folder; None where there is none.

        Raises:
            PermissionError: the path leads out of a folder by way of a link.
            OSError: it cannot be read just now.

        """
        if isinstance(self.storage, FolderStorage):
            return _photo_within(self.storage.root / self.prefix, path)
        found = read_if_there(self.storage, f"{self.prefix}{path}")
        return found.data if found else None


def _photo_within(folder: Path, path: str) -> bytes | None:
    file = (folder / path).resolve()
    if not file.is_relative_to(folder.resolve()):
        raise PermissionError(path)
    if not file.is_file():
        return None
    with file.open("rb") as opened:
        return opened.read(pixels.MAX_BYTES + 1)


def read_rows(manifest: bytes) -> tuple[list[Row], tuple[str, ...]]:
    """Return the rows of a manifest, and the columns that are not known and not read.

    Raises:
        ManifestTrouble: when it is no CSV of the columns that a delivery needs.

    """
    try:
        text = manifest.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ManifestTrouble(f"the manifest is not UTF-8 text (byte {error.start:,})") from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        lines = [(reader.line_num, fields) for fields in reader if fields]
    except csv.Error as error:
        raise ManifestTrouble(f"the manifest is not CSV (line {reader.line_num}: {error})") from error
    absent = [name for name in REQUIRED if name not in header]
    twice = sorted({name for name in header if name in COLUMNS and header.count(name) > 1})
    if absent or twice:
        said = [f"the manifest has no column {name}" for name in absent]
        said += [f"the manifest has the column {name} twice" for name in twice]
        raise ManifestTrouble("; ".join(said))
    left_out = tuple(ascii(name[:60]) for name in header if name not in COLUMNS)
    return [_row(line, header, fields) for line, fields in lines], left_out


def _row(line: int, header: list[str], fields: list[str]) -> Row:
    given = {name: value.strip() for name, value in zip(header, fields, strict=False)}
    values = {name: given.get(name, "") for name in COLUMNS}
    fits = len(fields) == len(header)
    return Row(line, values, misfit="" if fits else f"the line has {len(fields)} fields, the header {len(header)}")


def with_photos(rows: Sequence[Row], source: Source, advance: Callable[[int], None]) -> list[Row]:
    """Return the rows with what is seen of their photos; a photo that is listed twice is read twice.

    Raises:
        OSError: the storage cannot be read just now.

    """
    seen: list[Row] = []
    with ThreadPoolExecutor(READERS) as pool:
        for row in pool.map(lambda row: _with_photo(row, source), rows):
            seen.append(row)
            advance(len(seen))
    return seen


def _with_photo(row: Row, source: Source) -> Row:
    if said := path_trouble(row.path):
        return dataclasses.replace(row, path_trouble=said)
    try:
        photo = source.photo(row.path)
    except PermissionError:
        return dataclasses.replace(row, path_trouble="leads out of the delivery by way of a link")
    if photo is None:
        return dataclasses.replace(row, absent=True)
    sha256 = hashlib.sha256(photo).hexdigest()
    try:
        square = pixels.square_pixels(photo, likeness.SIDE)
    except PhotoRejected as rejection:
        return dataclasses.replace(row, sha256=sha256, trouble=rejection.detail)
    extension = _EXTENSIONS.get(photo[:2], "heic")
    return dataclasses.replace(row, sha256=sha256, extension=extension, likeness=likeness.likeness(square))


def written(rows: Iterable[dict[str, str]], columns: Sequence[str]) -> bytes:
    """Return rows, whose values hold no control characters, as CSV in UTF-8: the same bytes for the same rows."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def read_back(table: bytes) -> list[dict[str, str]]:
    """Return the rows of a CSV that `written` made."""
    return list(csv.DictReader(io.StringIO(table.decode(), newline="")))
