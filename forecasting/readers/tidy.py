"""Our own counts table: CSV, gzipped or not, or Parquet."""

from __future__ import annotations

import contextlib
import io
import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecasting.errors import FileUnreadable, TableInvalid
from forecasting.readers.reading import Draft, distinct
from forecasting.table import COLUMNS, NUMBERS

if TYPE_CHECKING:
    from forecasting.readers.reading import Document, Reading

NAME = "tidy"
TITLE = "the counts table of dermacast (CSV or Parquet)"

_REQUIRED = {"series_id", "sex", "cancer", "measure", "year", "count"}
_PARQUET = b"PAR1"
_COMPLAINT = re.compile(r"row (?P<row>\d+): (?P<column>\w+) (?P<reason>.*)", flags=re.DOTALL)
_FIRST_ROW = 2
_MAY_BE_UNKNOWN = ("count", "population", "rate_asr")


def understands(document: Document) -> bool:
    """Say whether it has the counts table's columns."""
    if document.raw.startswith(_PARQUET):
        return set(_parquet_columns(document)) >= _REQUIRED
    return set(document.cells(1)) >= _REQUIRED


def read(document: Document) -> Reading:
    """Read the table; a row that contradicts its documented columns is a complaint and is left out.

    A count, population or rate that is no number, or is negative, is empty, and its row stays.

    Raises:
        FileUnreadable: when Parquet cannot be read.

    """
    draft = Draft(document, NAME)
    if document.raw.startswith(_PARQUET):
        try:
            table = pd.read_parquet(io.BytesIO(document.raw))
        except Exception as error:  # damaged Parquet makes the library raise anything
            raise FileUnreadable(f"{document.path} cannot be read: {error}.") from error
        lines = list(range(1, len(table) + 1))
    else:
        table, lines = _csv(draft)
    table = table[[name for name in COLUMNS if name in table.columns]]
    # Blanking a cell or dropping a row can only bring out what stood behind it: each round leaves fewer.
    while True:
        try:
            return draft.reading(table)
        except TableInvalid as error:
            table, lines = _without(draft, table, lines, error.complaints)


def _csv(draft: Draft) -> tuple[pd.DataFrame, list[int]]:
    """Return the cells as text, and each row's line; a line with too few or too many cells is a complaint."""
    document = draft.document
    commas = {re.sub(r'"[^"]*"', "", line).count(",") if '"' in line else line.count(",") for line in document.lines}
    if len(commas) == 1:  # the quick way, where each line is a whole row
        with contextlib.suppress(ValueError):
            table = pd.read_csv(io.StringIO(document.text), dtype=str, keep_default_na=False)
            if len(table) == len(document.lines) - 1:
                return table, list(range(_FIRST_ROW, len(table) + _FIRST_ROW))
    # Line by line, to say which is wrong.
    columns: dict[str, list[str]] = {name: [] for name in distinct(document.cells(1))}
    lines = []
    for line, row in draft.records(1):
        lines.append(line)
        for name, cell in row.items():
            columns[name].append(cell)
    return pd.DataFrame(columns, dtype=object), lines


def _without(
    draft: Draft, table: pd.DataFrame, lines: list[int], complaints: list[str]
) -> tuple[pd.DataFrame, list[int]]:
    """Note the complaints, and return the table without the cells or rows that they are about, and its lines."""
    table = table.reset_index(drop=True)
    dropped: set[int] = set()
    for complaint in complaints:
        found = _COMPLAINT.fullmatch(complaint)
        if found is None:
            raise TableInvalid(draft.document.path, complaints)
        index, column = int(found["row"]) - _FIRST_ROW, found["column"]
        if column in table.columns:
            text, reason = str(table.loc[index, column]), re.sub(r"^'.*?' ", "", found["reason"])
        else:
            text, reason, column = "", f"{column} {found['reason']}", "the whole line"
        draft.complain(lines[index], column, text, reason)
        if column in _MAY_BE_UNKNOWN and column in NUMBERS:
            table.loc[index, column] = np.nan if pd.api.types.is_numeric_dtype(table[column]) else ""
        else:
            dropped.add(index)
    if dropped:
        draft.leave("rows that contradict the documented columns", len(dropped))
    keep = [index for index in table.index if index not in dropped]
    return table.loc[keep], [lines[index] for index in keep]


def _parquet_columns(document: Document) -> list[str]:
    import pyarrow as pa  # type: ignore[import-untyped]
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    try:
        return list(pq.read_schema(io.BytesIO(document.raw)).names)
    except (pa.ArrowException, OSError):
        return []
