"""Registry of Utopia: year, sex and cases of melanoma, separated by semicolons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecasting.readers.reading import Draft

if TYPE_CHECKING:
    from forecasting.readers.reading import Document, Reading

NAME = "utopia"
TITLE = "Registry of Utopia (melanoma by year)"

_SEXES = {"w": "female", "m": "male"}


def understands(document: Document) -> bool:
    """Say whether the first line is the registry's header."""
    return document.cells(1, ";") == ["Year", "Sex", "Melanomas"]


def read(document: Document) -> Reading:
    """Read the cases of women and men; the registry's totals of several years are left out."""
    draft = Draft(document, NAME, prefix="utopia", source="Cancer Registry of Utopia")
    for line, row in draft.records(1, ";"):
        if "-" in row["Year"]:
            draft.leave("totals of several years")
            continue
        year, sex = draft.year(row["Year"], line, "Year"), _SEXES.get(row["Sex"])
        if sex is None:
            draft.complain(line, "Sex", row["Sex"], "is neither w nor m")
        if year is not None and sex is not None:
            count = draft.cell(row["Melanomas"], line, "Melanomas", whole=True)
            draft.add(line, country="Utopia", sex=sex, cancer="melanoma", measure="incidence", year=year, count=count)
    return draft.reading()
