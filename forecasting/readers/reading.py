"""What every reader works with: the file as found, its published numbers, and the rows, complaints and gaps it leaves.

A reader is handed a `Document`, fills a `Draft`, and returns its `Reading`.
"""

from __future__ import annotations

import csv
import enum
import gzip
import io
import re
import unicodedata
import warnings
import zlib
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecasting.errors import FileUnreadable
from forecasting.table import COLUMNS, KEY, checked

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

POPULATION_COLUMNS = ("country", "region", "sex", "year", "age_group", "population")
FIVE_YEAR_AGES = (*(f"{age}-{age + 4}" for age in range(0, 85, 5)), "85+")
EARLIEST_YEAR, LATEST_YEAR = 1900, 2100

_GZIP, _XLSX, _XLS = b"\x1f\x8b", b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_LETTERS = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "ß": "ss", "\u0131": "i", "đ": "d", "ł": "l", "ð": "d", "þ": "th"}
)
_SHORT_MEASURE = {"incidence": "inc", "mortality": "mort"}


class Suppressed(enum.Enum):
    """The mark of a count that the publisher kept back: not known, and never zero."""

    MARK = "suppressed"


SUPPRESSED = Suppressed.MARK
SUPPRESSED_MARKS = frozenset({"~", "*", "x", "<5", "suppressed", "3 or fewer"})
MISSING_MARKS = frozenset({"", "-", "\u2013", ".", "..", "na", "n/a", "nd", "not available", "data not available"})


@dataclass(frozen=True)
class Document:
    """A file as found; its content is decoded when it is first asked for. `raw` has gzip undone."""

    path: Path
    raw: bytes

    @classmethod
    def open(cls, path: Path) -> Document:
        """Return the file's content.

        Raises:
            FileUnreadable: when it is absent, a folder, empty, or damaged gzip.

        """
        try:
            raw = path.read_bytes()
            if raw.startswith(_GZIP):
                raw = gzip.decompress(raw)
        except (OSError, EOFError, zlib.error) as error:
            raise FileUnreadable(f"{path} cannot be opened: {error}.") from error
        if not raw.strip():
            raise FileUnreadable(f"{path} is empty.")
        return cls(path, raw)

    @property
    def name(self) -> str:
        """The file's name, for complaints."""
        return self.path.name

    @cached_property
    def text(self) -> str:
        """The text: UTF-8, UTF-16 by its mark, else Windows-1252 or Latin-1; "" where the file is binary."""
        if self.raw.startswith(_UTF16):
            return self.raw.decode("utf-16", errors="replace")
        if b"\x00" in self.raw:
            return ""
        for encoding in ("utf-8-sig", "cp1252"):
            try:
                return self.raw.decode(encoding)
            except UnicodeDecodeError:
                continue
        return self.raw.decode("latin-1")

    @cached_property
    def lines(self) -> list[str]:
        """The text's lines without their ends; index 0 is line 1."""
        lines = re.split(r"\r\n|\r|\n", self.text)
        return lines if lines[-1] else lines[:-1]

    @cached_property
    def sheets(self) -> dict[str, list[list[object]]]:
        """The cells of a workbook (.xlsx, .xls) by sheet name and row, None or "" where empty; {} for other files.

        Raises:
            FileUnreadable: when it says that it is a workbook and is not.

        """
        try:
            if self.raw.startswith(_XLSX):
                return _xlsx(self.raw)
            if self.raw.startswith(_XLS):
                return _xls(self.raw)
        except Exception as error:  # damaged workbooks make the libraries raise anything
            raise FileUnreadable(f"{self.path} looks like a workbook and cannot be opened: {error}.") from error
        return {}

    def cells(self, line: int, delimiter: str = ",") -> list[str]:
        """Return the cells of one line (1-based), unquoted and stripped; [] where the line does not exist.

        Lines are cut one by one, so that a stray quote spoils its own line and not the rest of the file.
        """
        if not 1 <= line <= len(self.lines):
            return []
        return _cut(self.lines[line - 1], delimiter)

    def sibling(self, name_part: str) -> Document | None:
        """Return the first other file of the folder whose name contains `name_part`, in any case."""
        try:
            found = sorted(self.path.parent.iterdir())
        except OSError:
            return None
        for path in found:
            if name_part.lower() in path.name.lower() and path.name != self.path.name and path.is_file():
                return Document.open(path)
        return None


def _cut(line: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])]
    except csv.Error:  # a cell longer than csv allows: no registry's line
        return [line]


def _xlsx(raw: bytes) -> dict[str, list[list[object]]]:
    from openpyxl import load_workbook  # type: ignore[import-untyped]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # styles and drop-down lists that openpyxl does not know
        book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
        sheets = {}
        for sheet in book.worksheets:
            sheet.reset_dimensions()  # some publishers write a wrong extent
            sheets[sheet.title] = [list(row) for row in sheet.iter_rows(values_only=True)]
        book.close()
    return sheets


def _xls(raw: bytes) -> dict[str, list[list[object]]]:
    import xlrd  # type: ignore[import-untyped]

    book = xlrd.open_workbook(file_contents=raw, logfile=io.StringIO())
    return {sheet.name: [list(sheet.row_values(row)) for row in range(sheet.nrows)] for sheet in book.sheets()}


@dataclass(frozen=True)
class Complaint:
    """A cell that cannot be read. `line` is 1-based, or a sheet's row, whose `column` then starts with the sheet."""

    file: str
    line: int | None
    column: str
    found: str
    reason: str

    def __str__(self) -> str:
        """Return one sentence a person can act on."""
        where = f"{self.file}, line {self.line}" if self.line is not None else self.file
        return f"{where}, {self.column}: {self.found!r} {self.reason}."


@dataclass(frozen=True)
class LeftOut:
    """Rows of a file that are not in the table, and why."""

    rows: int
    reason: str


@dataclass(frozen=True)
class Reading:
    """What one file gave.

    `table` has the columns of `forecasting.table.COLUMNS`, checked. `populations`, of files that bring persons and no
    cases, has `POPULATION_COLUMNS`: text, year int64, population float64 (persons or person-years).
    """

    layout: str
    table: pd.DataFrame
    complaints: tuple[Complaint, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    populations: pd.DataFrame | None = None


def number(
    text: object,
    *,
    thousands: str = ",",
    decimal: str = ".",
    suppressed: Collection[str] = SUPPRESSED_MARKS,
    missing: Collection[str] = MISSING_MARKS,
) -> float | Suppressed | None:
    """Return a published number: a float, `SUPPRESSED` where it was kept back, None where there is none.

    Args:
        text: the cell; a number of a workbook is taken as it is.
        thousands: the mark between groups of three digits, "" where the publisher uses none.
        decimal: the mark before the fraction.
        suppressed: marks, in lower case, of a number kept back.
        missing: marks, in lower case, of no number. A mark in both is suppressed.

    Raises:
        ValueError: when it is anything else; NaN and infinities too.

    """
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        if np.isfinite(text):
            return float(text)
        raise ValueError("is not a number")
    cell = "" if text is None else str(text).replace("\u00a0", " ").replace("\u202f", " ").strip()
    if cell.lower() in suppressed:
        return SUPPRESSED
    if cell.lower() in missing:
        return None
    whole = r"\d+"
    if thousands:
        whole = rf"(?:\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+|\d+)"
    if re.fullmatch(rf"[+-]?{whole}(?:{re.escape(decimal)}\d*)?(?:[eE][+-]?\d+)?", cell, flags=re.ASCII) is None:
        raise ValueError("is not a number")
    if thousands:
        cell = cell.replace(thousands, "")
    value = float(cell.replace(decimal, "."))
    if not np.isfinite(value):
        raise ValueError("is not a number")
    return value


def slug(text: str) -> str:
    """Return words as they stand in a series_id: lower case, plain letters, hyphens."""
    plain = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS))
    return re.sub(r"[^a-z0-9]+", "-", plain.encode("ascii", "ignore").decode()).strip("-")


def series_id(prefix: str, place: str, sex: str, cancer: str, measure: str, period_type: str = "year") -> str:
    """Return a series' name: source prefix, place, sex, cancer, inc or mort, and monthly where it is.

    `prefix` and `cancer` stay as they are; `place` is country and region in words.
    """
    parts = (prefix, slug(place), sex, cancer, _SHORT_MEASURE[measure])
    return "-".join((*parts, "monthly") if period_type == "month" else parts)


class Draft:
    """The reading of one file while it is being filled."""

    def __init__(self, document: Document, layout: str, *, prefix: str = "", source: str = "") -> None:
        """Start with nothing.

        Args:
            document: the file; its name stands in complaints.
            layout: the reader's NAME.
            prefix: of each series_id, such as uscs.
            source: data set and edition, as a person would cite it; may be set until the table is asked for.

        """
        self.document = document
        self.layout = layout
        self.prefix = prefix
        self.source = source
        self.complaints: list[Complaint] = []
        self._left: Counter[str] = Counter()
        self._rows: list[dict[str, object]] = []
        self._lines: list[int | None] = []

    def records(
        self, header: int, delimiter: str = ",", *, end: Callable[[str], bool] = lambda _: False
    ) -> Iterator[tuple[int, dict[str, str]]]:
        """Yield (line, cells by column name) for each line after the header that is not blank.

        A name that comes again gets " (2)", " (3)" .... A line with too few cells, or with more that are not empty, is
        a complaint and is not yielded.

        Args:
            header: the header's line, 1-based.
            delimiter: between cells.
            end: says of a line, as it stands in the file, that the data ended before it.

        """
        names = distinct(self.document.cells(header, delimiter))
        for line in range(header + 1, len(self.document.lines) + 1):
            as_it_stands = self.document.lines[line - 1]
            if end(as_it_stands):
                return
            if not as_it_stands.strip():
                continue
            cells = self.document.cells(line, delimiter)
            if len(cells) < len(names) or any(cells[len(names) :]):
                self.complain(line, "the whole line", as_it_stands[:60], f"has {len(cells)} cells, not {len(names)}")
                continue
            yield line, dict(zip(names, cells, strict=False))

    def cell(
        self,
        text: object,
        line: int | None,
        column: str,
        *,
        whole: bool = False,
        thousands: str = ",",
        decimal: str = ".",
        suppressed: Collection[str] = SUPPRESSED_MARKS,
        missing: Collection[str] = MISSING_MARKS,
    ) -> float | Suppressed | None:
        """Return a number as `number` does; what cannot be read, or is negative, is a complaint and None.

        `whole` also refuses fractions: for cases and deaths.
        """
        try:
            value = number(text, thousands=thousands, decimal=decimal, suppressed=suppressed, missing=missing)
        except ValueError as error:
            self.complain(line, column, str(text), str(error))
            return None
        if isinstance(value, float) and value < 0:
            self.complain(line, column, str(text), "is negative")
            return None
        if whole and isinstance(value, float) and not value.is_integer():
            self.complain(line, column, str(text), "is not a whole number")
            return None
        return value

    def year(self, text: object, line: int | None, column: str) -> int | None:
        """Return a year; what is none between 1900 and 2100 is a complaint and None."""
        value = str(int(text)) if isinstance(text, float) and text.is_integer() else str(text).strip()
        if re.fullmatch(r"\d{4}", value, flags=re.ASCII) and EARLIEST_YEAR <= int(value) <= LATEST_YEAR:
            return int(value)
        self.complain(line, column, str(text), "is not a year")
        return None

    def complain(self, line: int | None, column: str, found: str, reason: str) -> None:
        """Note a cell that cannot be read; `reason` goes on the sentence that the cell starts ("is not a number")."""
        self.complaints.append(Complaint(self.document.name, line, column, found, reason))

    def leave(self, reason: str, rows: int = 1) -> None:
        """Note rows that do not come into the table, and why."""
        self._left[reason] += rows

    def add(
        self,
        line: int | None,
        *,
        country: str,
        sex: str,
        cancer: str,
        measure: str,
        year: int,
        count: float | Suppressed | None,
        region: str = "",
        age_group: str = "all",
        month: int | None = None,
        population: float | Suppressed | None = None,
        rate_asr: float | Suppressed | None = None,
        standard: str = "",
        provisional: bool = False,
        note: str = "",
    ) -> None:
        """Add one row of the counts table; `line` is where it stands in the file. A row with a month is monthly."""
        period_type = "year" if month is None else "month"
        rate = None if isinstance(rate_asr, Suppressed) else rate_asr
        self._rows.append(
            {
                "series_id": series_id(self.prefix, f"{country} {region}", sex, cancer, measure, period_type),
                "country": country,
                "region": region,
                "sex": sex,
                "cancer": cancer,
                "measure": measure,
                "period_type": period_type,
                "year": year,
                "month": month,
                "age_group": age_group,
                "count": None if isinstance(count, Suppressed) else count,
                "population": None if isinstance(population, Suppressed) else population,
                "rate_asr": rate,
                "standard": standard if rate is not None else "",
                "suppressed": isinstance(count, Suppressed),
                "provisional": provisional,
                "note": note,
            }
        )
        self._lines.append(line)

    def table(self) -> pd.DataFrame:
        """Return the rows so far as a checked counts table; a row given again is left out, or a complaint.

        The first stands: a second that says the same is left out, one that says otherwise is a complaint.
        """
        table = pd.DataFrame(self._rows, columns=list(COLUMNS)).assign(source=self.source)
        again = table.duplicated(KEY).to_numpy()
        if again.any():
            same = table.duplicated(list(COLUMNS)).to_numpy()
            for index in np.flatnonzero(again & ~same):
                row = self._rows[index]
                found = f"{row['sex']} {row['cancer']} {row['measure']} {row['year']} {row['age_group']}"
                self.complain(self._lines[index], "the whole line", found, "comes again with other figures")
            if (again & same).any():
                self.leave("given again with the same figures", int((again & same).sum()))
            keep = np.flatnonzero(~again)
            self._rows, self._lines = [self._rows[i] for i in keep], [self._lines[i] for i in keep]
            table = table[~again]
        return checked(table, self.document.path)

    def reading(self, table: pd.DataFrame | None = None, populations: pd.DataFrame | None = None) -> Reading:
        """Return what was read; `table` where the reader added to `table()`, such as totals."""
        whole = self.table() if table is None else checked(table, self.document.path)
        left = tuple(LeftOut(rows, reason) for reason, rows in self._left.items())
        return Reading(self.layout, whole, tuple(self.complaints), left, populations)


def distinct(names: list[str]) -> list[str]:
    """Return a header's names, a repeated one with " (2)", " (3)" ... behind it."""
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found
