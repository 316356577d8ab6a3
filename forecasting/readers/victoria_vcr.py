"""The Victorian Cancer Registry's workbook on one cancer: two rows a year and sex, cases and age-specific rates.

`Total cases` stands in the first row of a pair, `ASR` and `Crude rate` in the second. The standard of `ASR` is not
named.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from forecasting.readers.ages import age_group, with_totals
from forecasting.readers.periods import edition
from forecasting.readers.reading import Draft

if TYPE_CHECKING:
    from collections.abc import Iterator

    from forecasting.readers.reading import Document, Reading

NAME = "victoria_vcr"
TITLE = "Victorian Cancer Registry, one cancer's workbook (xlsx)"

_TITLE = re.compile(r"\(ICD-10: (?P<code>C\d\d)\) (?P<measure>incidence|mortality) in Victoria")
_HEADER = ["Year", "Sex", "Measure"]
_CANCERS = {"C43": "melanoma", "C44": "nmsc"}
_SEXES = {"males": "male", "females": "female", "persons": "both"}
_COUNTS, _RATES = ("cases", "deaths"), "age specific rate"
_TOTALS, _RATE_COLUMNS = ("Total cases", "Total deaths"), ("ASR", "Crude rate")
_PER, _ROUND_TO = 1e5, -2
_NOTE = "standard of the rate not named; population = count / crude rate, to the nearest hundred"


def understands(document: Document) -> bool:
    """Say whether a sheet's first cell reads "... (ICD-10: C43) incidence in Victoria ..."."""
    return any(_title(rows) is not None for rows in document.sheets.values())


def read(document: Document) -> Reading:
    """Return cases and deaths by age and sex."""
    draft = Draft(document, NAME, prefix="vcr")
    yearly = [rows for rows in document.sheets.values() if _title(rows) is not None]
    draft.source = edition("Victorian Cancer Registry", (row[0] for rows in yearly for row in rows if row))
    for sheet, rows in document.sheets.items():
        title = _title(rows)
        if title is None:
            if filled := sum(any(cell not in (None, "") for cell in row) for row in rows):
                draft.leave(f"the sheet {sheet.strip()!r}, which has no yearly cases", filled)
            continue
        pairs = list(_pairs(draft, sheet, rows))
        if title["code"] not in _CANCERS:
            draft.leave("other cancers than of the skin", 2 * len(pairs))
            continue
        for year, sex, lines in pairs:
            _add_pair(draft, sheet, (_CANCERS[title["code"]], title["measure"]), (year, sex), lines)
    return draft.reading(with_totals(draft.table(), draft.prefix))


def _title(rows: list[list[object]]) -> re.Match[str] | None:
    return _TITLE.search(str(rows[0][0])) if rows and rows[0] else None


_Lines = dict[str, tuple[int, dict[str, object]]]
"""The rows of a pair, by "count" and "rate": line and cells by column."""


def _pairs(draft: Draft, sheet: str, rows: list[list[object]]) -> Iterator[tuple[int, str, _Lines]]:
    """Yield (year, sex, rows of counts and of rates)."""
    start = next((line for line, row in enumerate(rows, start=1) if row[:3] == _HEADER), None)
    if start is None:
        draft.complain(1, sheet, str(rows[0][0])[:60], "has no header Year, Sex, Measure below it")
        return
    header = [str(cell) for cell in rows[start - 1]]
    pairs: dict[tuple[int, str], _Lines] = {}
    for line, row in enumerate(rows[start:], start=start + 1):
        if not any(cell not in (None, "") for cell in row):
            continue
        cells = dict(zip(header, [*row, *[None] * len(header)], strict=False))
        year = draft.year(cells["Year"], line, f"{sheet}, Year")
        sex = _SEXES.get(str(cells["Sex"]).lower())
        kind = str(cells["Measure"]).lower()
        if sex is None:
            draft.complain(line, f"{sheet}, Sex", str(cells["Sex"]), "is not a sex")
        if kind not in (*_COUNTS, _RATES):
            draft.complain(line, f"{sheet}, Measure", str(cells["Measure"]), "is neither counts nor rates")
        elif year is not None and sex is not None:
            pair = pairs.setdefault((year, sex), {})
            name = "rate" if kind == _RATES else "count"
            if name in pair:
                draft.complain(line, f"{sheet}, Measure", str(cells["Measure"]), f"comes twice for {year}, {sex}")
            else:
                pair[name] = (line, cells)
    for (year, sex), lines in pairs.items():
        yield year, sex, lines


def _add_pair(draft: Draft, sheet: str, what: tuple[str, str], when: tuple[int, str], lines: _Lines) -> None:
    (cancer, measure), (year, sex) = what, when
    if "count" not in lines:
        draft.complain(lines["rate"][0], f"{sheet}, Measure", _RATES, "has no row of counts beside it")
        return
    line, cells = lines["count"]
    rates = {
        name: draft.cell(lines["rate"][1].get(name), lines["rate"][0], f"{sheet}, {name}") if "rate" in lines else None
        for name in _RATE_COLUMNS
    }
    for name, text in cells.items():
        if name in _HEADER or name in _RATE_COLUMNS:
            continue
        total = name in _TOTALS
        try:
            group = "all" if total else age_group(name)
        except ValueError as error:
            draft.complain(line, f"{sheet}, header", name, str(error))
            continue
        count = draft.cell(text, line, f"{sheet}, {name}", whole=True)
        crude = rates["Crude rate"]
        persons = None
        if total and isinstance(count, float) and isinstance(crude, float) and crude > 0:
            persons = round(count / crude * _PER, _ROUND_TO)
        draft.add(
            line,
            country="Australia",
            region="Victoria",
            sex=sex,
            cancer=cancer,
            measure=measure,
            year=year,
            age_group=group,
            count=count,
            population=persons,
            rate_asr=rates["ASR"] if total else None,
            note=_NOTE if total else "",
        )
