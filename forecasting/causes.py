"""What a change of cases is associated with: more people, older people, or another risk at each age."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING, Literal

import numpy as np

from forecasting.errors import SeriesRefused
from forecasting.population import ASSUMPTION, projected_population

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from forecasting.ages import AgeCounts

Method = Literal["shapley", "sequential"]
# The years before the forecast that are its base: one year alone is too uneven by age.
BASE_YEARS = 5
_GROWTH, _AGEING, _RISK = range(3)

RISK_ASSUMPTION = (
    "The forecast gives cases of all ages; they are spread over the ages as in the years of the base. What the number "
    "and the ages of the people do not account for is called risk: it also holds changes of diagnosis, of screening "
    "and of what registries count, and the errors of both projections."
)
WORDING = (
    "Each part is associated with the change; that the change would not have come without it does not follow from it."
)


@dataclass(frozen=True)
class Split:
    """The change of yearly cases from one period to another, in three parts that sum to it exactly.

    `growth`: of the number of people; `ageing`: of their shares by age (and sex, where cells are of both);
    `risk`: of the rates in each cell. All in cases a year, each may be negative.
    """

    method: Method
    base_label: str
    last_label: str
    base: float
    growth: float
    ageing: float
    risk: float
    projected: bool = False

    @property
    def total(self) -> float:
        """The change: the sum of the three parts."""
        return self.growth + self.ageing + self.risk

    @property
    def last(self) -> float:
        """The cases of the later period."""
        return self.base + self.total

    @property
    def sentence(self) -> str:
        """The split in words."""
        verb = "is projected to change" if self.projected else "changed"
        total, growth, ageing, risk = (
            f"{round(part):+,d}" for part in (self.total, self.growth, self.ageing, self.risk)
        )
        return (
            f"From {self.base_label} to {self.last_label} the number of cases a year {verb} by {total}, "
            f"from {self.base:,.0f} to {self.last:,.0f}: {growth} are associated with the number of people, "
            f"{ageing} with their ages and {risk} with a change of risk at the same age."
        )


def split_change(
    first_cases: NDArray[np.float64],
    first_population: NDArray[np.float64],
    last_cases: NDArray[np.float64],
    last_population: NDArray[np.float64],
    *,
    labels: tuple[str, str],
    method: Method = "shapley",
    projected: bool = False,
) -> Split:
    """Split a change of cases into growth, ageing and risk.

    cases = N sum_a s_a r_a, with N people, their shares s_a and rates r_a in cell a. `shapley` is the mean over
    the six orders of exchanging N, s and r (Shapley 1953; Das Gupta 1993, Standardization and Decomposition
    of Rates, US Census Bureau P23-186, chapter 2, for three factors); `sequential` is the one order growth,
    ageing, risk, which gives to the later ones what they do together with the earlier.

    Args:
        first_cases: cases a year in each cell; a cell is an age, or an age of one sex, (cells,).
        first_population: people in each cell, (cells,).
        last_cases: of the later period, (cells,).
        last_population: of the later period, (cells,).
        labels: the names of the two periods, such as 1978-1982.
        method: how parts that factors share are divided.
        projected: whether the later period is a projection.

    Raises:
        SeriesRefused: nobody lives in one of the periods, or a cell has cases and no people.

    """
    rates = [
        _rates(cases, people, label)
        for cases, people, label in zip(
            (first_cases, last_cases), (first_population, last_population), labels, strict=True
        )
    ]
    # Where nobody lives in one period, its rate is not known: the other period's stands, so no risk changes.
    first_rate, last_rate = (
        np.where(np.isnan(rate), np.nan_to_num(other), rate) for rate, other in (rates, reversed(rates))
    )
    totals = (float(first_population.sum()), float(last_population.sum()))
    shares = (first_population / totals[0], last_population / totals[1])
    risks = (first_rate, last_rate)

    def cases_of(later: set[int]) -> float:
        """Return the cases with the factors named those of the later period, the others of the first."""
        return float(totals[_GROWTH in later] * (shares[_AGEING in later] * risks[_RISK in later]).sum())

    sequence = (_GROWTH, _AGEING, _RISK)
    orders = list(permutations(sequence)) if method == "shapley" else [sequence]
    parts = np.zeros(len(sequence))
    for order in orders:
        exchanged: set[int] = set()
        for factor in order:
            before = cases_of(exchanged)
            exchanged.add(factor)
            parts[factor] += (cases_of(exchanged) - before) / len(orders)
    growth, ageing, risk = (float(part) for part in parts)
    return Split(
        method, *labels, base=float(first_cases.sum()), growth=growth, ageing=ageing, risk=risk, projected=projected
    )


def split_years(
    series: Sequence[AgeCounts],
    first: tuple[int, int],
    last: tuple[int, int],
    method: Method = "shapley",
) -> Split:
    """Split the change between two spans of years, both ends included, of one series or of female and male.

    Cases and people are the means over the years of a span. With two series the cells are of sex and age.

    Raises:
        SeriesRefused: a year or a population is not known, or as `split_change`.

    """
    cells = [[_yearly(one, span) for one in series] for span in (first, last)]
    (first_cases, first_people), (last_cases, last_people) = (
        (np.concatenate([cases for cases, _ in parts]), np.concatenate([people for _, people in parts]))
        for parts in cells
    )
    labels = (_label(first), _label(last))
    return split_change(first_cases, first_people, last_cases, last_people, labels=labels, method=method)


def project_split(
    series: AgeCounts,
    projected_cases: NDArray[np.float64],
    *,
    future_population: NDArray[np.float64] | None = None,
    method: Method = "shapley",
) -> dict[str, Split]:
    """Split the projected change from the mean of the last five years to each year to come.

    What is assumed stands in `RISK_ASSUMPTION` and, for the population, in `population.ASSUMPTION`: the
    forecast's cases are spread over the ages as the base's rates would spread them over the people to come.

    Args:
        series: as `AgeCounts.pooled` gives it.
        projected_cases: the forecast's median of all ages, year by year after the last one, (horizon,).
        future_population: people by age, (horizon, ages), such as United Nations' World Population Prospects in
            the ages of `series`; without it the population is projected from its own past.
        method: as `split_change`.

    Returns:
        A split by year to come, such as "2031".

    Raises:
        SeriesRefused: no cases by age in the base, or a population that is not known or cannot be projected.

    """
    horizon = len(projected_cases)
    people = (
        projected_population(series.population, series.ages, horizon)
        if future_population is None
        else np.asarray(future_population, dtype=np.float64)
    )
    if people.shape != (horizon, len(series.ages)):
        raise SeriesRefused(f"the population to come is {people.shape}, not {(horizon, len(series.ages))}")
    end = int(series.years[-1])
    span = (max(end - BASE_YEARS + 1, int(series.years[0])), end)
    base_cases, base_people = _yearly(series, span)
    if base_cases.sum() == 0:
        raise SeriesRefused(f"{series.series_id}: no case in {_label(span)} to split a change from")
    rates = np.nan_to_num(_rates(base_cases, base_people, _label(span)))
    splits: dict[str, Split] = {}
    for step, cases in enumerate(projected_cases):
        expected = rates * people[step]
        if expected.sum() <= 0:
            raise SeriesRefused(f"{series.series_id}: nobody at the ages with cases in {end + step + 1}")
        year = str(end + step + 1)
        splits[year] = split_change(
            base_cases,
            base_people,
            expected * (float(cases) / expected.sum()),
            people[step],
            labels=(_label(span), year),
            method=method,
            projected=True,
        )
    return splits


def assumptions(*, given_population: str = "") -> tuple[str, ...]:
    """Return what `project_split` assumes, as sentences; `given_population` names the source of one that was given."""
    people = f"The population is that of {given_population}." if given_population else ASSUMPTION
    return (people, RISK_ASSUMPTION, WORDING)


def _yearly(series: AgeCounts, span: tuple[int, int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean yearly cases and people by age over a span of years."""
    kept = (series.years >= span[0]) & (series.years <= span[1])
    if kept.sum() != span[1] - span[0] + 1:
        raise SeriesRefused(f"{series.series_id}: not every year of {_label(span)} is known")
    return series.counts[kept].mean(axis=0), series.population[kept].mean(axis=0)


def _rates(cases: NDArray[np.float64], people: NDArray[np.float64], label: str) -> NDArray[np.float64]:
    """Return cases per person in each cell; NaN where nobody lives and nobody fell ill."""
    if not (np.isfinite(cases).all() and np.isfinite(people).all()) or (cases < 0).any() or (people < 0).any():
        raise SeriesRefused(f"{label}: a count or a population is not known or negative")
    if people.sum() == 0 or ((people == 0) & (cases > 0)).any():
        raise SeriesRefused(f"{label}: cases in an age without people; pool the oldest ages first")
    rates: NDArray[np.float64] = np.divide(cases, people, out=np.full(len(cases), np.nan), where=people > 0)
    return rates


def _label(span: tuple[int, int]) -> str:
    return str(span[0]) if span[0] == span[1] else f"{span[0]}-{span[1]}"
