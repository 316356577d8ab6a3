"""Krebsdaten of the ZfKD at the Robert Koch-Institut: a row a year, diagnosis and age group, a column a sex.

Numbers have a THOUSANDS DOT (1.047 is 1047). What was asked for (incidence or deaths, cases or rates) stands in a
second file of the download, metadaten.txt.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from forecasting.readers.ages import age_group, with_totals
from forecasting.readers.periods import edition
from forecasting.readers.reading import Draft

if TYPE_CHECKING:
    from forecasting.readers.reading import Document, Reading

NAME = "rki_zfkd"
TITLE = "Zentrum für Krebsregisterdaten im Robert Koch-Institut (Krebsdaten.csv with metadaten.txt)"

_HEADER = ["year", "diag", "AG", "weiblich", "maennlich"]
_SEXES = {"weiblich": "female", "maennlich": "male"}
_CODE = re.compile(r"\((C\d\d)\)")
_CANCERS = {"C43": "melanoma", "C44": "nmsc"}
# From metadaten.txt: * too few for an evaluation, <5 fewer than five; x no sensible combination.
_SUPPRESSED, _MISSING = frozenset({"*", "<5"}), frozenset({"", "x"})
_NOTE = "estimate for Germany"


def understands(document: Document) -> bool:
    """Say whether the header is year;diag;AG;weiblich;maennlich, or the text is the query that lies beside it."""
    return document.cells(1, ";")[: len(_HEADER)] == _HEADER or _is_query(document)


def read(document: Document) -> Reading:
    """Return cases (or deaths, where the metadata file says so) by age."""
    draft = Draft(document, NAME, prefix="rki")
    if _is_query(document):
        draft.leave("the query: it is read together with Krebsdaten.csv", len(document.lines))
        return draft.reading()
    companion = document.sibling("metadaten")
    asked = companion.text if companion else ""
    measure = "mortality" if re.search(r"Mortalität|Sterbefälle", asked) else "incidence"
    only_rates = bool(re.search(r"rate", asked, re.IGNORECASE)) and not re.search(r"Fallzahl|Sterbefälle", asked)
    note = _NOTE if companion else f"{_NOTE}; without metadaten.txt, taken as new cases"
    rows = list(draft.records(1, ";"))
    draft.source = edition("ZfKD/RKI Krebsdaten", (cells["year"] for _, cells in rows))
    for line, cells in rows:
        code = _CODE.search(cells["diag"])
        cancer = _CANCERS.get(code[1]) if code else None
        if cancer is None:
            draft.leave("other cancers than of the skin")
        elif only_rates:
            draft.leave("rates, as metadaten.txt says, and no cases")
        else:
            _add_row(draft, line, cells, (cancer, measure), note)
    return draft.reading(with_totals(draft.table(), draft.prefix))


def _is_query(document: Document) -> bool:
    return document.text.startswith("Datenstand:") and "Krebsregisterdaten" in document.text


def _add_row(draft: Draft, line: int, cells: dict[str, str], what: tuple[str, str], note: str) -> None:
    year = draft.year(cells["year"], line, "year")
    try:
        age = age_group(cells["AG"])
    except ValueError as error:
        draft.complain(line, "AG", cells["AG"], str(error))
        return
    if year is None:
        return
    for column, sex in _SEXES.items():
        count = draft.cell(
            cells[column],
            line,
            column,
            whole=True,
            thousands=".",
            decimal=",",
            suppressed=_SUPPRESSED,
            missing=_MISSING,
        )
        draft.add(
            line,
            country="Germany",
            sex=sex,
            cancer=what[0],
            measure=what[1],
            year=year,
            age_group=age,
            count=count,
            note=note,
        )
