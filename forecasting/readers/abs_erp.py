"""Australian Bureau of Statistics 3101.0, table 59: population by sex and single year of age, a time-series workbook.

Each sheet `Data1`, `Data2` ... has a column a series, ten rows of its description, and a row a date.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

import pandas as pd

from forecasting.readers.ages import age_group
from forecasting.readers.reading import POPULATION_COLUMNS, Draft

if TYPE_CHECKING:
    from collections.abc import Iterator

    from forecasting.readers.reading import Document, Reading

NAME = "abs_erp"
TITLE = "Australian Bureau of Statistics 3101.0, population by single year of age (xlsx)"

_SERIES = re.compile(r"Estimated Resident Population\s*;\s*(Male|Female|Persons)\s*;\s*([^;]+?)\s*;")
_SEXES = {"Male": "male", "Female": "female", "Persons": "both"}


def understands(document: Document) -> bool:
    """Say whether a sheet's first row has columns such as "Estimated Resident Population ;  Male ;  0 ;"."""
    return any(rows and any(_SERIES.match(str(cell)) for cell in rows[0]) for rows in document.sheets.values())


def read(document: Document) -> Reading:
    """Return persons by sex and single year of age; there are no cases."""
    draft = Draft(document, NAME)
    found = [row for sheet, rows in document.sheets.items() for row in _sheet(draft, sheet, rows)]
    draft.leave("populations, which are no cases", len(found))
    populations = pd.DataFrame(found, columns=list(POPULATION_COLUMNS)).astype({"year": "int64", "population": float})
    return draft.reading(populations=populations)


def _sheet(draft: Draft, sheet: str, rows: list[list[object]]) -> Iterator[tuple[str, str, str, int, str, float]]:
    series = {
        column: match for column, cell in enumerate(rows[0] if rows else []) if (match := _SERIES.match(str(cell)))
    }
    if not series:
        return
    ages: dict[int, str] = {}
    for column, match in series.items():
        try:
            ages[column] = age_group(match[2])
        except ValueError as error:
            draft.complain(1, f"{sheet}, column {column + 1}", match[2], str(error))
    for line, row in enumerate(rows[1:], start=2):
        date = row[0] if row else None
        if not isinstance(date, dt.datetime):
            if line > _header_rows(rows):
                draft.complain(line, f"{sheet}, date", str(date), "is not a date")
            continue
        for column, group in ages.items():
            cell = row[column] if column < len(row) else None
            persons = draft.cell(cell, line, f"{sheet}, {str(rows[0][column]).strip()}")
            if isinstance(persons, float):
                yield "Australia", "", _SEXES[series[column][1]], date.year, group, persons


def _header_rows(rows: list[list[object]]) -> int:
    """Return the line of `Series ID`, the last of the descriptions; all lines where there is none."""
    return next((line for line, row in enumerate(rows, start=1) if row and row[0] == "Series ID"), len(rows))
