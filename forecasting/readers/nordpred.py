"""Nordpred's input (Cancer Registry of Norway): ages in rows, five-year periods in columns, cases or person-years.

The numbers are sums of five years, and the file names neither place nor sex nor cancer, nor whether it holds cases or
persons: nothing of it can stand in a table of years. It is checked cell by cell, and left out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from forecasting.readers.reading import Draft

if TYPE_CHECKING:
    from forecasting.readers.reading import Document, Reading

NAME = "nordpred"
TITLE = "Nordpred input (Cancer Registry of Norway): ages by five-year periods"

_PERIOD = re.compile("(\\d{2}|\\d{4})[-\u2013](\\d{2}|\\d{4})")
_AGE = re.compile(r"\d+-\d+|\d+\+")
_YEARS = 5
_CENTURY = 100


def understands(document: Document) -> bool:
    """Say whether the header has five-year periods (its first cell may be empty or absent) and line 2 an age."""
    header, first = document.cells(1), document.cells(2)
    periods = header[1:] if header and not _PERIOD.fullmatch(header[0]) else header
    return (
        bool(periods)
        and all(_spans_five_years(name) for name in periods)
        and len(first) == len(periods) + 1
        and _AGE.fullmatch(first[0]) is not None
    )


def read(document: Document) -> Reading:
    """Return nothing but what was left out, and cells that are no numbers."""
    draft = Draft(document, NAME)
    header = document.cells(1)
    shifted = _PERIOD.fullmatch(header[0]) is not None
    periods = header if shifted else header[1:]
    for line in range(2, len(document.lines) + 1):
        cells = document.cells(line)
        if not any(cells):
            continue
        if len(cells) != len(periods) + 1 or not _AGE.fullmatch(cells[0]):
            draft.complain(line, "the whole line", ",".join(cells)[:60], "is not an age and a number for each period")
            continue
        for period, text in zip(periods, cells[1:], strict=True):
            draft.cell(text, line, period)
        draft.leave("sums of five years, of a place and a cancer that the file does not name")
    return draft.reading()


def _spans_five_years(name: str) -> bool:
    found = _PERIOD.fullmatch(name)
    return found is not None and (int(found[2]) - int(found[1])) % _CENTURY == _YEARS - 1
