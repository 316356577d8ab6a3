"""SEER*Explorer: age-adjusted rates by year, groups side by side; no counts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from forecasting.readers.reading import Draft

if TYPE_CHECKING:
    from forecasting.readers.reading import Document, Reading

NAME = "seer_explorer"
TITLE = "SEER*Explorer (recent trends of rates)"

_TITLE_LINES = 10
_RATE = "Rate per 100,000"
_GROUPS = {
    "Both Sexes": "both",
    "Female": "female",
    "Male": "male",
    "All Races / Ethnicities": "both",
    "All Races/Ethnicities": "both",
}


def understands(document: Document) -> bool:
    """Say whether the titles name SEER, and two header lines follow: groups over rates."""
    line = _header(document)
    return line > 0 and any("SEER" in title for title in document.lines[: line - 1])


def read(document: Document) -> Reading:
    """Read the observed or delay-adjusted rates of melanoma by sex; the count is not known.

    Delay-adjusted rates are another series than observed ones; trend lines, races, ages and stages are left out.
    """
    header = _header(document)
    titles = [document.cells(line)[0] for line in range(1, header) if document.cells(line)]
    title = " ".join(titles)
    delayed = "Delay-adjusted" in title
    mortality = "Mortality" in title
    draft = Draft(document, NAME, prefix="seer-delay-adjusted" if delayed else "seer")
    areas = re.search(r"SEER \d+ registries", document.text)
    submission = re.search(r"(\w+ \d{4}) Submission", document.text)
    draft.source = ", ".join(
        [f"SEER*Explorer {'delay-adjusted' if delayed else 'observed'} rates", *([submission[0]] if submission else [])]
    )
    columns = _columns(document.cells(header - 1), document.cells(header), title)
    if not re.match(r"Melanoma of the Skin$", titles[0]):
        draft.leave(f"{titles[0]}: not skin cancer alone", sum(1 for _ in _years(draft, header)))
        return draft.reading()
    for line, cells in _years(draft, header):
        year = draft.year(cells[0], line, "Year")
        for index, sex, reason in columns:
            if reason:
                draft.leave(reason)
            elif year is not None:
                draft.add(
                    line,
                    country="United States",
                    region="" if mortality else areas[0] if areas else "SEER registries",
                    sex=sex,
                    cancer="melanoma",
                    measure="mortality" if mortality else "incidence",
                    year=year,
                    count=None,
                    rate_asr=draft.cell(cells[index], line, f"{_RATE}, column {index + 1}"),
                    standard="us2000" if "2000 US Std" in document.text else "",
                    note="delay-adjusted: an estimate of what will be registered" if delayed else "",
                )
    return draft.reading()


def _columns(groups: list[str], names: list[str], title: str) -> list[tuple[int, str, str]]:
    """Return index, sex and, for what is left out, the reason of each column that holds a rate."""
    one_sex = next((sex for words, sex in _GROUPS.items() if f"{words}," in f"{title},"), "both")
    found = []
    for index, (group, name) in enumerate(zip(groups, names, strict=False)):
        if name.startswith("Modeled Rate"):
            found.append((index, "", "trend lines: a fit, not data"))
        elif name == _RATE:
            sex = one_sex if group.startswith("All Races") else _GROUPS.get(group, "")
            reason = "" if sex else f"{group}: a part of the population"
            found.append((index, sex, reason if "All Ages" in title else "rates of an age group"))
    return found


def _years(draft: Draft, header: int) -> list[tuple[int, list[str]]]:
    """Return the lines of years, up to the first blank one; a line of another length is a complaint."""
    document, found = draft.document, []
    width = len(document.cells(header))
    for line in range(header + 1, len(document.lines) + 1):
        if not document.lines[line - 1].strip():
            break
        cells = document.cells(line)
        if len(cells) == width:
            found.append((line, cells))
        else:
            draft.complain(
                line, "the whole line", document.lines[line - 1][:60], f"has {len(cells)} cells, not {width}"
            )
    return found


def _header(document: Document) -> int:
    """Return the line of the lower header, 0 where there is none."""
    for line in range(2, _TITLE_LINES):
        names = document.cells(line)
        if names and names[0].startswith("Year of") and _RATE in names:
            return line
    return 0
