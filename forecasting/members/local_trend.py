"""A local linear trend that knows what counts are and how they usually grow: the panel's experience, one series' data.

The state of a series is its level and its slope, in cases (Harvey 1989, Forecasting, Structural Time Series Models
and the Kalman Filter, section 2.3). Counts scatter about the level as counts do; level and slope drift in proportion
to the level; and the slope returns, year by year, to the growth that is usual for such a series. How much, how fast
and how usual are seven constants, learned over many registries (`panel.py`), never from the series itself.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from forecasting.members import Projection

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from forecasting.members import Known

_FIRST_YEARS = 3
# How far the first level and slope may be off, in shares of the level.
_FIRST_LEVEL_ERROR = 0.15
_FIRST_SLOPE_ERROR = 0.04


@dataclass(frozen=True)
class Constants:
    """What the panel has taught, per year; shares are of the level."""

    dispersion: float = 1.2  # variance of a count about its level, over that of Poisson
    noise: float = 0.02  # further scatter of a count, a share
    level_step: float = 0.03  # standard deviation of the level's own steps, a share
    slope_step: float = 0.005  # standard deviation of the slope's steps, a share
    persistence: float = 0.91  # of the slope's distance from the usual growth, from one year to the next
    growth_incidence: float = 0.03  # usual growth, a share
    growth_mortality: float = 0.03

    def per_period(self, season: int) -> Constants:
        """Return the constants for periods of which a year has `season`."""
        if season == 1:
            return self
        return Constants(
            dispersion=self.dispersion,
            noise=self.noise,
            level_step=self.level_step / season**0.5,
            slope_step=self.slope_step / season**1.5,
            persistence=self.persistence ** (1 / season),
            growth_incidence=self.growth_incidence / season,
            growth_mortality=self.growth_mortality / season,
        )

    def growth(self, mortality: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the usual growth of each series, (series,)."""
        return np.where(mortality, self.growth_mortality, self.growth_incidence)


CONSTANTS = tuple(field.name for field in fields(Constants))


@dataclass(frozen=True)
class Filtered:
    """What is known of level and slope after each period, float64 (periods, series), and how each period surprised.

    `surprises` are the one-step errors in standard deviations; NaN where there was no count.
    """

    level: NDArray[np.float64]
    slope: NDArray[np.float64]
    surprises: NDArray[np.float64]


def filtered(counts: NDArray[np.float64], mortality: NDArray[np.bool_], constants: Constants) -> Filtered:
    """Run the filter over many series at once.

    Args:
        counts: (periods, series), oldest first; NaN before, within or after a series is a period without a count.
        mortality: (series,), deaths rather than cases.
        constants: per period.

    """
    growth = constants.growth(mortality)
    first = np.maximum(np.nanmean(counts[:_FIRST_YEARS], axis=0), 1.0)
    level, slope = first, growth * first
    # The covariance of level and slope: its three different elements.
    p_level, p_both, p_slope = (_FIRST_LEVEL_ERROR * first) ** 2, 0 * first, (_FIRST_SLOPE_ERROR * first) ** 2
    keep = constants.persistence
    levels, slopes, surprises = (np.empty(counts.shape) for _ in range(3))
    for period, count in enumerate(counts):
        if period:
            size = np.maximum(level, 1.0)
            level, slope = level + slope, keep * slope + (1 - keep) * growth * size
            p_level, p_both, p_slope = (
                p_level + 2 * p_both + p_slope + (constants.level_step * size) ** 2,
                keep * (p_both + p_slope),
                keep**2 * p_slope + (constants.slope_step * size) ** 2,
            )
        size = np.maximum(level, 1.0)
        variance = p_level + constants.dispersion * size + (constants.noise * size) ** 2
        known = ~np.isnan(count)
        error = np.where(known, count - level, 0.0)
        surprises[period] = np.where(known, error / np.sqrt(variance), np.nan)
        gain_level, gain_slope = (np.where(known, p / variance, 0.0) for p in (p_level, p_both))
        level, slope = level + gain_level * error, slope + gain_slope * error
        p_slope = p_slope - gain_slope * p_both
        p_level, p_both = p_level * (1 - gain_level), p_both * (1 - gain_level)
        levels[period], slopes[period] = level, slope
    return Filtered(levels, slopes, surprises)


def ahead(
    level: NDArray[np.float64],
    slope: NDArray[np.float64],
    growth: NDArray[np.float64],
    persistence: float,
    horizon: int,
) -> NDArray[np.float64]:
    """Return the counts to come, (..., horizon), not negative: the slope goes to the usual growth of the last level."""
    usual = growth * np.maximum(level, 1.0)
    steps = persistence ** np.arange(horizon)
    slopes = usual[..., None] + (slope - usual)[..., None] * steps
    return np.asarray(np.maximum(level[..., None] + np.cumsum(slopes, axis=-1), 0.0))


@dataclass(frozen=True)
class LocalTrend:
    """The filter as a method for one series."""

    constants: Constants
    name: str = "local_trend"

    def project(self, known: Known, horizon: int) -> Projection:
        """Return the periods to come; at least three must be known."""
        constants = self.constants.per_period(known.season)
        mortality = np.array([known.measure == "mortality"])
        found = filtered(known.counts[:, None], mortality, constants)
        growth = constants.growth(mortality)
        return Projection(ahead(found.level[-1], found.slope[-1], growth, constants.persistence, horizon)[0])
