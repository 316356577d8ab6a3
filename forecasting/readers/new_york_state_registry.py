"""New York State Cancer Registry: cases and deaths by year, three header lines of merged cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecasting.readers.reading import Draft

if TYPE_CHECKING:
    from forecasting.readers.reading import Document, Reading

NAME = "new_york_state_registry"
TITLE = "New York State Cancer Registry (incidence and mortality by year)"

_HEADER = 3
_SEXES = {"Males and Females": "both", "Males": "male", "Females": "female"}
_MEASURES = {"Incidence": "incidence", "Mortality": "mortality"}
_TALLIES = ("Cases", "Deaths")


def understands(document: Document) -> bool:
    """Say whether the three header lines are the registry's."""
    top, middle, bottom = (document.cells(line) for line in (1, 2, 3))
    return (
        top[:1] == ["Year of Diagnosis/Death"]
        and not set(_SEXES).isdisjoint(middle)
        and not set(_TALLIES).isdisjoint(bottom)
    )


def read(document: Document) -> Reading:
    """Read cases, deaths and age-adjusted rates (US 2000) of each sex and of both.

    The file does not name its cancer; it is melanoma where the file's name says so, and is left out otherwise.
    """
    draft = Draft(document, NAME, prefix="nys")
    rows = [line for line in range(_HEADER + 1, len(document.lines) + 1) if document.lines[line - 1].strip()]
    if "melanoma" not in document.name.lower():
        draft.leave("the file does not name its cancer; put melanoma into the file's name if it is that", len(rows))
        return draft.reading()
    measures, sexes = _filled(document.cells(1)), _filled(document.cells(2))
    names = document.cells(_HEADER)
    years = []
    for line in rows:
        cells = document.cells(line)
        if len(cells) != len(names):
            reason = f"has {len(cells)} cells, not {len(names)}"
            draft.complain(line, "the whole line", document.lines[line - 1][:60], reason)
            continue
        year = draft.year(cells[0], line, "Year of Diagnosis/Death")
        if year is None:
            continue
        years.append(year)
        for index in [index for index, name in enumerate(names) if name in _TALLIES]:
            draft.add(
                line,
                country="United States",
                region="New York State",
                sex=_SEXES[sexes[index]],
                cancer="melanoma",
                measure=_MEASURES[measures[index]],
                year=year,
                count=draft.cell(cells[index], line, f"{sexes[index]}, {names[index]}", whole=True),
                rate_asr=draft.cell(cells[index + 1], line, f"{sexes[index]}, {names[index + 1]}"),
                standard="us2000",
            )
    draft.source = "New York State Cancer Registry" + (f" {min(years)}-{max(years)}" if years else "")
    return draft.reading()


def _filled(names: list[str]) -> list[str]:
    """Return merged header cells, each over all of its columns."""
    filled: list[str] = []
    for name in names:
        filled.append(name or (filled[-1] if filled else ""))
    return filled
