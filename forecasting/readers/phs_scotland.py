"""Public Health Scotland's open data: a row a site, sex and year (or five years), ages wide, counts and then rates.

There is no population; count / rate gives it, best from the site with the most cases of that sex, year and age.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from forecasting.readers.periods import edition, several_years
from forecasting.readers.reading import Draft

if TYPE_CHECKING:
    from forecasting.readers.reading import Document, Reading

NAME = "phs_scotland"
TITLE = "Public Health Scotland, cancer incidence open data (annual, or five-year by health board)"

_NEEDED = ("CancerSiteICD10Code", "CancerSite", "Sex", "Year", "IncidencesAllAges", "CrudeRate", "EASR")
_CANCERS = {
    "C43": "melanoma",
    "C44": "nmsc",
    "C44, M-8090-8098": "bcc",
    "C44, M-8050-8078, M-8083-8084": "scc",
}
_SEXES = {"all": "both", "male": "male", "males": "male", "female": "female", "females": "female"}
_AGE = re.compile(r"Age(?:Under(?P<under>\d+)|(?P<first>\d+)To(?P<last>\d+)|(?P<over>\d+)AndOver)")
_SCOTLAND = "S92000003"
_PER = 1e5


def understands(document: Document) -> bool:
    """Say whether the columns are those of Public Health Scotland's incidence files."""
    return set(_NEEDED) <= set(document.cells(1))


def read(document: Document) -> Reading:
    """Return cases and derived populations by sex, year and age."""
    draft = Draft(document, NAME, prefix="phs")
    columns = _columns(document.cells(1))
    rows = list(draft.records(1))
    draft.source = edition("Public Health Scotland open data", (cells["Year"] for _, cells in rows))
    populations = _populations(draft, rows, columns)
    for line, cells in rows:
        cancer = _CANCERS.get(cells["CancerSiteICD10Code"])
        if cancer is None:
            draft.leave("other cancers than of the skin")
        elif several_years(cells["Year"]):
            draft.leave("periods of several years, not years")
        else:
            _add_row(draft, line, cells, cancer, columns, populations)
    return draft.reading()


def _columns(header: list[str]) -> dict[str, tuple[str, str]]:
    """Return the columns of count and rate by age group."""
    columns = {"all": ("IncidencesAllAges", "CrudeRate")}
    for name in header:
        if not name.startswith("Incidences") or (found := _AGE.fullmatch(name.removeprefix("Incidences"))) is None:
            continue
        if found["under"]:
            group = f"0-{int(found['under']) - 1}"
        else:
            group = f"{found['over']}+" if found["over"] else f"{found['first']}-{found['last']}"
        columns[group] = (name, f"IncidenceRate{found[0]}")
    return columns


def _populations(
    draft: Draft, rows: list[tuple[int, dict[str, str]]], columns: dict[str, tuple[str, str]]
) -> dict[tuple[str, str, str, str], float]:
    """Return persons by place, sex, year and age group, from the site with the most cases."""
    most: dict[tuple[str, str, str, str], tuple[float, float]] = {}
    silent = Draft(draft.document, NAME)  # cells of sites that are left out are not complained of
    place = draft.document.cells(1)[0]
    for line, cells in rows:
        for group, (count_name, rate_name) in columns.items():
            count = silent.cell(cells[count_name], line, count_name)
            rate = silent.cell(cells.get(rate_name), line, rate_name)
            key = (cells[place], cells["Sex"].lower(), cells["Year"], group)
            if isinstance(count, float) and isinstance(rate, float) and rate > 0 and count > most.get(key, (0, 0))[0]:
                most[key] = (count, round(count / rate * _PER))
    return {key: persons for key, (_, persons) in most.items()}


def _add_row(
    draft: Draft,
    line: int,
    cells: dict[str, str],
    cancer: str,
    columns: dict[str, tuple[str, str]],
    populations: dict[tuple[str, str, str, str], float],
) -> None:
    year = draft.year(cells["Year"], line, "Year")
    sex = _SEXES.get(cells["Sex"].lower())
    if sex is None:
        draft.complain(line, "Sex", cells["Sex"], "is not a sex")
    if year is None or sex is None:
        return
    place, code = next(iter(cells.items()))
    for group, (count_name, rate_name) in columns.items():
        whole = group == "all"
        if rate_name in cells:
            draft.cell(cells[rate_name], line, rate_name)  # a broken rate is told, though the population has others
        persons = populations.get((code, cells["Sex"].lower(), cells["Year"], group))
        draft.add(
            line,
            country="United Kingdom",
            region="Scotland" if code == _SCOTLAND else f"Scotland, {place} {code}",
            sex=sex,
            cancer=cancer,
            measure="incidence",
            year=year,
            age_group=group,
            count=draft.cell(cells[count_name], line, count_name, whole=True),
            population=persons,
            rate_asr=draft.cell(cells["EASR"], line, "EASR") if whole else None,
            standard="esp2013" if whole else "",
            note="population = count / rate of the largest site" if persons is not None else "",
        )
