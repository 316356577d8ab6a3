"""Populations by age in the years to come, from their own past alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecasting.ages import FIVE_YEARS
from forecasting.errors import SeriesRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from forecasting.ages import AgeCounts, AgeGroup

# The ages whose number sets that of the children under five.
_PARENTS = (20, 45)
_RATE_YEARS = 10
ASSUMPTION = (
    "The population is projected from its own past: those who are 5 years older in 5 years are counted with the "
    "survival and migration of the last 10 years, and the children under 5 in proportion to the people of 20 to 44."
)


def projected_population(
    population: NDArray[np.float64], ages: Sequence[AgeGroup], horizon: int
) -> NDArray[np.float64]:
    """Project a population by age with cohort change ratios.

    The method of Hamilton and Perry (1962, Social Forces 41, 163-170) in steps of five years, from each of the
    last five years, so that every year to come has its own figures: P(a + 5, t + 5) = P(a, t) x ratio of the
    last five years' P(a + 5) to the P(a) of five years before. The open group comes from itself and the one
    below. Under 5: in proportion to 20-44, as in the last five years. No fertility, mortality or migration is
    assumed beyond what the last ten years showed.

    Args:
        population: persons or person-years, (years, ages), oldest year first, no year missing.
        ages: five-year groups from 0 on, the last one open.
        horizon: years to come.

    Returns:
        (horizon, ages).

    Raises:
        SeriesRefused: groups that are not of five years, fewer than six years, or a population not known.

    """
    years, groups = population.shape
    if any(group.low != FIVE_YEARS * number for number, group in enumerate(ages)) or len(ages) != groups:
        raise SeriesRefused(f"a population can be projected in five-year ages from 0-4 on, not in {_labels(ages)}")
    if years <= FIVE_YEARS:
        raise SeriesRefused(f"a population of {years} years is too short to be projected; it takes 6")
    if not np.isfinite(population).all() or (population < 0).any():
        raise SeriesRefused("a population with years or ages that are not known cannot be projected")
    pairs = min(FIVE_YEARS, years - FIVE_YEARS)
    earlier = population[years - FIVE_YEARS - pairs : years - FIVE_YEARS].sum(axis=0)
    later = population[years - pairs :].sum(axis=0)
    # Five years later: each group is where the next one was, the last two are together in the open one.
    ratios = _ratio(later[1:], np.append(earlier[:-2], earlier[-2] + earlier[-1]))
    parents = np.array([_PARENTS[0] <= group.low < _PARENTS[1] for group in ages])
    children_per_parent = _ratio(population[-FIVE_YEARS:, :1].sum(axis=0), population[-FIVE_YEARS:, parents].sum())
    found = np.vstack([population, np.zeros((horizon, groups))])
    for year in range(years, years + horizon):
        before = found[year - FIVE_YEARS]
        found[year, 1:] = ratios * np.append(before[:-2], before[-2] + before[-1])
        found[year, 0] = children_per_parent[0] * found[year, parents].sum()
    return found[years:]


def demographic_index(series: AgeCounts, horizon: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how many cases the people of each year would have at the same rates, the last year's being 1.

    A method that forecasts counts divided by it, and multiplies its forecasts with it again, leaves number and
    ages of the people to the population, which is known better than the risk. The rates by age are the means of
    the last ten years given, so nothing later is used.

    Args:
        series: as `AgeCounts.pooled` gives it, up to the origin.
        horizon: years to come.

    Returns:
        The index of the years of `series`, (years,), and of the years to come, (horizon,).

    Raises:
        SeriesRefused: as `projected_population`, or without a case in the last ten years.

    """
    recent = series.last(_RATE_YEARS)
    rates = _ratio(recent.counts.sum(axis=0), recent.population.sum(axis=0))
    past = series.population @ rates
    if not past.all():
        raise SeriesRefused(f"{series.series_id}: no case in the last {_RATE_YEARS} years at the ages that people have")
    future = projected_population(series.population, series.ages, horizon) @ rates
    return past / past[-1], future / past[-1]


def _ratio(later: NDArray[np.float64], earlier: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide; an age at which nobody lived before keeps the ratio 0."""
    return np.divide(later, earlier, out=np.zeros_like(later), where=np.asarray(earlier) > 0)


def _labels(ages: Sequence[AgeGroup]) -> str:
    return ", ".join(group.label for group in ages)
