"""Learn the panel's constants from many series: `python -m forecasting learn`, minutes, once a release.

On each set of places (all, and each half):
1. the trend's constants are those with the least error at the origins, drawn towards plain starting values;
2. Prophet's scale and prior are the candidate with the least error;
3. the ensemble's weight of the trend, and every error that the intervals are made of, come from forecasts in which
   each quarter of the set was forecast with the constants of its other three.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit

from forecasting.backtest import HORIZON, origins
from forecasting.disturbances import adjusted
from forecasting.ensemble import MEMBERS, PLAIN, PROPHET, TREND, combined, weights_with
from forecasting.errors import ForecastingError
from forecasting.intervals import Spread, short_widening, volatility, weighted_quantiles
from forecasting.members import Known
from forecasting.members.local_trend import CONSTANTS, Constants, ahead, filtered
from forecasting.members.prophet import TunedProphet
from forecasting.panel import Errors, Learned, Panel, halves_of
from forecasting.parallel import Failure, each
from forecasting.quantiles import QUANTILES
from forecasting.result import FINAL
from forecasting.scores import GROUPS, REFERENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from forecasting.scale import Scale
    from forecasting.table import Series

# Scale and width of the prior of the changes of slope. EXPERIMENTS.md has those that were tried before and lost.
PROPHETS: tuple[tuple[Scale, float], ...] = (("raw", 0.05), ("raw", 0.1), ("sqrt", 0.05))
TREND_WEIGHTS = (0.3, 0.4, 0.5, 0.6)
_LARGE = 500.0
# Large series are few, and what is learned there serves countries: they count once more, with this weight.
_LARGE_WEIGHT = 0.3
_PULL = 0.03
_STEPS = 250
_FOLDS = 4
_START = Constants()
# What is one unit of distance from the starting values: shares of a log, a logit, and of growth.
_UNITS = np.array([0.7, 0.7, 0.7, 0.7, 0.7, 0.02, 0.02])
_POSITIVE = 4


@dataclass(frozen=True)
class Past:
    """Many series at their origins, one row an origin.

    `counts` is (periods, series) with NaN after a series' end; `row_series` and `lengths` (rows,), `actual` and
    `medians` by method (rows, 10) with NaN beyond a series' end.
    """

    counts: NDArray[np.float64]
    places: tuple[str, ...]
    mortality: NDArray[np.bool_]
    row_series: NDArray[np.int64]
    lengths: NDArray[np.int64]
    actual: NDArray[np.float64]
    medians: dict[str, NDArray[np.float64]]

    def of(self, places: frozenset[str]) -> NDArray[np.bool_]:
        """Return which series lie in the places, (series,)."""
        return np.array([place in places for place in self.places])


def prophet_name(scale: Scale, prior: float) -> str:
    """Name a candidate."""
    return f"{PROPHET} {scale} {prior:g}"


def gathered(series: Sequence[Series], workers: int, done: Callable[[int], None] = lambda _: None) -> Past:
    """Run every method that needs no panel at every origin of every series.

    Raises:
        ForecastingError: when a series fails.

    """
    found = each(medians_at_origins, series, workers, done)
    for one, medians in zip(series, found, strict=True):
        if isinstance(medians, Failure):
            raise ForecastingError(f"{one.series_id}: {medians.reason}")
    rows = [(number, length) for number, one in enumerate(series) for length in origins(len(one.counts))]
    counts = np.full((max(len(one.counts) for one in series), len(series)), np.nan)
    actual = np.full((len(rows), HORIZON), np.nan)
    for number, one in enumerate(series):
        counts[: len(one.counts), number] = one.counts
    for row, (number, length) in enumerate(rows):
        ahead_of = series[number].counts[length : length + HORIZON]
        actual[row, : len(ahead_of)] = ahead_of
    methods = [one.name for one in PLAIN] + [prophet_name(*one) for one in PROPHETS]
    medians = {method: np.vstack([one[method] for one in found if not isinstance(one, Failure)]) for method in methods}
    beyond = np.isnan(actual)
    return Past(
        counts=counts,
        places=tuple(one.place for one in series),
        mortality=np.array([one.measure == "mortality" for one in series]),
        row_series=np.array([number for number, _ in rows]),
        lengths=np.array([length for _, length in rows]),
        actual=actual,
        medians={method: np.where(beyond, np.nan, values) for method, values in medians.items()},
    )


def medians_at_origins(series: Series) -> dict[str, NDArray[np.float64]]:
    """Return the medians of one series by method, (origins, 10)."""
    methods = [*PLAIN, *(TunedProphet(scale, prior, prophet_name(scale, prior)) for scale, prior in PROPHETS)]
    found: dict[str, list[NDArray[np.float64]]] = {method.name: [] for method in methods}
    for length in origins(len(series.counts)):
        known = Known(adjusted(series, length).counts, int(series.periods[length - 1]), "year", series.measure)
        for method in methods:
            found[method.name].append(method.project(known, HORIZON).median)
    return {name: np.array(medians) for name, medians in found.items()}


def learned_panel(past: Past) -> Panel:
    """Learn on all places, and on each half."""
    places = frozenset(past.places)
    first, second = halves_of(places)
    return Panel(learned(past, places), (learned(past, first), learned(past, second)), (first, second))


def learned(past: Past, places: frozenset[str]) -> Learned:
    """Learn the constants on some places."""
    trend = fitted_trend(past, past.of(places))
    scale, prior = min(
        PROPHETS, key=lambda one: relative_error(past, past.medians[prophet_name(*one)], past.of(places))
    )
    medians = {name: past.medians[name].copy() for name in MEMBERS if name in past.medians}
    medians[TREND] = np.full(past.actual.shape, np.nan)
    medians[PROPHET] = np.full(past.actual.shape, np.nan)
    surprise = np.ones(len(past.actual))
    for unseen in folds_of(places):
        seen = places - unseen
        constants = fitted_trend(past, past.of(seen))
        rows = past.of(unseen)[past.row_series]
        medians[TREND][rows] = trend_medians(past, constants)[rows]
        surprise[rows] = volatilities(past, constants)[rows]
        best = min(PROPHETS, key=lambda one: relative_error(past, past.medians[prophet_name(*one)], past.of(seen)))
        medians[PROPHET][rows] = past.medians[prophet_name(*best)][rows]
    weight = min(
        TREND_WEIGHTS, key=lambda share: relative_error(past, combined(medians, weights_with(share)), past.of(places))
    )
    weights = weights_with(weight)
    judged = {FINAL: combined(medians, weights), PROPHET: medians[PROPHET], TREND: medians[TREND]}
    return Learned(
        prophet_scale=scale,
        prophet_prior=prior,
        weights=weights,
        trend=trend,
        errors={method: fitted_errors(past, median, surprise, past.of(places)) for method, median in judged.items()},
    )


def folds_of(places: frozenset[str]) -> list[frozenset[str]]:
    """Split places in four: every fourth one in alphabetical order."""
    return [frozenset(sorted(places)[number::_FOLDS]) for number in range(_FOLDS)]


def relative_error(past: Past, medians: NDArray[np.float64], series: NDArray[np.bool_]) -> float:
    """Return the log of the geometric mean error relative to the reference, over both groups of horizons summed."""
    return sum(
        float(np.nanmean(np.log(_group_errors(past, medians, group) / _reference(past, group))[series]))
        for group in GROUPS
    )


def _reference(past: Past, group: str) -> NDArray[np.float64]:
    return _group_errors(past, past.medians[REFERENCE], group)


def _group_errors(past: Past, medians: NDArray[np.float64], group: str) -> NDArray[np.float64]:
    """Return each series' mean absolute error over a group of horizons, (series,); NaN where it has none."""
    columns = np.array(GROUPS[group]) - 1
    errors = np.abs(medians - past.actual)[:, columns]
    there = ~np.isnan(errors)
    series = np.repeat(past.row_series, len(columns))[there.ravel()]
    size = past.counts.shape[1]
    total, number = np.bincount(series, errors[there], size), np.bincount(series, minlength=size)
    return np.asarray(np.divide(np.maximum(total, 0.5), number, out=np.full(size, np.nan), where=number > 0))


def trend_medians(past: Past, constants: Constants) -> NDArray[np.float64]:
    """Return the local trend's medians at every origin, (rows, 10), NaN beyond a series' end."""
    found = filtered(past.counts, past.mortality, constants)
    at = (past.lengths - 1, past.row_series)
    growth = constants.growth(past.mortality)[past.row_series]
    medians = ahead(found.level[at], found.slope[at], growth, constants.persistence, HORIZON)
    return np.where(np.isnan(past.actual), np.nan, medians)


def volatilities(past: Past, constants: Constants) -> NDArray[np.float64]:
    """Return `intervals.volatility` at every origin, (rows,)."""
    surprises = filtered(past.counts, past.mortality, constants).surprises
    return np.array(
        [volatility(surprises[:length, one]) for length, one in zip(past.lengths, past.row_series, strict=True)]
    )


def fitted_trend(past: Past, series: NDArray[np.bool_]) -> Constants:
    """Return the constants with the least relative error on some series, drawn towards the starting values."""
    start = _packed(_START)
    large = series & (np.nanmean(past.counts, axis=0) >= _LARGE)

    def loss(values: NDArray[np.float64]) -> float:
        medians = trend_medians(past, _unpacked(values))
        found = relative_error(past, medians, series) + _PULL * float((((values - start) / _UNITS) ** 2).sum())
        return found + (_LARGE_WEIGHT * relative_error(past, medians, large) if large.any() else 0.0)

    corners = np.vstack([start, start + np.diag(_UNITS / 2)])
    options = {"maxiter": _STEPS, "initial_simplex": corners}
    return _unpacked(minimize(loss, start, method="Nelder-Mead", options=options).x)


def fitted_errors(
    past: Past, medians: NDArray[np.float64], surprise: NDArray[np.float64], series: NDArray[np.bool_]
) -> Errors:
    """Return how a method errs on some series: the spread by maximum likelihood of Laplace's law, then quantiles."""
    errors = past.actual - medians
    rows, steps = np.nonzero(~np.isnan(errors) & series[past.row_series][:, None])
    error, median = errors[rows, steps], medians[rows, steps]
    years = np.asarray(steps + 1, dtype=np.float64)
    wider = np.array([short_widening(int(length), 1) for length in past.lengths])[rows]
    # Each series has the same weight at each horizon, however many origins it has.
    cell = past.row_series[rows] * HORIZON + steps
    weights = 1 / np.bincount(cell)[cell]

    def spread(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return wider * _spread(values).of(median, years, surprise[rows])

    def loss(values: NDArray[np.float64]) -> float:
        wide = spread(values)
        return float((weights * (np.log(wide) + np.abs(error) / wide)).sum() / weights.sum())

    best = minimize(loss, np.array([np.log(0.05), 0.7, 0.5]), method="Nelder-Mead").x
    divided = error / spread(best)
    quantiles = []
    for step in range(HORIZON):
        # The neighbouring years steady the quantiles of a year, with half its weight.
        near = np.abs(steps - step) <= 1
        weight = weights[near] * np.where(steps[near] == step, 1.0, 0.5)
        quantiles.append(tuple(map(float, weighted_quantiles(divided[near], weight, QUANTILES))))
    return Errors(_spread(best), tuple(quantiles))


def _spread(values: NDArray[np.float64]) -> Spread:
    return Spread(share=float(np.exp(values[0])), growth=max(float(values[1]), 0.0), temper=max(float(values[2]), 0.0))


def _packed(constants: Constants) -> NDArray[np.float64]:
    values = np.array([getattr(constants, name) for name in CONSTANTS])
    return np.concatenate([np.log(values[:_POSITIVE]), [logit(values[_POSITIVE])], values[_POSITIVE + 1 :]])


def _unpacked(values: NDArray[np.float64]) -> Constants:
    found = [*np.exp(values[:_POSITIVE]), expit(values[_POSITIVE]), *values[_POSITIVE + 1 :]]
    return Constants(**dict(zip(CONSTANTS, map(float, found), strict=True)))
