"""NORDCAN's API: JSON blocks of one country, sex and measure, an object a year, each value a list of one.

`ages` and `populations` are keyed 1 (0-4) to 18 (85+). `total`, `total_pop` and `asr` follow the ages that were asked
for, so they are taken only where these are all ages.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from forecasting.errors import FileUnreadable
from forecasting.readers.ages import with_totals
from forecasting.readers.reading import FIVE_YEAR_AGES, Draft

if TYPE_CHECKING:
    from collections.abc import Iterator

    from forecasting.readers.reading import Document, Reading

NAME = "nordcan_api"
TITLE = "NORDCAN (Association of the Nordic Cancer Registries, IARC), JSON of the API"

_SEXES: dict[object, str] = {0: "both", 1: "male", 2: "female"}
_MEASURES: dict[object, str] = {0: "incidence", 1: "mortality"}
_EDITION = re.compile(r"/nordcan/v(\d+)/(\d+?)(\d)/")
_KEYS = ('"cancer_label"', '"ages"', '"populations"', '"total_pop"')
_ROUNDING = 1.0
"""Persons by which a total of populations may differ from their sum."""


def understands(document: Document) -> bool:
    """Say whether this is JSON with the API's keys."""
    return document.text.lstrip()[:1] in ("[", "{") and all(key in document.text for key in _KEYS)


def read(document: Document) -> Reading:
    """Return cases or deaths by age.

    Raises:
        FileUnreadable: when the JSON is damaged.

    """
    try:
        parsed = json.loads(document.text)
    except (ValueError, RecursionError) as error:
        raise FileUnreadable(f"{document.path} is damaged JSON: {error}.") from error
    edition = _EDITION.search(document.text)
    source = f"NORDCAN {edition[1]}.0 API ({edition[2]}.{edition[3]})" if edition else "NORDCAN API"
    draft = Draft(document, NAME, prefix="nordcan", source=source)
    for where, year in _years(parsed):
        _read_year(draft, where, year)
    return draft.reading(with_totals(draft.table(), draft.prefix))


def _years(parsed: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (where it stands, its values) for each year of each block, or of a bare list of years."""
    for number, block in enumerate(parsed if isinstance(parsed, list) else [parsed], start=1):
        years = block.get("data", [block]) if isinstance(block, dict) else [block]
        for place, year in enumerate(years if isinstance(years, list) else [years], start=1):
            where = f"block {number}, item {place}"
            yield where, {name: _only(value) for name, value in year.items()} if isinstance(year, dict) else {}


def _only(value: Any) -> Any:
    """Return the value of a list of one; None for the API's empty values, {} and []."""
    if isinstance(value, list) and len(value) <= 1:
        return value[0] if value else None
    return None if value == {} else value


def _read_year(draft: Draft, where: str, year: dict[str, Any]) -> None:
    label = str(year.get("cancer_label", "")).lower()
    if "melanoma" not in label:
        draft.leave("other cancers than of the skin")
        return
    sex, measure = _SEXES.get(_code(year.get("sex"))), _MEASURES.get(_code(year.get("type")))
    for name, known in (("sex", sex), ("type", measure), ("label", year.get("label"))):
        if known is None:
            draft.complain(None, f"{where}, {name}", str(year.get(name)), "is not understood")
    period = draft.year(year.get("year"), None, f"{where}, year")
    if sex is None or measure is None or period is None or year.get("label") is None:
        return
    country = str(year["label"])
    cancer = "nmsc" if "non-melanoma" in label else "melanoma"
    cells = {name: year[name] if isinstance(year.get(name), dict) else {} for name in ("ages", "populations")}
    populations: list[float | None] = []
    for key, group in enumerate(FIVE_YEAR_AGES, start=1):
        place = f"{where} ({country} {period}), key {key} of"
        count = draft.cell(_only(cells["ages"].get(str(key))), None, f"{place} ages", whole=True)
        persons = draft.cell(_only(cells["populations"].get(str(key))), None, f"{place} populations")
        populations.append(persons if isinstance(persons, float) else None)
        draft.add(
            None,
            country=country,
            sex=sex,
            cancer=cancer,
            measure=measure,
            year=period,
            age_group=group,
            count=count,
            population=persons,
        )
    total = draft.cell(year.get("total"), None, f"{where}, total", whole=True)
    persons = draft.cell(year.get("total_pop"), None, f"{where}, total_pop")
    known = [value for value in populations if value is not None]
    everybody = isinstance(persons, float) and len(known) == len(populations) and abs(sum(known) - persons) < _ROUNDING
    if total is None or not everybody:
        draft.leave("totals and rates of the ages that were asked for, not of all ages")
        return
    draft.add(
        None,
        country=country,
        sex=sex,
        cancer=cancer,
        measure=measure,
        year=period,
        count=total,
        population=persons,
        rate_asr=draft.cell(year.get("asr"), None, f"{where}, asr"),
        standard="segi",
    )


def _code(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
