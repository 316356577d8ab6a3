"""Pennsylvania Department of Health, EDDIE: cases, population and rates by year, title lines above the header."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from forecasting.readers.ages import age_group
from forecasting.readers.reading import MISSING_MARKS, SUPPRESSED_MARKS, Draft

if TYPE_CHECKING:
    from forecasting.readers.reading import Document, Reading

NAME = "pennsylvania_eddie"
TITLE = "Pennsylvania Department of Health, EDDIE (cancer incidence by year)"

_TITLE_LINES = 10
_COLUMNS = {"RateRatio", "Cancer_Site", "County", "Year", "Sex", "Race_Ethnicity", "Age", "Stage", "Count", "Pop"}
_SEXES = {"Total": "both", "Male": "male", "Female": "female"}
_STATE = "Pennsylvania"
# ND: not displayed.
_KEPT_BACK = SUPPRESSED_MARKS | {"nd"}


def understands(document: Document) -> bool:
    """Say whether one of the first lines has the columns of EDDIE."""
    return _header(document) > 0


def read(document: Document) -> Reading:
    """Read the invasive melanomas of all races, in the state and its counties, with age-adjusted rates (US 2000)."""
    draft = Draft(document, NAME, prefix="pa")
    header = _header(document)
    title = " ".join(document.lines[: header - 1])
    measure = "mortality" if re.search("death|mortality", title, flags=re.IGNORECASE) else "incidence"
    years = []
    for line, row in draft.records(header):
        if reason := _why_not(row):
            draft.leave(reason)
            continue
        year, sex = draft.year(row["Year"], line, "Year"), _SEXES.get(row["Sex"])
        if sex is None:
            draft.complain(line, "Sex", row["Sex"], f"is none of {', '.join(_SEXES)}")
        try:
            age = age_group(row["Age"])
        except ValueError as error:
            draft.complain(line, "Age", row["Age"], str(error))
            continue
        if year is None or sex is None:
            continue
        years.append(year)
        county = row["County"]
        draft.add(
            line,
            country="United States",
            region=county if county == _STATE else f"{county} County, {_STATE}",
            sex=sex,
            cancer="melanoma",
            measure=measure,
            year=year,
            age_group=age,
            count=draft.cell(row["Count"], line, "Count", whole=True, suppressed=_KEPT_BACK, missing=MISSING_MARKS),
            population=draft.cell(row["Pop"], line, "Pop"),
            rate_asr=draft.cell(row.get("RateRatioResult"), line, "RateRatioResult") if age == "all" else None,
            standard="us2000",
        )
    span = f" {min(years)}-{max(years)}" if years else ""
    draft.source = f"Pennsylvania Department of Health EDDIE{span}"
    return draft.reading()


def _why_not(row: dict[str, str]) -> str:
    if not row["Cancer_Site"].startswith("Melanoma"):
        return "other cancers"
    if row["RateRatio"] != "Age-Adjusted Rate":
        return f"{row['RateRatio']}: the same cases again"
    if row["Stage"] != "Invasive":
        return "by stage, beside all invasive ones"
    if row["Race_Ethnicity"] != "All Races":
        return "rows by race, beside all races"
    if re.fullmatch(r"\d{4} ?- ?\d{4}", row["Year"]):
        return f"totals of several years ({row['Year']})"
    return ""


def _header(document: Document) -> int:
    """Return the header's line, 0 where there is none."""
    return next((line for line in range(1, _TITLE_LINES) if set(document.cells(line)) >= _COLUMNS), 0)
