"""Age-standardised rates: the rate of a population if its ages were those of a standard population."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from forecasting.ages import FIVE_YEARS, AgeGroup, age_group, tiled
from forecasting.errors import SeriesRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

PER = 100_000
# Ages that differ more in risk than this are not one group: a rate standardised over them says little.
_WIDEST_GROUP = 15
_LOWEST_OPEN_AGE = 75


@dataclass(frozen=True)
class Standard:
    """A standard population: persons in 0-4, 5-9 and so on, the last group open, and where it is from."""

    name: str
    title: str
    persons: tuple[int, ...]
    source: str

    @property
    def total(self) -> int:
        """All persons: 100,000 or a million."""
        return sum(self.persons)

    @property
    def groups(self) -> tuple[AgeGroup, ...]:
        """The age groups of `persons`."""
        ends = [FIVE_YEARS * (number + 1) for number in range(len(self.persons) - 1)]
        return tuple(AgeGroup(FIVE_YEARS * number, end) for number, end in enumerate([*ends, None]))


# fmt: off
_SEGI = (
    12_000, 10_000, 9_000, 9_000, 8_000, 8_000, 6_000, 6_000, 6_000, 6_000, 5_000, 4_000, 4_000, 3_000, 2_000,
    1_000, 500, 500,
)
_ESP1976 = (
    8_000, 7_000, 7_000, 7_000, 7_000, 7_000, 7_000, 7_000, 7_000, 7_000, 7_000, 6_000, 5_000, 4_000, 3_000,
    2_000, 1_000, 1_000,
)
_ESP2013 = (
    5_000, 5_500, 5_500, 5_500, 6_000, 6_000, 6_500, 7_000, 7_000, 7_000, 7_000, 6_500, 6_000, 5_500, 5_000,
    4_000, 2_500, 1_500, 1_000,
)
_US2000 = (
    69_135, 72_533, 73_032, 72_169, 66_478, 64_529, 71_044, 80_762, 81_851, 72_118, 62_716, 48_454, 38_793,
    34_264, 31_773, 26_999, 17_842, 15_508,
)
# fmt: on
STANDARDS = {
    standard.name: standard
    for standard in (
        Standard(
            "segi",
            "World (Segi 1960, as modified by Doll 1966)",
            _SEGI,
            "Doll, Payne, Waterhouse (eds), Cancer Incidence in Five Continents, UICC, 1966",
        ),
        Standard(
            "esp1976",
            "Europe 1976",
            _ESP1976,
            "Waterhouse et al. (eds), Cancer Incidence in Five Continents III, IARC Scientific Publications 15, 1976",
        ),
        Standard(
            "esp2013",
            "Europe 2013",
            _ESP2013,
            "Eurostat, Revision of the European Standard Population, 2013; 90+ is its 90-94 and 95+",
        ),
        Standard(
            "us2000",
            "United States 2000",
            _US2000,
            "US Census Bureau P25-1130 as SEER's standard million of 19 age groups; 0-4 is its 0 and 1-4",
        ),
    )
}


def standardised_rate(counts: ArrayLike, population: ArrayLike, ages: Sequence[str], standard: str) -> float:
    """Return the directly age-standardised rate per 100,000 person-years.

    Groups need not be those of the standard: both are pooled to the ages where groups of both begin, so 80+ or
    10-year groups are served. Groups at the old end that have cases and no people are pooled with the oldest
    that has people, which is how registries with 75+ are published. A group without a case has the rate 0 also
    where its population is not known (populations derived from counts and rates miss there).

    Args:
        counts: cases or deaths a group, (ages,).
        population: persons or person-years a group, (ages,); NaN: not known.
        ages: such as 40-44 and 85+, youngest first, every age from 0 in one group.
        standard: a key of `STANDARDS`.

    Raises:
        SeriesRefused: with what is missing: an age, a count, a population, or groups too wide to standardise.

    """
    if standard not in STANDARDS:
        raise SeriesRefused(f"{standard!r} is no standard population; there are {', '.join(STANDARDS)}")
    cases, people = np.asarray(counts, dtype=np.float64), np.asarray(population, dtype=np.float64)
    groups = [age_group(label) for label in ages]
    if not cases.shape == people.shape == (len(groups),):
        raise SeriesRefused(f"{cases.shape} counts and {people.shape} populations for {len(groups)} age groups")
    chosen = STANDARDS[standard]
    lows, standard_lows = [group.low for group in groups], [group.low for group in chosen.groups]
    oldest = max((low for low, persons in zip(lows, people, strict=True) if persons > 0), default=0)
    cuts = sorted(low for low in {*lows} & {*standard_lows} if low <= oldest)
    if problem := tiled(groups) or _unknown(cases, people, ages, oldest) or _too_wide(cuts):
        raise SeriesRefused(f"an age-standardised rate cannot be computed: {problem}")
    pooled_cases = _pooled(cases, lows, cuts)
    pooled_people = _pooled(np.nan_to_num(people), lows, cuts)
    weights = _pooled(np.array(chosen.persons, dtype=np.float64), standard_lows, cuts) / chosen.total
    empty = (pooled_people == 0) & (pooled_cases > 0)
    if empty.any():
        low = cuts[int(np.argmax(empty))]
        raise SeriesRefused(f"an age-standardised rate cannot be computed: cases, but nobody in the ages from {low} on")
    rates = np.divide(pooled_cases, pooled_people, out=np.zeros(len(cuts)), where=pooled_people > 0)
    return float(PER * (weights * rates).sum())


def _pooled(values: NDArray[np.float64], lows: Sequence[int], cuts: Sequence[int]) -> NDArray[np.float64]:
    """Sum the values of the groups that begin at `lows` between one cut and the next."""
    pieces = np.searchsorted(cuts, lows, side="right") - 1
    return np.bincount(pieces, values, len(cuts)).astype(np.float64)


def _unknown(cases: NDArray[np.float64], people: NDArray[np.float64], ages: Sequence[str], oldest: int) -> str:
    """Name the first group without a count or, where it has cases, without people; or say "".

    Past `oldest`, the group with the oldest people that are known, people are in that group.
    """
    for label, count, persons in zip(ages, cases, people, strict=True):
        if np.isnan(count):
            return f"the count of {label} is not known"
        if np.isnan(persons) and count and age_group(label).low <= oldest:
            return f"the population of {label} is not known"
        if count < 0 or persons < 0:
            return f"the count or the population of {label} is negative"
    return ""


def _too_wide(cuts: Sequence[int]) -> str:
    """Say which pooled group is wider than a standardised rate can bear, or ""."""
    if cuts[-1] < _LOWEST_OPEN_AGE:
        return f"the open group starts at {cuts[-1]}; it must start at {_LOWEST_OPEN_AGE} or later"
    for low, end in pairwise(cuts):
        if end - low > _WIDEST_GROUP:
            return f"the ages {low} to {end - 1} are one group; it may span {_WIDEST_GROUP} years at most"
    return ""
