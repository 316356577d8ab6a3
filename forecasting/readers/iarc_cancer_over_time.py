"""IARC Cancer Over Time: one row a country, sex and year, with cases and persons of each age side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecasting.readers.by_age import UNKNOWN, ByAge, add_by_age
from forecasting.readers.places import country_and_region
from forecasting.readers.reading import FIVE_YEAR_AGES, POPULATION_COLUMNS, Draft

if TYPE_CHECKING:
    from forecasting.readers.reading import Document, Reading

NAME = "iarc_cancer_over_time"
TITLE = "IARC Cancer Over Time (cases or deaths by age)"

_CASES = {f"ages.{number}": age for number, age in enumerate(FIVE_YEAR_AGES, start=1)} | {"ages.unk": UNKNOWN}
_PERSONS = {f"populations.{number}": age for number, age in enumerate(FIVE_YEAR_AGES, start=1)}
_COLUMNS = {"label", "type", "sex", "cancer_label", "year", "total", "asr", *_CASES, *_PERSONS}
_SEXES = {"0": "both", "1": "male", "2": "female"}
_MEASURES = {"0": "incidence", "1": "mortality"}


def understands(document: Document) -> bool:
    """Say whether the first line has the flattened columns of the site's API."""
    return set(document.cells(1)) >= _COLUMNS


def read(document: Document) -> Reading:
    """Read cases or deaths of skin cancer by age, and of every file the populations.

    `total` and `asr` follow the ages that were asked for. All ages are added up here, and the rate (world standard,
    Segi) is kept where `total` is that sum.
    """
    draft = Draft(document, NAME, prefix="cot", source="IARC Cancer Over Time")
    cells: dict[tuple[str, str, str, str, int], dict[str, ByAge]] = {}
    rates: dict[tuple[str, str, str, str, int], dict[str, float | None]] = {}
    persons: dict[tuple[str, str, str, int], dict[str, float | None]] = {}
    for line, row in draft.records(1):
        year, sex, measure = draft.year(row["year"], line, "year"), _SEXES.get(row["sex"]), _MEASURES.get(row["type"])
        if sex is None:
            draft.complain(line, "sex", row["sex"], "is none of 0 (both), 1 (male) and 2 (female)")
        if measure is None:
            draft.complain(line, "type", row["type"], "is neither 0 (cases) nor 1 (deaths)")
        if year is None or sex is None or measure is None:
            continue
        country, region = country_and_region(row["label"])
        populations = {age: _known(draft, row, line, column) for column, age in _PERSONS.items()}
        persons.setdefault((country, region, sex, year), populations)
        cancer = _cancer(row["cancer_label"])
        if not cancer:
            draft.leave(f"{row['cancer_label']}: not skin cancer; its populations are kept")
            continue
        counts = {age: _known(draft, row, line, column, whole=True) for column, age in _CASES.items()}
        key = (country, region, cancer, measure, year)
        if sex in cells.setdefault(key, {}):
            draft.complain(line, "year", row["year"], "comes again for the same place, sex and cancer")
            continue
        cells[key][sex] = ByAge(line, counts, populations)
        same = _known(draft, row, line, "total", whole=True) == cells[key][sex].total()
        rates.setdefault(key, {})[sex] = _known(draft, row, line, "asr") if same else None
    for key, sexes in cells.items():
        country, region, cancer, measure, year = key
        add_by_age(
            draft,
            sexes,
            rates[key],
            country=country,
            region=region,
            cancer=cancer,
            measure=measure,
            year=year,
            standard="segi",
        )
    return draft.reading(populations=_populations(persons))


def _known(draft: Draft, row: dict[str, str], line: int, column: str, *, whole: bool = False) -> float | None:
    # IARC keeps no count back: a mark here is a damaged cell.
    value = draft.cell(row[column], line, column, whole=whole, suppressed=())
    return value if isinstance(value, float) else None


def _cancer(label: str) -> str:
    words = label.lower()
    if "melanoma" not in words or "skin" not in words:
        return ""
    return "nmsc" if words.startswith("non-melanoma") else "melanoma"


def _populations(persons: dict[tuple[str, str, str, int], dict[str, float | None]]) -> pd.DataFrame:
    rows = [(*key, age, value) for key, ages in persons.items() for age, value in ages.items()]
    populations = pd.DataFrame(rows, columns=list(POPULATION_COLUMNS))
    return populations.astype({"year": np.int64, "population": np.float64})
