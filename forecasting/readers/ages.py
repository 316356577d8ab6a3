"""Age groups: as publishers write them, as intervals, and the totals that may be derived from them.

A total is derived only where the registry gave none, and only from parts that cover everybody once.
"""

from __future__ import annotations

import itertools
import math
import re
from typing import TYPE_CHECKING

import pandas as pd

from forecasting.readers.reading import POPULATION_COLUMNS, series_id
from forecasting.table import ALL_AGES, COLUMNS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

SUM_OF_AGES, SUM_OF_SEXES = "sum of ages", "sum of sexes"
NOT_SUMMED = "not known: an age group is suppressed or empty"

_ALL = frozenset({"all", "all ages", "total", "totaal"})
_RANGE = re.compile(r"0*(\d{1,3}) ?(?:-|to) ?0*(\d{1,3})")
_OPEN = re.compile(r"0*(\d{1,3}) ?(?:\+|and over|and above|en ouder)")
_UNDER = re.compile(r"(?:under|<) ?(\d{1,3})(?: years?)?")
_SINGLE = re.compile(r"0*(\d{1,3})")


def age_group(text: object) -> str:
    """Return an age group as the counts table writes it: all, unknown, 40-44, 85+ or 7.

    Leading zeros (00-04), en dashes, blanks, "to", "and over" and "under 5" are understood.

    Raises:
        ValueError: when it is none.

    """
    plain = re.sub(r"\s+", " ", re.sub("[\u2010-\u2015\u2212]", "-", str(text))).strip().lower()
    if plain in _ALL:
        return ALL_AGES
    if plain == "unknown":
        return "unknown"
    if (found := _RANGE.fullmatch(plain)) and int(found[1]) < int(found[2]):
        return f"{int(found[1])}-{int(found[2])}"
    if found := _OPEN.fullmatch(plain):
        return f"{int(found[1])}+"
    if (found := _UNDER.fullmatch(plain)) and int(found[1]) > 0:
        return f"0-{int(found[1]) - 1}" if int(found[1]) > 1 else "0"
    if found := _SINGLE.fullmatch(plain):
        return str(int(found[1]))
    raise ValueError("is not an age group")


def bounds(group: str) -> tuple[float, float] | None:
    """Return the age group as [from, to) in years, to = inf where it is open; None for all and unknown."""
    if group.endswith("+"):
        return float(group[:-1]), math.inf
    if "-" in group:
        first, last = group.split("-")
        return float(first), float(last) + 1
    return (float(group), float(group) + 1) if group.isdigit() else None


def joined(groups: Iterable[str]) -> str:
    """Return the one age group that adjoining groups make together: 20-24 and 25-29 are 20-29; 0-4 to 85+ are all.

    Raises:
        ValueError: when they leave a gap, overlap, or are none.

    """
    spans = sorted(span for group in groups if (span := bounds(group)) is not None)
    if not spans or any(end != start for (_, end), (start, _) in itertools.pairwise(spans)):
        raise ValueError("are not adjoining age groups")
    start, end = spans[0][0], spans[-1][1]
    if math.isinf(end):
        return f"{start:g}+" if start else ALL_AGES
    return f"{start:g}-{end - 1:g}" if end - start > 1 else f"{start:g}"


def _fill(groups: Iterable[str], whole: str) -> bool:
    try:
        return joined(groups) == whole
    except ValueError:
        return False


def with_totals(table: pd.DataFrame, prefix: str) -> pd.DataFrame:
    """Return a counts table with the rows `all` and `both` that its publisher left to be added up.

    Ages are summed (with `unknown`) where a series has no row `all` in a period and its groups cover every age once;
    sexes where a period has female and male rows and no row `both`. A part that is not known makes the total not
    known, and suppressed where the part is. The note says "sum of ages" or "sum of sexes".

    Args:
        table: checked, of one file.
        prefix: of each series_id.

    """
    series = ["series_id", "source", "country", "region", "sex", "cancer", "measure", "period_type", "year", "month"]
    given = table.groupby(series, dropna=False)["age_group"].transform(lambda ages: (ages == ALL_AGES).any())
    parts = table[~given.astype(bool)]
    if len(parts):
        cover = parts.groupby(series, dropna=False)["age_group"].transform(_fill, ALL_AGES)
        sums = _sums(parts[cover.astype(bool)], series).assign(age_group=ALL_AGES)
        known = sums["count"].notna()
        sums["note"] = known.map({True: SUM_OF_AGES, False: NOT_SUMMED})
        table = _together(table, sums)

    place = ["source", "country", "region", "cancer", "measure", "period_type", "year", "month"]
    given = table.groupby(place, dropna=False)["sex"].transform(lambda sexes: (sexes == "both").any())
    cells = [*place, "age_group"]
    parts = table[~given.astype(bool)]
    pairs = parts.groupby(cells, dropna=False)["sex"].transform("nunique") if len(parts) else parts["sex"]
    parts = parts[pairs == 2]  # noqa: PLR2004 - female and male
    if len(parts):
        sums = _sums(parts, cells).assign(sex="both", note=SUM_OF_SEXES)
        sums["series_id"] = [
            series_id(
                prefix, f"{row['country']} {row['region']}", "both", row["cancer"], row["measure"], row["period_type"]
            )
            for row in sums.to_dict("records")
        ]
        table = _together(table, sums)
    return table


def _sums(parts: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return count and population summed by the keys, NaN where a part is; the flags where any part has them."""
    grouped = parts.assign(no_count=parts["count"].isna(), no_population=parts["population"].isna()).groupby(
        keys, dropna=False, sort=False
    )
    sums = grouped.agg(
        {
            "count": "sum",
            "population": "sum",
            "suppressed": "any",
            "provisional": "any",
            "no_count": "any",
            "no_population": "any",
        }
    ).reset_index()
    sums["count"] = sums["count"].where(~sums["no_count"])
    sums["population"] = sums["population"].where(~sums["no_population"])
    return sums.assign(rate_asr=math.nan, standard="")


def _together(table: pd.DataFrame, more: pd.DataFrame) -> pd.DataFrame:
    if more.empty:
        return table
    columns = list(COLUMNS)
    return pd.concat([table, more[columns].astype(table[columns].dtypes.to_dict())], ignore_index=True)


def regrouped(populations: pd.DataFrame, groups: Collection[str]) -> pd.DataFrame:
    """Return populations in other age groups, each summed from the published groups that lie in it.

    A group that the published ones do not fill exactly (85+ from 80+) is not in the answer.

    Args:
        populations: of `Reading.populations`; its rows `all` are not used.
        groups: such as 40-44, 85+ or all.

    """
    place = ["country", "region", "sex", "year"]
    spans = {age: span for age in populations["age_group"].unique() if (span := bounds(age)) is not None}
    pieces = []
    for group in groups:
        start, end = bounds(group) or (0.0, math.inf)
        ages = [age for age, (low, high) in spans.items() if start <= low and high <= end]
        inside = populations[populations["age_group"].isin(ages)]
        if inside.empty:
            continue
        filled = inside.groupby(place)["age_group"].transform(_fill, group)
        sums = inside[filled.astype(bool)].groupby(place, as_index=False)["population"].sum(min_count=1)
        pieces.append(sums.assign(age_group=group))
    if not pieces:
        return populations.iloc[:0]
    summed: pd.DataFrame = pd.concat(pieces, ignore_index=True)
    return summed[list(POPULATION_COLUMNS)]
