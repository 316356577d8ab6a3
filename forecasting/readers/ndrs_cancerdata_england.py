"""NDRS CancerData (England): a row a site; the ages chosen on the page stand joined in one cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecasting.readers.ages import age_group, joined
from forecasting.readers.reading import MISSING_MARKS, Draft
from forecasting.table import ALL_AGES

if TYPE_CHECKING:
    from forecasting.readers.reading import Document, Reading

NAME = "ndrs_cancerdata_england"
TITLE = "NDRS CancerData (England), incidence download"

_NEEDED = ("Year", "Gender", "Age_at_Diagnosis", "Geography_name", "ICD10_code", "Count", "Type_of_rate", "Rate")
_CANCERS = {"C43": "melanoma", "C44": "nmsc"}
_SEXES = {"persons": "both", "male": "male", "males": "male", "female": "female", "females": "female"}
# Shorthand of official UK statistics: [c] confidential; [u] unreliable, [x] not available, [z] not applicable.
_SUPPRESSED = frozenset({"[c]", "c"})
_MISSING = MISSING_MARKS | {"[u]", "[x]", "[z]"}


def understands(document: Document) -> bool:
    """Say whether the columns are CancerData's."""
    return set(_NEEDED) <= set(document.cells(1))


def read(document: Document) -> Reading:
    """Return cases of skin cancer; ages that adjoin become one group, such as 20-49."""
    draft = Draft(document, NAME, prefix="ndrs", source="NDRS CancerData (England)")
    for line, cells in draft.records(1):
        cancer = _CANCERS.get(cells["ICD10_code"])
        if cancer is None:
            draft.leave("other cancers than of the skin, and groups that contain it with others")
        else:
            _add_row(draft, line, cells, cancer)
    return draft.reading()


def _add_row(draft: Draft, line: int, cells: dict[str, str], cancer: str) -> None:
    year = draft.year(cells["Year"], line, "Year")
    sex = _SEXES.get(cells["Gender"].lower())
    if sex is None:
        draft.complain(line, "Gender", cells["Gender"], "is not a sex")
    try:
        groups = [age_group(part) for part in cells["Age_at_Diagnosis"].split(",")]
        age = groups[0] if len(groups) == 1 else joined(groups)
    except ValueError as error:
        draft.complain(line, "Age_at_Diagnosis", cells["Age_at_Diagnosis"], str(error))
        return
    if year is None or sex is None:
        return
    rate = draft.cell(cells["Rate"], line, "Rate", suppressed=_SUPPRESSED, missing=_MISSING)
    standardised = age == ALL_AGES and "standardised" in cells["Type_of_rate"].lower()
    draft.add(
        line,
        country="United Kingdom",
        region=cells["Geography_name"],
        sex=sex,
        cancer=cancer,
        measure="incidence",
        year=year,
        age_group=age,
        count=draft.cell(cells["Count"], line, "Count", whole=True, suppressed=_SUPPRESSED, missing=_MISSING),
        rate_asr=rate if standardised else None,
        standard="" if not standardised else "esp2013",
        note=f"ages chosen on the page: {age}" if len(groups) > 1 else "",
    )
