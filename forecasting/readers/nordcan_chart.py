"""NORDCAN's chart downloads: rates, wide, a label such as "Denmark, incidence, males" before the years.

A label that starts with a country has age-standardised rates; one that starts with an age group has age-specific rates
of a country that only the page showed. Rates cannot be turned into counts.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from forecasting.readers.reading import Draft

if TYPE_CHECKING:
    from forecasting.readers.reading import Document, Reading

NAME = "nordcan_chart"
TITLE = "NORDCAN chart download (rates by year, CSV)"

_LABEL = re.compile(r"(?P<of>.+), (?P<measure>incidence|mortality), (?P<sex>males|females|both sexes)", re.IGNORECASE)
_SEXES = {"males": "male", "females": "female", "both sexes": "both"}
_AGES = re.compile("\\d+[-\u2013]\\d+|\\d+\\+")
_NOTE = "rate only; the file does not name its standard, nor its cancer: that is from the file's name"


def understands(document: Document) -> bool:
    """Say whether the header is Label and years, and a label has NORDCAN's three parts."""
    header, first = document.cells(1), document.cells(2)
    return (
        len(header) > 1
        and header[0] == "Label"
        and all(re.fullmatch(r"\d{4}", name) for name in header[1:])
        and bool(first)
        and _LABEL.fullmatch(first[0]) is not None
    )


def read(document: Document) -> Reading:
    """Return age-standardised rates by country, sex and year; all counts are empty."""
    draft = Draft(document, NAME, prefix="nordcan-chart", source="NORDCAN chart")
    name = document.name.lower()
    cancer = None
    if "melanoma" in name:
        cancer = "nmsc" if re.search("non.?melanoma", name) else "melanoma"
    for line, cells in draft.records(1):
        label = _LABEL.fullmatch(cells["Label"])
        if label is None:
            draft.complain(line, "Label", cells["Label"], 'is not of the form "Denmark, incidence, males"')
            continue
        if _AGES.fullmatch(label["of"]):
            draft.leave("age-specific rates of a country and a cancer that the file does not name")
            continue
        if cancer is None:
            draft.leave("rates of a cancer that neither the file nor its name tells")
            continue
        for year, text in cells.items():
            if year == "Label":
                continue
            if text == "-":
                draft.leave("years without a rate (-)")
                continue
            rate = draft.cell(text, line, year)
            if not isinstance(rate, float):
                continue
            draft.add(
                line,
                country=label["of"],
                sex=_SEXES[label["sex"].lower()],
                cancer=cancer,
                measure=label["measure"].lower(),
                year=int(year),
                count=None,
                rate_asr=rate,
                note=_NOTE,
            )
    return draft.reading()
