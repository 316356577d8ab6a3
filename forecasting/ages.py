"""Counts and populations by age: one array a series, the oldest groups pooled where the population asks for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecasting.errors import SeriesRefused
from forecasting.table import ALL_AGES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

UNKNOWN_AGE = "unknown"
FIVE_YEARS = 5
# Registries end at 75+, 80+ or 85+; people of 85 and more are one group in every standard population here.
_OLDEST_OPEN = 85
_GROUP = re.compile(r"(\d+)-(\d+)|(\d+)\+|(\d+)")


@dataclass(frozen=True, order=True)
class AgeGroup:
    """Ages from `low` to below `end`, in completed years; `end` None is open, such as 85+."""

    low: int
    end: int | None

    @property
    def label(self) -> str:
        """The group as the counts table writes it: 40-44 or 85+."""
        return f"{self.low}+" if self.end is None else f"{self.low}-{self.end - 1}"


def age_group(label: str) -> AgeGroup:
    """Read 40-44, 85+ or a single year such as 7.

    Raises:
        SeriesRefused: for any other label, also for all and unknown, which are no group of ages.

    """
    found = _GROUP.fullmatch(label)
    if not found:
        raise SeriesRefused(f"{label!r} is not an age group such as 40-44 or 85+")
    low, last, open_low, single = found.groups()
    if open_low:
        return AgeGroup(int(open_low), None)
    group = AgeGroup(int(low or single), int(last or single) + 1)
    if group.end is None or group.end <= group.low:
        raise SeriesRefused(f"the age group {label!r} ends before it begins")
    return group


@dataclass(frozen=True)
class AgeCounts:
    """One series by year and age group: youngest group first, without a gap, the last one open.

    `counts` and `population` are float64 (years, ages); NaN where the table says nothing. `years` is int64
    (years,), without a gap. Cases of unknown age are not in `counts`.
    """

    series_id: str
    years: NDArray[np.int64]
    ages: tuple[AgeGroup, ...]
    counts: NDArray[np.float64]
    population: NDArray[np.float64]

    def until(self, year: int) -> AgeCounts:
        """Return what was known at an origin: the years up to `year`."""
        return self._rows(self.years <= year)

    def last(self, years: int) -> AgeCounts:
        """Return the last so many years."""
        return self._rows(self.years > self.years[-1] - years)

    def _rows(self, kept: NDArray[np.bool_]) -> AgeCounts:
        return AgeCounts(self.series_id, self.years[kept], self.ages, self.counts[kept], self.population[kept])

    def pooled(self) -> AgeCounts:
        """Return the years and ages for which rates can be computed.

        Groups from 85 on become 85+. A registry whose open group starts lower (75+) has cases in 80-84 but the
        people of that age in its last group: groups without people at the old end of any year are pooled, in
        every year, with the oldest that has some. Years before the first with a population are left out.

        Raises:
            SeriesRefused: no year has a population, or one misses within the ages or years that are left.

        """
        counts, population, ages = _merged(
            self.counts, self.population, self.ages, sum(group.low < _OLDEST_OPEN for group in self.ages)
        )
        has_people = np.nan_to_num(population) > 0
        known = np.asarray(has_people.any(axis=1))
        if not known.any():
            raise SeriesRefused(f"{self.series_id}: no population by age")
        kept = slice(int(np.argmax(known)), None)
        if not known[kept].all():
            year = int(self.years[kept][np.argmin(known[kept])])
            raise SeriesRefused(f"{self.series_id}: no population by age in {year}, though in years before it")
        oldest = min(len(ages) - int(np.argmax(row[::-1])) for row in has_people[kept])
        counts, population, ages = _merged(counts[kept], population[kept], ages, oldest - 1)
        for name, values in (("count", counts), ("population", population)):
            if np.isnan(values).any():
                row, column = np.argwhere(np.isnan(values))[0]
                where = f"{ages[column].label} in {self.years[kept][row]}"
                raise SeriesRefused(f"{self.series_id}: no {name} for the ages {where}")
        return AgeCounts(self.series_id, self.years[kept], ages, counts, population)


def _merged(
    counts: NDArray[np.float64], population: NDArray[np.float64], ages: tuple[AgeGroup, ...], first: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[AgeGroup, ...]]:
    """Pool the groups from number `first` on into one open group; people that are not known count as none."""
    if first >= len(ages) - 1:
        return counts, population, ages
    old_people = population[:, first:]
    people = np.where(np.isnan(old_people).all(axis=1), np.nan, np.nansum(old_people, axis=1))
    return (
        np.column_stack([counts[:, :first], counts[:, first:].sum(axis=1)]),
        np.column_stack([population[:, :first], people]),
        (*ages[:first], AgeGroup(ages[first].low, None)),
    )


def tiled(groups: Sequence[AgeGroup]) -> str:
    """Return "" where the groups cover every age from 0 once, oldest open; else what is wrong, as a sentence."""
    expected: int | None = 0
    for group in groups:
        if expected is None:
            return f"{group.label} comes after an open group"
        if group.low != expected:
            return (
                f"nothing for the ages {expected} to {group.low - 1}"
                if group.low > expected
                else (f"{group.label} overlaps the group before it")
            )
        expected = group.end
    return "" if expected is None else f"no open group from {expected} on"


def age_counts(table: pd.DataFrame, series_id: str) -> AgeCounts:
    """Return one yearly series of a counts table by year and age group.

    Raises:
        SeriesRefused: it has no age groups, they do not cover every age once, or a year is missing.

    """
    rows = table[(table["series_id"] == series_id) & (table["period_type"] == "year")]
    rows = rows[~rows["age_group"].isin((ALL_AGES, UNKNOWN_AGE))]
    if rows.empty:
        raise SeriesRefused(f"{series_id}: no counts by age")
    labels = {age_group(str(label)): str(label) for label in rows["age_group"].unique()}
    ages = tuple(sorted(labels, key=lambda group: group.low))
    if wrong := tiled(ages):
        raise SeriesRefused(f"{series_id}: {wrong}")
    years = np.unique(rows["year"].to_numpy(np.int64))
    if (np.diff(years) != 1).any():
        gap = int(np.argmax(np.diff(years) != 1))
        raise SeriesRefused(f"{series_id}: no counts by age between {years[gap]} and {years[gap + 1]}")
    names = [labels[group] for group in ages]
    counts, population = (
        rows.pivot_table(index="year", columns="age_group", values=name, aggfunc="first", dropna=False)
        .reindex(index=years, columns=names)
        .to_numpy(np.float64)
        for name in ("count", "population")
    )
    return AgeCounts(series_id, years, ages, counts, population)
