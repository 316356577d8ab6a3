"""UN World Population Prospects as in the R packages wpp20xx: thousands, a column every fifth year, a file a sex.

The file does not say whose ages it holds: popM, popF and popMprojMed do so by their names. Estimates and projections
are separate files of one layout.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd

from forecasting.readers.ages import age_group
from forecasting.readers.reading import POPULATION_COLUMNS, Draft

if TYPE_CHECKING:
    from forecasting.readers.reading import Document, Reading

NAME = "un_wpp"
TITLE = "UN World Population Prospects, population by age (R package files popM, popF, popMprojMed ...)"

_HEADER = ["country_code", "name", "age"]
_SEX = re.compile(r"pop([MF])", re.IGNORECASE)
_SEXES = {"m": "male", "f": "female"}
# Named as the registries' readers name them, so that cases find their people.
_COUNTRIES = {"United States of America": "United States", "Republic of Korea": "South Korea"}
_THOUSAND = 1000
_FIRST_AGGREGATE = 900
"""Codes from here on are the world, its regions and groups of countries."""


def understands(document: Document) -> bool:
    """Say whether the header is country_code, name, age and years, with tabs."""
    header = document.cells(1, "\t")
    return header[:3] == _HEADER and len(header) > 3 and all(re.fullmatch(r"\d{4}", name) for name in header[3:])  # noqa: PLR2004 - the years follow


def read(document: Document) -> Reading:
    """Return persons by country, year and five-year age; there are no cases."""
    draft = Draft(document, NAME)
    named = _SEX.match(document.name)
    found: list[tuple[str, str, str, int, str, float]] = []
    for line, cells in draft.records(1, "\t"):
        code = draft.cell(cells["country_code"], line, "country_code", whole=True)
        try:
            age = age_group(cells["age"])
        except ValueError as error:
            draft.complain(line, "age", cells["age"], str(error))
            continue
        if not isinstance(code, float):
            continue
        if code >= _FIRST_AGGREGATE:
            draft.leave("the world and its regions, beside the countries")
            continue
        if named is None:
            draft.leave("persons of a sex that neither the file nor its name (popM, popF) tells")
            continue
        draft.leave("populations, which are no cases")
        for name, text in cells.items():
            persons = None if name in _HEADER else draft.cell(text, line, name)
            if isinstance(persons, float):
                persons = round(persons * _THOUSAND, 3)
                country = _COUNTRIES.get(cells["name"], cells["name"])
                found.append((country, "", _SEXES[named[1].lower()], int(name), age, persons))
    populations = pd.DataFrame(found, columns=list(POPULATION_COLUMNS)).astype({"year": "int64", "population": float})
    return draft.reading(populations=populations)
