"""AIHW's Australian Cancer Incidence and Mortality books, combined counts: a row a year, sex, type and cancer.

A year without data has empty ages and `Total` 0; that is not a year without a case. The ages are wide.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from forecasting.readers.periods import edition
from forecasting.readers.reading import Draft

if TYPE_CHECKING:
    from forecasting.readers.reading import Document, Reading

NAME = "aihw_acim"
TITLE = "AIHW Australian Cancer Incidence and Mortality (ACIM) books, combined counts"

_NEEDED = ("Year", "Sex", "Type", "Cancer_Type", "Age_Unknown", "Total")
_CANCERS = {"Melanoma of the skin": "melanoma", "Non-melanoma skin cancer, all types": "nmsc"}
_SUBSET = "Non-melanoma skin cancer, rare types"
_SEXES = {"Male": "male", "Female": "female", "Persons": "both"}
_AGE = re.compile(r"Age_(\d+)(?:_to_(\d+)|\+)")


def understands(document: Document) -> bool:
    """Say whether the columns are those of the combined counts."""
    header = document.cells(1)
    return set(_NEEDED) <= set(header) and any(_AGE.fullmatch(name) for name in header)


def read(document: Document) -> Reading:
    """Return cases and deaths by age; `unknown` only where there is a case."""
    draft = Draft(document, NAME, prefix="acim")
    ages = {"Age_Unknown": "unknown", "Total": "all"}
    for name in document.cells(1):
        if found := _AGE.fullmatch(name):
            ages[name] = f"{found[1]}-{found[2]}" if found[2] else f"{found[1]}+"
    rows = list(draft.records(1))
    draft.source = edition("AIHW ACIM books (data.gov.au)", (cells["Year"] for _, cells in rows))
    for line, cells in rows:
        cancer = _CANCERS.get(cells["Cancer_Type"])
        if cells["Cancer_Type"] == _SUBSET:
            draft.leave("rare types of non-melanoma skin cancer, which all types contain")
        elif cancer is None:
            draft.leave("other cancers than of the skin")
        elif cells["Total"] == "0" and not any(cells[name] for name in ages if name != "Total"):
            draft.leave("years without data (Total 0 and no ages)")
        else:
            _add_row(draft, line, cells, cancer, ages)
    return draft.reading()


def _add_row(draft: Draft, line: int, cells: dict[str, str], cancer: str, ages: dict[str, str]) -> None:
    year = draft.year(cells["Year"], line, "Year")
    sex = _SEXES.get(cells["Sex"])
    measure = cells["Type"].lower()
    if sex is None:
        draft.complain(line, "Sex", cells["Sex"], "is not a sex")
    if measure not in ("incidence", "mortality"):
        draft.complain(line, "Type", cells["Type"], "is neither Incidence nor Mortality")
        return
    if year is None or sex is None:
        return
    for name, group in ages.items():
        count = draft.cell(cells[name], line, name, whole=True)
        if group == "unknown" and count == 0:
            continue
        draft.add(
            line,
            country="Australia",
            sex=sex,
            cancer=cancer,
            measure=measure,
            year=year,
            age_group=group,
            count=count,
        )
