"""IARC CI5 volume XII, summary database: person-years of each registry's whole period, and its two lists."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecasting.readers.by_age import UNKNOWN
from forecasting.readers.places import country_and_region
from forecasting.readers.reading import FIVE_YEAR_AGES, POPULATION_COLUMNS, Draft

if TYPE_CHECKING:
    from forecasting.readers.reading import Document, Reading

NAME = "iarc_ci5_xii"
TITLE = "IARC CI5 volume XII (pop.csv, with Registry.txt beside it)"

_AGES = tuple(f"P{age.replace('-', '_').rstrip('+')}" for age in FIVE_YEAR_AGES)
_POPULATION = ["REGISTRY", "SEX", "AGE_GROUP", *_AGES, "P_unk"]
_CANCERS = ["CANCER", "ICD-10", "LABEL"]
_REGISTRY = re.compile(r"(\d{9}) (?P<name>\S.*?) +(?P<first>\d{4})-(?P<last>\d{4})")
_SEXES = {"1": "male", "2": "female"}


def understands(document: Document) -> bool:
    """Say whether it is the person-years, the list of registries or the list of cancers."""
    return document.cells(1) == _POPULATION or _is_list(document)


def read(document: Document) -> Reading:
    """Read the person-years as the population of a mean year, in the middle of the registry's period.

    Cases stand in another file of the volume. AGE_GROUP says which group is the open-ended one: 16 is 75+, 18 and
    19 are 85+.
    """
    draft = Draft(document, NAME)
    if _is_list(document):
        lines = sum(bool(line.strip()) for line in document.lines)
        draft.leave("a list: it is read together with pop.csv", lines - (document.cells(1, "\t") == _CANCERS))
        return draft.reading()
    listing = document.sibling("registry")
    periods = _registries(listing) if listing else {}
    found: list[dict[str, object]] = []
    for line, row in draft.records(1):
        if row["REGISTRY"] not in periods:
            draft.leave("no period: Registry.txt is not beside the file, or does not name the registry")
            continue
        sex, top = _SEXES.get(row["SEX"]), draft.cell(row["AGE_GROUP"], line, "AGE_GROUP", whole=True)
        if sex is None:
            draft.complain(line, "SEX", row["SEX"], "is neither 1 (male) nor 2 (female)")
            continue
        if not isinstance(top, float) or not 1 <= top <= len(FIVE_YEAR_AGES) + 1:
            draft.complain(line, "AGE_GROUP", row["AGE_GROUP"], "is none of 1 to 19")
            continue
        name, first, last = periods[row["REGISTRY"]]
        country, region = country_and_region(name)
        for age, column in _groups(int(top)):
            persons = draft.cell(row[column], line, column)
            known = persons / (last - first + 1) if isinstance(persons, float) else np.nan
            if age != UNKNOWN or known > 0:
                found.append(
                    dict(zip(POPULATION_COLUMNS, (country, region, sex, (first + last) // 2, age, known), strict=True))
                )
        draft.leave("person-years of a whole period, and no cases: kept as the population of its mean year")
    populations = pd.DataFrame(found, columns=list(POPULATION_COLUMNS))
    return draft.reading(populations=populations.astype({"year": np.int64, "population": np.float64}))


def _groups(top: int) -> list[tuple[str, str]]:
    """Return age group and column up to the open-ended one, and the unknown age."""
    last = min(top, len(FIVE_YEAR_AGES)) - 1
    ages = [*FIVE_YEAR_AGES[:last], f"{last * 5}+"]
    return [*zip(ages, _AGES, strict=False), (UNKNOWN, "P_unk")]


def _registries(document: Document) -> dict[str, tuple[str, int, int]]:
    """Return name, first and last year by registry; stars before a name mark its data's quality."""
    found = (_REGISTRY.fullmatch(line.strip()) for line in document.lines)
    return {row[1]: (row["name"], int(row["first"]), int(row["last"])) for row in found if row}


def _is_list(document: Document) -> bool:
    return document.cells(1, "\t") == _CANCERS or _REGISTRY.fullmatch((document.lines or [""])[0].strip()) is not None
