"""Nordpred: an age-period-cohort model of rates with a power-5 link, its drift cut in the years to come.

Moller, Fekjaer, Hakulinen et al. (2003), Prediction of cancer incidence in the Nordic countries: empirical
comparison of different approaches, Statistics in Medicine 22, 2751-2766; as in the Cancer Registry of Norway's
functions of that name: Poisson cases with (cases / person-years)^0.2 = age + drift x period + period + cohort.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import chi2

from forecasting.errors import SeriesRefused
from forecasting.population import projected_population

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from forecasting.ages import AgeGroup

POWER = 5
PERIOD_YEARS = 5
FEWEST_PERIODS = 4
_MOST_PERIODS = 6
# The share of the drift that is cut in the first, second ... period to come.
DRIFT_CUT = (0.0, 0.25, 0.5, 0.75, 0.75)
# An age group is in the model where it and every older one have so many cases in all periods together.
FEWEST_CASES = 10
_POOR_FIT = 0.01
_TREND_BENDS = 0.05
_TOLERANCE = 1e-9
_STEPS = 100
_SMALLEST_ROOT = 1e-4


@dataclass(frozen=True)
class Fit:
    """Nordpred's model of the last `periods` five-year periods.

    `age` belongs to the age groups from `first_age` on, `cohort` to birth cohorts, oldest first: age group a
    (counted from the oldest, 0) in period p (from 0) is in cohort a + p. The first and last period's and
    the first and last cohort's effects are 0; drift x period (1, 2, ...) holds the linear part.
    """

    first_age: int
    periods: int
    age: NDArray[np.float64]
    drift: float
    period: NDArray[np.float64]
    cohort: NDArray[np.float64]
    deviance: float
    freedom: int
    recent_p: float  # of the test of a bend in the trend

    @property
    def goodness_of_fit(self) -> float:
        """P value of the deviance."""
        return float(chi2.sf(self.deviance, self.freedom))

    @property
    def slope(self) -> float:
        """What a period to come adds: the average drift or, where the trend bends, that of the last two periods."""
        return self.drift - self.period[-2] if self.recent_p < _TREND_BENDS else self.drift

    def rates(self) -> NDArray[np.float64]:
        """Return the fitted rates, (ages from `first_age` on, periods)."""
        number = np.arange(1, self.periods + 1)
        root = self.age[:, None] + self.drift * number + self.period + self.cohort[_cohorts(len(self.age), number - 1)]
        return np.asarray(np.maximum(root, 0.0) ** POWER)

    def future_rates(self, periods: int, drift_cut: Sequence[float]) -> NDArray[np.float64]:
        """Return the rates to come, (ages from `first_age` on, periods).

        The cohort of the second youngest age group of the last period stands for all younger ones.
        """
        steps = np.cumsum(1 - np.asarray(drift_cut[:periods]))
        cohorts = _cohorts(len(self.age), self.periods + np.arange(periods))
        known = np.minimum(cohorts, len(self.cohort) - 2)
        root = self.age[:, None] + self.drift * self.periods + self.slope * steps + self.cohort[known]
        return np.asarray(np.maximum(root, 0.0) ** POWER)


def fitted(cases: NDArray[np.float64], person_years: NDArray[np.float64]) -> Fit:
    """Fit Nordpred's model to the last four to six periods: the most that it fits (p > 0.01), else four.

    Args:
        cases: in five-year ages and five-year periods, oldest last, (ages, periods); the last age group is open.
        person_years: (ages, periods), above 0.

    Raises:
        SeriesRefused: fewer than four periods, or too few ages with enough cases.

    """
    if cases.shape != person_years.shape:
        raise SeriesRefused(f"cases {cases.shape} and person-years {person_years.shape} differ in shape")
    if cases.shape[1] < FEWEST_PERIODS:
        raise SeriesRefused(f"{cases.shape[1]} five-year periods; an age-period-cohort model takes {FEWEST_PERIODS}")
    enough = cases.sum(axis=1) >= FEWEST_CASES
    first_age = len(enough) - int(np.argmin(enough[::-1])) if not enough.all() else 0
    if len(enough) - first_age < FEWEST_PERIODS:
        raise SeriesRefused(
            f"{len(enough) - first_age} age groups up to the oldest with {FEWEST_CASES} cases each; "
            f"an age-period-cohort model takes {FEWEST_PERIODS}"
        )
    found = None
    for periods in range(min(_MOST_PERIODS, cases.shape[1]), FEWEST_PERIODS - 1, -1):
        found = _fit(cases[first_age:, -periods:], person_years[first_age:, -periods:], first_age)
        if found.goodness_of_fit > _POOR_FIT:
            break
    assert found is not None  # noqa: S101 - four periods were asked for above
    return found


def nordpred(
    cases: NDArray[np.float64],
    person_years: NDArray[np.float64],
    future_person_years: NDArray[np.float64],
    drift_cut: Sequence[float] = DRIFT_CUT,
) -> NDArray[np.float64]:
    """Return Nordpred's cases to come, (ages, future periods).

    Ages below and at the youngest of the model keep the mean rate of the last two periods.

    Args:
        cases: in five-year ages and periods, youngest and oldest first, (ages, periods).
        person_years: (ages, periods), above 0.
        future_person_years: (ages, future periods), at most as many periods as `drift_cut` has.
        drift_cut: the share of the drift that is cut in each period to come, 0 to 1.

    Raises:
        SeriesRefused: as `fitted`; more periods to come than cuts.

    """
    model = fitted(cases, person_years)
    return _rates(model, cases / person_years, future_person_years.shape[1], drift_cut) * future_person_years


def age_period_cohort_median(
    cases: NDArray[np.float64], person_years: NDArray[np.float64], ages: Sequence[AgeGroup], horizon: int
) -> NDArray[np.float64]:
    """Return the cases of all ages in each of the `horizon` years after the last one, (horizon,).

    Legal in a back-test: only what is given is used. Periods of five years end with the last year given;
    the population is projected from its own past (`population.projected_population`); the rates of the
    single years lie on straight lines between the middles of the periods, the last of the past included.

    Args:
        cases: cases or deaths by year and age, (years, ages), oldest year and youngest age first.
        person_years: (years, ages), above 0.
        ages: five-year groups from 0 on, the last one open.
        horizon: 1 to 22 years, as five periods of five years reach.

    Raises:
        SeriesRefused: fewer than 20 years, too few cases, a population that is not known, or a horizon too far.

    """
    periods = len(cases) // PERIOD_YEARS
    future = -(-(horizon + PERIOD_YEARS // 2) // PERIOD_YEARS)
    by_period, people = (_by_period(values, periods) for values in (cases, person_years))
    if (people <= 0).any():
        raise SeriesRefused("an age group without people in five years")
    model = fitted(by_period, people)
    observed = by_period / people
    last = observed[:, -2:].mean(axis=1)
    last[model.first_age + 1 :] = model.rates()[1:, -1]
    known = np.column_stack([last, _rates(model, observed, future, DRIFT_CUT)])
    middles = PERIOD_YEARS * np.arange(future + 1) - PERIOD_YEARS // 2
    rates = np.array([np.interp(np.arange(1, horizon + 1), middles, row) for row in known])
    return np.asarray((rates.T * projected_population(person_years, ages, horizon)).sum(axis=1))


def _rates(model: Fit, observed: NDArray[np.float64], periods: int, drift_cut: Sequence[float]) -> NDArray[np.float64]:
    """Return the rates of all ages in the periods to come, (ages, periods)."""
    if periods > len(drift_cut):
        raise SeriesRefused(f"{periods} periods to come, but the drift's cut is given for {len(drift_cut)}")
    rates = np.repeat(observed[:, -2:].mean(axis=1)[:, None], periods, axis=1)
    # The youngest age in the model has too few cohorts of its own to be projected with them.
    rates[model.first_age + 1 :] = model.future_rates(periods, drift_cut)[1:]
    return rates


def _by_period(values: NDArray[np.float64], periods: int) -> NDArray[np.float64]:
    """Sum the last years (years, ages) in periods, (ages, periods)."""
    kept = values[len(values) - periods * PERIOD_YEARS :]
    return np.asarray(kept.reshape(periods, PERIOD_YEARS, -1).sum(axis=1).T)


def _cohorts(ages: int, periods: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number the birth cohorts of each age group and period, (ages, periods): the oldest group's first is 0."""
    return np.arange(ages)[::-1, None] + periods


def _fit(cases: NDArray[np.float64], person_years: NDArray[np.float64], first_age: int) -> Fit:
    ages, periods = cases.shape
    age, period = np.divmod(np.arange(ages * periods), periods)
    cohort = _cohorts(ages, np.arange(periods)).ravel()
    cohorts = ages + periods - 1
    y, people = cases.ravel(), person_years.ravel()
    by_age, drift = _indicators(age, range(ages)), period[:, None] + 1.0
    # The first effect of periods and cohorts is 0, and so is the last: age and drift hold what they would add.
    by_cohort = _indicators(cohort, range(1, cohorts - 1))
    design = np.hstack([by_age, drift, _indicators(period, range(1, periods - 1)), by_cohort])
    values, deviance = _poisson(design, y, people, log=False)
    straight = np.hstack([by_age, drift, by_cohort])
    _, without = _poisson(straight, y, people, log=True)
    _, with_bend = _poisson(np.hstack([straight, drift**2]), y, people, log=True)
    return Fit(
        first_age=first_age,
        periods=periods,
        age=values[:ages],
        drift=float(values[ages]),
        period=np.concatenate([[0.0], values[ages + 1 : ages + periods - 1], [0.0]]),
        cohort=np.concatenate([[0.0], values[ages + periods - 1 :], [0.0]]),
        deviance=deviance,
        freedom=len(y) - design.shape[1],
        recent_p=float(chi2.sf(max(without - with_bend, 0.0), 1)),
    )


def _indicators(numbers: NDArray[np.int64], levels: range) -> NDArray[np.float64]:
    return np.asarray(numbers[:, None] == np.asarray(levels), dtype=np.float64)


def _poisson(
    design: NDArray[np.float64], y: NDArray[np.float64], people: NDArray[np.float64], *, log: bool
) -> tuple[NDArray[np.float64], float]:
    """Fit Poisson cases by iterated weighted least squares; return the coefficients and the deviance.

    The link is the logarithm or the fifth root of the rate (McCullagh, Nelder 1989, Generalized Linear Models,
    section 2.5). A step that raises the deviance is halved.
    """
    rate = (y + 0.1) / people  # R's starting values: a cell without a case has a link too
    eta = np.log(rate) if log else rate ** (1 / POWER)
    best: NDArray[np.float64] = np.zeros(design.shape[1])
    before = np.inf
    for step in range(_STEPS):
        mean, slope = _mean(eta, people, log=log)
        weight = slope / np.sqrt(mean)
        target = (eta + (y - mean) / slope) * weight
        found = np.asarray(np.linalg.lstsq(design * weight[:, None], target, rcond=None)[0], dtype=np.float64)
        deviance = _deviance(y, _mean(design @ found, people, log=log)[0])
        for _ in range(_STEPS):
            if step == 0 or deviance <= before * (1 + _TOLERANCE):
                break
            found = (found + best) / 2
            deviance = _deviance(y, _mean(design @ found, people, log=log)[0])
        best, eta = found, design @ found
        if abs(before - deviance) <= _TOLERANCE * (abs(deviance) + 0.1):
            break
        before = deviance
    return best, deviance


def _mean(
    eta: NDArray[np.float64], people: NDArray[np.float64], *, log: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean of the cases and its slope in the link."""
    if log:
        mean = people * np.exp(np.maximum(eta, -50.0))
        return mean, mean
    root = np.maximum(eta, _SMALLEST_ROOT)
    return people * root**POWER, POWER * people * root ** (POWER - 1)


def _deviance(y: NDArray[np.float64], mean: NDArray[np.float64]) -> float:
    logs = np.log(np.divide(y, mean, out=np.ones_like(y), where=y > 0))
    return float(2 * (y * logs - (y - mean)).sum())
