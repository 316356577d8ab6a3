"""AIHW's melanoma of the skin by five-year age: a workbook, or a CSV whose `ASR` is the age-specific rate.

The workbook's second sheet has the totals with age-standardised rates, cases of unknown age in them; the CSV has none,
and its ages are added up. Neither names the country, nor the CSV the cancer: the layout is known from this publication
alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecasting.readers.ages import age_group, with_totals
from forecasting.readers.periods import edition
from forecasting.readers.reading import Draft

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from forecasting.readers.reading import Document, Reading

NAME = "aihw_melanoma_age"
TITLE = "AIHW melanoma of the skin by five-year age, Australia (xlsx or CSV)"

_CSV = ["Year", "Sex", "AgeGroup", "Count", "ASR"]
_BY_AGE = ["Year", "Sex", "Age-Group", "Count", "Age-specific-rate"]
_TOTALS = ["Year", "Sex", "Count", "Age-std-rate-segi", "ICD10"]
_SEXES = {"males": "male", "females": "female", "persons": "both"}
_MELANOMA = "C43"


def understands(document: Document) -> bool:
    """Say whether this is the CSV's header, or a workbook with the sheet by age."""
    if document.cells(1) == _CSV:
        return True
    return any(rows and [str(cell) for cell in rows[0]] == _BY_AGE for rows in document.sheets.values())


def read(document: Document) -> Reading:
    """Return cases by age, and totals."""
    draft = Draft(document, NAME, prefix="aihw")
    if document.cells(1) == _CSV:
        rows: list[tuple[int, str, Mapping[str, object]]] = [(line, "", cells) for line, cells in draft.records(1)]
        note = "the file names neither cancer nor country"
    else:
        rows = list(_sheet_rows(draft))
        note = ""
    draft.source = edition("AIHW Australian Cancer Database", (cells["Year"] for _, _, cells in rows))
    for line, sheet, cells in rows:
        _add_row(draft, line, sheet, cells, note)
    return draft.reading(with_totals(draft.table(), draft.prefix))


def _sheet_rows(draft: Draft) -> Iterator[tuple[int, str, Mapping[str, object]]]:
    for sheet, rows in draft.document.sheets.items():
        header = [str(cell) for cell in rows[0]] if rows else []
        if header != _BY_AGE and not set(_TOTALS) <= set(header):
            if filled := sum(any(cell not in (None, "") for cell in row) for row in rows):
                draft.leave(f"the sheet {sheet!r}, which has other columns", filled)
            continue
        for line, row in enumerate(rows[1:], start=2):
            if any(cell not in (None, "") for cell in row):
                yield line, f"{sheet}, ", dict(zip(header, [*row, *[None] * len(header)], strict=False))


def _add_row(draft: Draft, line: int, sheet: str, cells: Mapping[str, object], note: str) -> None:
    if cells.get("ICD10", _MELANOMA) != _MELANOMA:
        draft.leave("other cancers than of the skin")
        return
    year = draft.year(cells["Year"], line, f"{sheet}Year")
    sex = _SEXES.get(str(cells["Sex"]).lower())
    if sex is None:
        draft.complain(line, f"{sheet}Sex", str(cells["Sex"]), "is not a sex")
    name = "AgeGroup" if "AgeGroup" in cells else "Age-Group"
    try:
        age = age_group(cells[name]) if name in cells else "all"
    except ValueError as error:
        draft.complain(line, f"{sheet}{name}", str(cells[name]), str(error))
        return
    if year is None or sex is None:
        return
    segi = cells.get("Age-std-rate-segi")
    draft.add(
        line,
        country="Australia",
        sex=sex,
        cancer="melanoma",
        measure="incidence",
        year=year,
        age_group=age,
        count=draft.cell(cells["Count"], line, f"{sheet}Count", whole=True),
        rate_asr=draft.cell(segi, line, f"{sheet}Age-std-rate-segi"),
        standard="segi",
        note=note,
    )
