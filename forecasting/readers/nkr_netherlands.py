"""The Netherlands Cancer Registry's NKR cijfers, Dutch: `Totaal` beside the ages, `Man en vrouw` beside the sexes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecasting.readers.ages import age_group
from forecasting.readers.periods import edition
from forecasting.readers.reading import Draft

if TYPE_CHECKING:
    from forecasting.readers.reading import Document, Reading

NAME = "nkr_netherlands"
TITLE = "Netherlands Cancer Registry (NKR cijfers, IKNL), CSV"

_HEADER = ["Kankersoort", "Periode", "Geslacht", "Leeftijdsgroep", "Aantal"]
_CANCERS = {"Huidkanker": "skin_all"}
_SEXES = {"man": "male", "vrouw": "female", "man en vrouw": "both"}
_NOTE = "Huidkanker: invasive skin cancer without basal cell carcinoma"


def understands(document: Document) -> bool:
    """Say whether the header is Kankersoort;Periode;Geslacht;Leeftijdsgroep;Aantal."""
    return document.cells(1, ";") == _HEADER


def read(document: Document) -> Reading:
    """Return cases of skin cancer (without basal cell carcinoma) by age."""
    draft = Draft(document, NAME, prefix="nkr")
    rows = list(draft.records(1, ";"))
    draft.source = edition("Netherlands Cancer Registry (NKR)", (cells["Periode"] for _, cells in rows))
    for line, cells in rows:
        cancer = _CANCERS.get(cells["Kankersoort"])
        if cancer is None:
            draft.leave(f"another cancer: {cells['Kankersoort']}")
            continue
        year = draft.year(cells["Periode"], line, "Periode")
        sex = _SEXES.get(cells["Geslacht"].lower())
        if sex is None:
            draft.complain(line, "Geslacht", cells["Geslacht"], "is not a sex")
        try:
            age = age_group(cells["Leeftijdsgroep"])
        except ValueError as error:
            draft.complain(line, "Leeftijdsgroep", cells["Leeftijdsgroep"], str(error))
            continue
        if year is None or sex is None:
            continue
        draft.add(
            line,
            country="Netherlands",
            sex=sex,
            cancer=cancer,
            measure="incidence",
            year=year,
            age_group=age,
            count=draft.cell(cells["Aantal"], line, "Aantal", whole=True, thousands=".", decimal=","),
            note=_NOTE,
        )
    return draft.reading()
