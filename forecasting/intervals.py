"""Intervals that hold: quantiles of the errors that were really made, set in proportion to what each series does.

An error h periods ahead is divided by the spread that is expected of it: the scatter of counts, and a share of the
median that grows with the horizon and with how much the series has surprised so far. The divided errors of many
places have quantiles by horizon; those that the series itself has shown at earlier origins move them, the more the
more there are (split conformal prediction: Lei et al. 2018, Journal of the American Statistical Association 113,
1094-1111, with n + 1 in place of n, as the error to come is one more of them).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtrit

from forecasting.quantiles import MEDIAN, QUANTILES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# So many errors of a series weigh as much as the panel's quantiles.
PANEL_WEIGHT = 30
# A series' surprises count as if so many of the usual size had come before.
_USUAL_SURPRISES = 10
_FEWEST_OWN = 5
SHORT = 15
# How much wider the intervals of a series of 8 periods are, falling to none at 15.
_SHORT_WIDENING = 0.5
FEWEST = 8


@dataclass(frozen=True)
class Spread:
    """How errors grow: sqrt(dispersion m + (share h^growth v^temper m)^2), m the median, h years, v the volatility."""

    share: float
    growth: float
    temper: float
    dispersion: float = 1.2

    def of(
        self, median: NDArray[np.float64], years: NDArray[np.float64], volatility: NDArray[np.float64] | float
    ) -> NDArray[np.float64]:
        """Return the expected spread, in cases, (horizon,)."""
        size = np.maximum(median, 1.0)
        relative = self.share * years**self.growth * volatility**self.temper * size
        return np.asarray(np.sqrt(self.dispersion * size + relative**2))


def volatility(surprises: NDArray[np.float64]) -> float:
    """Return the size of a series' one-step surprises, 1 being usual, drawn to 1 where there are few."""
    known = surprises[~np.isnan(surprises)]
    return float(np.sqrt(((known**2).sum() + _USUAL_SURPRISES) / (len(known) + _USUAL_SURPRISES)))


def conformal_quantile(residuals: NDArray[np.float64], probability: float) -> float:
    """Return the quantile of the next error, given n earlier ones that are exchangeable with it.

    The error to come is equally likely to fall into each of the n + 1 gaps, so rank (n + 1) p of the sorted ones
    is its quantile p, between ranks by straight line. Where p lies beyond the first or last rank no order
    statistic holds it: there the quantile of Student's t for one more observation is taken, at least as far out
    as the extreme residual.

    Args:
        residuals: (n,), at least two.
        probability: above 0 and below 1.

    """
    ordered = np.sort(residuals)
    n = len(ordered)
    rank = (n + 1) * probability
    if 1 <= rank <= n:
        return float(np.interp(rank, np.arange(1, n + 1), ordered))
    reach = stdtrit(n - 1, probability) * ordered.std(ddof=1) * np.sqrt(1 + 1 / n)
    beyond = float(ordered.mean() + reach)
    return max(beyond, float(ordered[-1])) if rank > n else min(beyond, float(ordered[0]))


def weighted_quantiles(
    residuals: NDArray[np.float64], weights: NDArray[np.float64], probabilities: Sequence[float]
) -> NDArray[np.float64]:
    """Return quantiles of weighted residuals with the finite-sample term of their effective number.

    That number is (sum of weights)^2 / sum of squared weights (Kish 1965, Survey Sampling, section 8.2).

    Args:
        residuals: (n,).
        weights: (n,), above 0.
        probabilities: above 0 and below 1.

    """
    order = np.argsort(residuals, kind="stable")
    middle = (np.cumsum(weights[order]) - weights[order] / 2) / weights.sum()
    number = weights.sum() ** 2 / (weights**2).sum()
    wider = 0.5 + (np.asarray(probabilities) - 0.5) * (number + 1) / number
    return np.asarray(np.interp(wider, middle, residuals[order]))


def blended(panel: NDArray[np.float64], own: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Move the panel's quantiles of divided errors, (horizons, 7), towards a series' own ones.

    Args:
        panel: by horizon.
        own: the series' divided errors at earlier origins, one array a horizon; fewer than five move nothing.

    """
    moved = panel.copy()
    for row, residuals in zip(moved, own, strict=False):
        if len(residuals) >= _FEWEST_OWN:
            share = len(residuals) / (len(residuals) + PANEL_WEIGHT)
            row[:] = (1 - share) * row + share * np.array([conformal_quantile(residuals, p) for p in QUANTILES])
    return np.asarray(np.sort(moved, axis=1))


def short_widening(periods: int, season: int) -> float:
    """Return by how much the intervals of a short series are wider: 1 from 15 years on, 1.5 at 8 periods."""
    if periods >= SHORT * season:
        return 1.0
    return 1.0 + _SHORT_WIDENING * (SHORT * season - periods) / (SHORT * season - FEWEST)


def around(
    median: NDArray[np.float64], spread: NDArray[np.float64], divided: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return quantiles of counts, (horizons, 7): never negative, never crossing, never narrower further ahead.

    Args:
        median: (horizons,), not negative.
        spread: (horizons,), above 0.
        divided: quantiles of the divided errors, (horizons, 7).

    """
    # The point forecast stays the median: the errors' own median is a bias too small to know.
    low = np.minimum(divided[:, :MEDIAN], 0.0) * spread[:, None]
    high = np.maximum(divided[:, MEDIAN + 1 :], 0.0) * spread[:, None]
    low, high = np.minimum.accumulate(low, axis=0), np.maximum.accumulate(high, axis=0)
    values = np.column_stack([np.maximum(median[:, None] + low, 0.0), median, median[:, None] + high])
    for before, row in pairwise(values):
        # Cut at 0, an interval about a falling median could narrow: its upper end is held.
        for step in range(MEDIAN):
            row[-1 - step] = max(row[-1 - step], row[step] + before[-1 - step] - before[step])
    return np.asarray(np.maximum.accumulate(values, axis=1))
