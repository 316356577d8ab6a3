"""The back-test: every series forecast from origins in its past, with nothing that came after them.

With n periods, up to 8 origins are spread evenly over training lengths from max(12, n - 30) to n - 5; a series of
13 to 16 periods starts at what leaves five to come. All periods up to an origin are known; horizons are 1 to 10, or
to the end of the series.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecasting.disturbances import adjusted
from forecasting.ensemble import TREND, combined, members
from forecasting.errors import SeriesRefused
from forecasting.intervals import FEWEST, around, blended, short_widening, volatility
from forecasting.members import Known
from forecasting.members.local_trend import filtered
from forecasting.quantiles import QuantileForecast
from forecasting.result import FINAL
from forecasting.scores import REFERENCE, VALUES
from forecasting.seasons import deseasoned

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from forecasting.members import Member
    from forecasting.panel import Learned
    from forecasting.table import Series

HORIZON = 10
_ORIGINS = 8
_LEAST_TRAINING = 12
_LONGEST_PAST = 30
_LEAST_AHEAD = 5
COLUMNS = ("series_id", "method", "origin", "horizon", "actual", "scale", *VALUES)


def origins(periods: int) -> list[int]:
    """Return the training lengths of a series of so many periods; none where it has fewer than 13."""
    last = periods - _LEAST_AHEAD
    first = min(max(_LEAST_TRAINING, periods - _LONGEST_PAST), last)
    if first < FEWEST:
        return []
    return [int(length) for length in np.unique(np.round(np.linspace(first, last, _ORIGINS)))]


@dataclass(frozen=True)
class AtOrigin:
    """What was known at an origin, and the medians that its methods gave, counts (horizon,) by method."""

    known: Known
    medians: dict[str, NDArray[np.float64]]
    own: dict[str, NDArray[np.float64]]  # the quantiles of methods with a model of their error
    volatility: float
    periods: int


@dataclass(frozen=True)
class SeriesBacktest:
    """The back-test of one series: forecasts by origin and method, and the errors in proportion to their spread."""

    series_id: str
    forecasts: tuple[QuantileForecast, ...]
    divided: dict[str, list[NDArray[np.float64]]]  # by method: one (horizon,) array an origin
    lengths: tuple[int, ...]


def at_origin(series: Series, length: int, learned: Learned, methods: Sequence[Member], horizon: int) -> AtOrigin:
    """Run the methods on the first `length` periods of a series."""
    counts = adjusted(series, length).counts
    known = Known(counts, int(series.periods[length - 1]), series.period_type, series.measure)
    return projected(known, learned, methods, horizon)


def projected(known: Known, learned: Learned, methods: Sequence[Member], horizon: int) -> AtOrigin:
    """Run the methods on what is known; those that know no seasons are given counts without one.

    A method that cannot be fitted is left out, and the ensemble is that of the others.
    """
    plain, season = deseasoned(known, horizon)
    medians, own = {}, {}
    for method in methods:
        seasonal = method.name.startswith("prophet")
        try:
            found = method.project(known if seasonal else plain, horizon)
        except Exception:
            # Libraries refuse odd histories in many ways (too short, constant); the other members stand for it.
            if method.name in (TREND, REFERENCE):
                raise
            continue
        factor = np.ones(horizon) if seasonal else season
        medians[method.name] = found.median * factor
        if found.quantiles is not None:
            own[method.name] = found.quantiles * factor[:, None]
    if TREND in medians:
        medians[FINAL] = combined(medians, learned.weights)
    mortality = np.array([known.measure == "mortality"])
    surprises = filtered(plain.counts[:, None], mortality, learned.trend.per_period(known.season)).surprises
    return AtOrigin(known, medians, own, volatility(surprises), len(known.counts))


def with_intervals(
    series_id: str, found: AtOrigin, learned: Learned, earlier: Mapping[str, Sequence[NDArray[np.float64]]]
) -> dict[str, QuantileForecast]:
    """Return the methods' quantiles: from the panel and the series' earlier errors, or the method's own.

    Args:
        series_id: for the forecasts.
        found: the medians.
        learned: what the panel has taught.
        earlier: by method, the divided errors that were known at the origin, one array a horizon.

    """
    forecasts = {}
    for method, median in found.medians.items():
        if method in learned.errors:
            divided = blended(_quantiles(learned, method, found), earlier.get(method, ()))
            values = around(median, _spread(learned, method, found), divided)
        else:
            values = found.own[method]
        forecasts[method] = QuantileForecast(series_id, method, found.known.last, values)
    return forecasts


def earlier_errors(done: SeriesBacktest | None, method: str, length: int, horizon: int) -> list[NDArray[np.float64]]:
    """Return a method's divided errors that were known when so many periods were, one array a horizon."""
    if done is None:
        return []
    past = list(zip(done.lengths, done.divided.get(method, []), strict=False))
    return [
        np.array([errors[step] for start, errors in past if step < len(errors) and start + step < length])
        for step in range(horizon)
    ]


def backtest_series(series: Series, learned: Learned, *, compared: bool = False) -> SeriesBacktest:
    """Forecast one series from the origins in its past.

    Args:
        series: of all ages; the counts are used as `disturbances.adjusted` gives them at each origin.
        learned: constants that have not seen the place (`Panel.judging`).
        compared: also ARIMA and default Prophet.

    Raises:
        SeriesRefused: fewer than 13 periods leave no origin.

    """
    lengths = origins(len(series.counts))
    if not lengths:
        raise SeriesRefused(f"{series.series_id}: {len(series.counts)} periods are too few to be back-tested")
    methods = members(learned, compared=compared)
    done = SeriesBacktest(series.series_id, (), {}, ())
    for length in lengths:
        horizon = min(HORIZON, len(series.counts) - length)
        found = at_origin(series, length, learned, methods, horizon)
        earlier = {method: earlier_errors(done, method, length, horizon) for method in learned.errors}
        forecasts = with_intervals(series.series_id, found, learned, earlier)
        actual = series.counts[length : length + horizon]
        divided = {
            method: [*done.divided.get(method, []), _divided(learned, method, found, actual)]
            for method in learned.errors
        }
        done = SeriesBacktest(
            series.series_id, (*done.forecasts, *forecasts.values()), divided, (*done.lengths, length)
        )
    return done


def table_of(series: Series, forecasts: Iterable[QuantileForecast]) -> pd.DataFrame:
    """Return forecasts beside what came, one a row: `COLUMNS`; `scale` is the error that MASE divides by."""
    first = int(series.periods[0])
    rows = []
    for forecast in forecasts:
        length = forecast.origin - first + 1
        changes = np.abs(np.diff(series.counts[:length]))
        for step, values in enumerate(forecast.values):
            row = (series.series_id, forecast.method, forecast.origin, step + 1, series.counts[length + step])
            rows.append((*row, max(float(changes.mean()), np.finfo(float).tiny), *values))
    return pd.DataFrame(rows, columns=[*COLUMNS])


def _years(found: AtOrigin, horizon: int) -> NDArray[np.float64]:
    return np.arange(1, horizon + 1) / found.known.season


def _spread(learned: Learned, method: str, found: AtOrigin) -> NDArray[np.float64]:
    median = found.medians[method]
    years = np.maximum(_years(found, len(median)), 1.0)
    wider = short_widening(found.periods, found.known.season)
    return wider * learned.errors[method].spread.of(median, years, found.volatility)


def _divided(learned: Learned, method: str, found: AtOrigin, actual: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a method's errors in proportion to their spread; none where it could not be fitted."""
    if method not in found.medians:
        return np.empty(0)
    return np.asarray((actual - found.medians[method]) / _spread(learned, method, found))


def _quantiles(learned: Learned, method: str, found: AtOrigin) -> NDArray[np.float64]:
    horizon = len(found.medians[method])
    years = np.ceil(_years(found, horizon)).astype(int)
    return np.asarray(learned.errors[method].at(int(years[-1]))[years - 1])
