"""From one series to its finished forecast: the unit of work of a process pool, and of a Lambda over many items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from forecasting.backtest import at_origin, backtest_series, earlier_errors, origins, table_of, with_intervals
from forecasting.disturbances import adjusted, whole_periods
from forecasting.ensemble import members, shares
from forecasting.errors import SeriesRefused
from forecasting.intervals import FEWEST, SHORT
from forecasting.members import PERIODS_PER_YEAR
from forecasting.result import FINAL, SeriesForecast
from forecasting.scores import by_series, scores_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecasting.backtest import SeriesBacktest
    from forecasting.panel import Learned, Panel
    from forecasting.table import Series

# Two years of months are as far as a season of a few years can be carried.
MOST_MONTHS = 24
_PAST_SHOWN = 3


@dataclass(frozen=True)
class Job:
    """One series to forecast, with all that it takes: it can be sent to another process or machine."""

    series: Series
    judging: Learned  # constants that have not seen the series' place, for the back-test
    shipping: Learned  # of all places, for the years to come
    horizon: int  # years
    compared: bool = False  # also ARIMA and default Prophet


def jobs(series: Sequence[Series], panel: Panel, horizon: int, *, compared: bool = False) -> list[Job]:
    """Return one job a series."""
    return [Job(one, panel.judging(one.place), panel.everywhere, horizon, compared) for one in series]


def project(job: Job) -> SeriesForecast:
    """Forecast one series, and judge how it would have been forecast in its past.

    Raises:
        SeriesRefused: fewer than 8 complete periods, or no case in any.

    """
    length, notes = whole_periods(job.series)
    checked(job.series, length)
    whole = _first(job.series, length)
    done = backtest_series(whole, job.judging, compared=job.compared) if origins(length) else None
    methods = members(job.shipping, compared=job.compared)
    horizon = horizon_of(job.series, job.horizon)
    found = at_origin(whole, length, job.shipping, methods, horizon)
    earlier = {method: earlier_errors(done, method, length, horizon) for method in job.shipping.errors}
    forecasts = with_intervals(whole.series_id, found, job.shipping, earlier)
    scores = scores_of(by_series(table_of(whole, done.forecasts))) if done else ()
    past = tuple(one for one in done.forecasts if one.method == FINAL)[-_PAST_SHOWN:] if done else ()
    return SeriesForecast(
        series=job.series,
        forecasts=dict(sorted(forecasts.items(), key=lambda one: one[0] != FINAL)),
        weights=shares(job.shipping.weights, found.medians),
        scores=scores,
        past=past,
        notes=(*notes, *adjusted(whole, length).notes, *_short(whole, done)),
    )


def checked(series: Series, length: int) -> None:
    """Refuse a series whose first `length` periods cannot be forecast.

    Raises:
        SeriesRefused: with the reason.

    """
    if length < FEWEST:
        raise SeriesRefused(f"{series.series_id}: {length} complete periods; a forecast takes at least {FEWEST}")
    if not series.counts[:length].any():
        raise SeriesRefused(f"{series.series_id}: no case in any period")


def horizon_of(series: Series, years: int) -> int:
    """Return the periods to forecast: the years, or their months up to 24."""
    return years if series.period_type == "year" else min(years * PERIODS_PER_YEAR["month"], MOST_MONTHS)


def _first(series: Series, length: int) -> Series:
    arrays = {name: getattr(series, name)[:length] for name in ("periods", "counts", "population", "provisional")}
    return type(series)(**{**series.__dict__, **arrays})


def _short(series: Series, done: SeriesBacktest | None) -> tuple[str, ...]:
    length = len(series.counts)
    if length >= SHORT * PERIODS_PER_YEAR[series.period_type]:
        return ()
    unit = "years" if series.period_type == "year" else "months"
    said = [f"The series is short ({length} {unit}): its intervals are widened."]
    if done is None:
        said.append("It is too short for a back-test of its own: the intervals rest on other registries' errors.")
    return tuple(said)
