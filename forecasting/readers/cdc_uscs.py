"""CDC U.S. Cancer Statistics: the files BYSITE, BYAREA and BYAGE, old releases and new, columns in any order."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from forecasting.readers.ages import age_group, with_totals
from forecasting.readers.reading import SUPPRESSED_MARKS, Draft

if TYPE_CHECKING:
    from forecasting.readers.reading import Document, Reading

NAME = "cdc_uscs"
TITLE = "CDC U.S. Cancer Statistics (BYSITE, BYAREA, BYAGE)"

_PREFIX = "uscs"
_COLUMNS = {"YEAR", "RACE", "SEX", "SITE", "EVENT_TYPE", "COUNT", "POPULATION"}
_SEXES = {"Male": "male", "Female": "female", "Male and Female": "both"}
_EVENTS = {"Incidence": "incidence", "Mortality": "mortality"}
# Fewer than 16 cases are kept back, as ~ or as a blank.
_KEPT_BACK = SUPPRESSED_MARKS | {""}
# Regions and divisions of the Census Bureau: sums of the states, which stand beside them.
_SUMS_OF_STATES = frozenset(
    {
        "Northeast",
        "Midwest",
        "South",
        "West",
        "New England",
        "Middle Atlantic",
        "East North Central",
        "West North Central",
        "South Atlantic",
        "East South Central",
        "West South Central",
        "Mountain",
        "Pacific",
    }
)


def understands(document: Document) -> bool:
    """Say whether the first line has the columns of a USCS file, in any order."""
    return set(document.cells(1, "|")) >= _COLUMNS


def read(document: Document) -> Reading:
    """Read the melanomas of all races: by area in BYAREA, by age in BYAGE, of the whole country in BYSITE.

    Rates are kept where they are age-adjusted (US 2000 standard population); BYAGE's are age-specific and are not.
    """
    draft = Draft(document, NAME, prefix=_PREFIX)
    years: dict[str, set[int]] = {}
    kind = next((f"BY{name}" for name in ("AREA", "AGE") if name in document.cells(1, "|")), "BYSITE")
    for line, row in draft.records(1, "|"):
        if re.fullmatch(r"\d{4}-\d{4}", row["YEAR"]):
            draft.leave(f"five-year totals among the years ({row['YEAR']})")
            continue
        measure, year = _EVENTS.get(row["EVENT_TYPE"]), draft.year(row["YEAR"], line, "YEAR")
        if measure is None:
            draft.complain(line, "EVENT_TYPE", row["EVENT_TYPE"], "is neither Incidence nor Mortality")
        if measure is None or year is None:
            continue
        years.setdefault(measure, set()).add(year)
        if reason := _why_not(row):
            draft.leave(reason)
        else:
            _add(draft, line, row, measure, year)
    draft.source = f"CDC U.S. Cancer Statistics {kind} {_span(years)}".strip()
    return draft.reading(with_totals(draft.table(), _PREFIX) if kind == "BYAGE" else None)


def _span(years: dict[str, set[int]]) -> str:
    """Return the years of a release as it is cited: 1999-2022/2023 where deaths are known longer than cases."""
    if not years:
        return ""
    first = min(min(found) for found in years.values())
    last = sorted({max(found) for found in years.values()})
    return f"{first}-{'/'.join(map(str, last))}"


def _why_not(row: dict[str, str]) -> str:
    site = re.sub(r"<[^>]*>", "", row["SITE"])
    if not site.startswith("Melanoma"):
        if "Skin" in site:
            return f"{site}: neither C43 nor all of C44"
        return "other cancers"
    if "in situ" in site.lower():
        return "melanomas in situ"
    if not row["RACE"].startswith("All Races"):
        return "rows by race, beside all races"
    if row.get("AREA", "") in _SUMS_OF_STATES:
        return "regions and divisions, beside the states"
    return ""


def _add(draft: Draft, line: int, row: dict[str, str], measure: str, year: int) -> None:
    sex = _SEXES.get(row["SEX"])
    if sex is None:
        draft.complain(line, "SEX", row["SEX"], f"is none of {', '.join(_SEXES)}")
        return
    try:
        age = "0" if row.get("AGE") == "<1" else age_group(row.get("AGE", "all"))
    except ValueError as error:
        draft.complain(line, "AGE", row["AGE"], str(error))
        return
    area = row.get("AREA", "United States")
    # Puerto Rico is no part of the country's total.
    country = area if area == "Puerto Rico" else "United States"
    draft.add(
        line,
        country=country,
        region="" if area.startswith(country) else area,
        sex=sex,
        cancer="melanoma",
        measure=measure,
        year=year,
        age_group=age,
        count=draft.cell(row["COUNT"], line, "COUNT", whole=True, suppressed=_KEPT_BACK),
        population=draft.cell(row["POPULATION"], line, "POPULATION"),
        rate_asr=draft.cell(row.get("AGE_ADJUSTED_RATE"), line, "AGE_ADJUSTED_RATE"),
        standard="us2000",
    )
