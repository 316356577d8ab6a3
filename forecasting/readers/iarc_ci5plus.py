"""IARC CI5plus: one row a registry, sex, cancer, age and year, with its dictionaries beside it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from forecasting.readers.by_age import UNKNOWN, ByAge, add_by_age
from forecasting.readers.places import country_and_region
from forecasting.readers.reading import FIVE_YEAR_AGES, Draft, Suppressed

if TYPE_CHECKING:
    from forecasting.readers.reading import Document, Reading

NAME = "iarc_ci5plus"
TITLE = "IARC CI5plus (data.csv, with id_dict.csv and cancer_dict.csv beside it)"

_PREFIX = "ci5p"
_DATA = ["id_code", "sex", "cancer_code", "age", "cases", "py", "year"]
_PLACES = {"id_code", "id_label", "ethnic_code", "registry_code"}
_CANCERS = {"cancer_code", "cancer_label", "icd10"}
_SEXES = {"1": "male", "2": "female"}
_AGES = {str(number): age for number, age in enumerate((*FIVE_YEAR_AGES, UNKNOWN), start=1)}
_SKIN = {"C43": "melanoma", "C44": "nmsc"}
# Of the summary database, for a file whose dictionary is not at hand.
_MELANOMA = {"13": "melanoma"}
_EVERYBODY = "99"


def understands(document: Document) -> bool:
    """Say whether it is the data, or one of the three files that explain it."""
    header = document.cells(1)
    return header == _DATA or set(header) >= _PLACES or set(header) >= _CANCERS or bool(_edition(document))


def read(document: Document) -> Reading:
    """Read the skin cancers of each registry's whole population; all ages and both sexes are added up here.

    Without `id_dict.csv` a place is its id and no part of a population is told from the whole; without
    `cancer_dict.csv` 13 is melanoma, as in the summary database.
    """
    header = document.cells(1)
    draft = Draft(document, NAME, prefix=_PREFIX)
    if header != _DATA:
        rows = 1 if _edition(document) else sum(bool(line.strip()) for line in document.lines) - 1
        draft.leave("a dictionary: it is read together with data.csv", rows)
        return draft.reading()
    information = document.sibling("info.json")
    draft.source = f"IARC CI5plus summary {_edition(information) if information else ''}".strip()
    cancers, places, parts = _cancers(document), *_places(document)
    cells: dict[tuple[str, str, int], dict[str, ByAge]] = {}
    for line, row in draft.records(1):
        if row["cancer_code"] not in cancers:
            draft.leave("other cancers")
        elif row["id_code"] in parts:
            draft.leave("ethnic groups, beside the whole population")
        else:
            _note(draft, cells, line, row)
    for (place, cancer, year), sexes in cells.items():
        country, region = places.get(place, (place, ""))
        add_by_age(
            draft, sexes, {}, country=country, region=region, cancer=cancers[cancer], measure="incidence", year=year
        )
    return draft.reading()


def _note(draft: Draft, cells: dict[tuple[str, str, int], dict[str, ByAge]], line: int, row: dict[str, str]) -> None:
    year, sex, age = draft.year(row["year"], line, "year"), _SEXES.get(row["sex"]), _AGES.get(row["age"])
    if sex is None:
        draft.complain(line, "sex", row["sex"], "is neither 1 (male) nor 2 (female)")
    if age is None:
        draft.complain(line, "age", row["age"], "is none of 1 (0-4) to 18 (85+) and 19 (unknown)")
    if year is None or sex is None or age is None:
        return
    found = cells.setdefault((row["id_code"], row["cancer_code"], year), {}).setdefault(sex, ByAge(line))
    if age in found.counts:
        draft.complain(line, "age", row["age"], "comes again for the same place, sex, cancer and year")
        return
    # IARC keeps no count back: a mark here is a damaged cell.
    count = draft.cell(row["cases"], line, "cases", whole=True, suppressed=())
    persons = draft.cell(row["py"], line, "py", suppressed=())
    found.counts[age] = None if isinstance(count, Suppressed) else count
    # Nobody lives in an age group above the registry's open one: its persons stand in that one.
    found.populations[age] = None if isinstance(persons, Suppressed) or not persons else persons


def _cancers(document: Document) -> dict[str, str]:
    dictionary = document.sibling("cancer_dict")
    if dictionary is None:
        return _MELANOMA
    rows = [dict(row) for _, row in Draft(dictionary, NAME).records(1)]
    return {row["cancer_code"]: _SKIN[row["icd10"]] for row in rows if row.get("icd10") in _SKIN}


def _places(document: Document) -> tuple[dict[str, tuple[str, str]], set[str]]:
    """Return country and region by id, and the ids of parts of a population that stands there as a whole."""
    dictionary = document.sibling("id_dict")
    if dictionary is None:
        return {}, set()
    rows = [row for _, row in Draft(dictionary, NAME).records(1) if set(row) >= _PLACES]
    whole = {row["registry_code"] for row in rows if row["ethnic_code"] == _EVERYBODY}
    parts = {row["id_code"] for row in rows if row["ethnic_code"] != _EVERYBODY and row["registry_code"] in whole}
    return {row["id_code"]: country_and_region(row["id_label"]) for row in rows}, parts


def _edition(document: Document) -> str:
    """Return the edition that info.json names, "2024 v1.1"; "" for any other file."""
    if not document.text.lstrip().startswith("{"):
        return ""
    try:
        database = json.loads(document.text)["database"]
        name, version = str(database["name"]), str(database["version"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return version.replace(" ", " v") if name.startswith("CI5") else ""
