"""The Cancer Registry of Norway's statistics bank, as Stata file or CSV: a row a sex, period, region and stage.

`All stages` stands beside the stages and `Norge` (code 0) beside the counties. Three Meta_ columns carry the query;
they are no data. A period is a year, or five years joined by an en dash.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pandas as pd

from forecasting.errors import FileUnreadable
from forecasting.readers.ages import age_group, with_totals
from forecasting.readers.periods import edition, several_years
from forecasting.readers.reading import Draft

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from forecasting.readers.reading import Document, Reading

NAME = "norway_statistics_bank"
TITLE = "Cancer Registry of Norway, statistics bank (Stata .dta or CSV)"

_STATA = b"<stata_dta>"
_COLUMNS = ("ICD_10", "Gender", "Age", "Year", "RegionCode", "Region", "ASR_Norway", "Cases", "Person_years")
_CANCERS = {"C43": "melanoma", "C44": "nmsc"}
_SEXES = {"female": "female", "male": "male", "both sexes": "both", "all": "both"}
_WHOLE_COUNTRY = "0"


def understands(document: Document) -> bool:
    """Say whether the columns are the statistics bank's."""
    if document.raw.startswith(_STATA):
        return all(name.encode() in document.raw for name in _COLUMNS)
    return set(_COLUMNS) <= set(document.cells(1))


def read(document: Document) -> Reading:
    """Return cases and person-years of single years, all stages together.

    Raises:
        FileUnreadable: when the Stata file is damaged.

    """
    draft = Draft(document, NAME, prefix="crn")
    rows = list(_stata_rows(document) if document.raw.startswith(_STATA) else draft.records(1))
    draft.source = edition("Cancer Registry of Norway statistics bank", (cells["Year"] for _, cells in rows))
    for line, cells in rows:
        _read_row(draft, line, cells)
    return draft.reading(with_totals(draft.table(), draft.prefix))


def _stata_rows(document: Document) -> Iterator[tuple[int, Mapping[str, object]]]:
    try:
        table = pd.read_stata(io.BytesIO(document.raw), convert_categoricals=True)
    except Exception as error:  # damaged files make the parser raise anything
        raise FileUnreadable(f"{document.path} is a damaged Stata file: {error}.") from error
    for row, values in enumerate(table.astype(object).to_dict("records"), start=1):
        yield row, {str(name): "" if pd.isna(value) else value for name, value in values.items()}


def _read_row(draft: Draft, line: int, cells: Mapping[str, object]) -> None:
    cancer = _CANCERS.get(str(cells["ICD_10"]))
    if cancer is None:
        draft.leave("other cancers than of the skin")
    elif cells.get("Stage", "All stages") != "All stages":
        draft.leave("stages, beside the rows of all stages")
    elif several_years(cells["Year"]):
        draft.leave("periods of several years, not years")
    else:
        _add_row(draft, line, cells, cancer)


def _add_row(draft: Draft, line: int, cells: Mapping[str, object], cancer: str) -> None:
    year = draft.year(cells["Year"], line, "Year")
    sex = _SEXES.get(str(cells["Gender"]).lower())
    if sex is None:
        draft.complain(line, "Gender", str(cells["Gender"]), "is not a sex")
    try:
        age = age_group(cells["Age"])
    except ValueError as error:
        draft.complain(line, "Age", str(cells["Age"]), str(error))
        return
    if year is None or sex is None:
        return
    draft.add(
        line,
        country="Norway",
        region="" if str(cells["RegionCode"]) == _WHOLE_COUNTRY else str(cells["Region"]),
        sex=sex,
        cancer=cancer,
        measure="incidence",
        year=year,
        age_group=age,
        count=draft.cell(cells["Cases"], line, "Cases", whole=True),
        population=draft.cell(cells["Person_years"], line, "Person_years"),
        rate_asr=draft.cell(cells["ASR_Norway"], line, "ASR_Norway"),
        standard="Norway 2014",
        note="population = person-years",
    )
