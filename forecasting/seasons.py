"""The season of monthly counts, taken out for methods that know none, and put back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from forecasting.members import Known

_FEWEST_YEARS = 2


def deseasoned(known: Known, horizon: int) -> tuple[Known, NDArray[np.float64]]:
    """Return what is known without its season, and the season's factors of the periods to come, (horizon,).

    Each count is divided by the centred mean of the year about it; a month's factor is the median of its
    quotients, all factors in the mean 1 (the classical decomposition with medians, which one odd month does not
    move). Years, and fewer than two whole years of months, come back as they are.
    """
    season, n = known.season, len(known.counts)
    if season == 1 or n < _FEWEST_YEARS * season:
        return known, np.ones(horizon)
    ends = np.r_[0.5, np.ones(season - 1), 0.5] / season
    trend = np.convolve(known.counts, ends, mode="valid")
    inner = np.arange(season // 2, season // 2 + len(trend))
    quotient = known.counts[inner] / np.maximum(trend, 1.0)
    month = (known.last - n + 1 + np.arange(n + horizon)) % season
    factors = np.array([np.median(quotient[month[inner] == one]) for one in range(season)])
    factors = np.maximum(factors / factors.mean(), 1e-3)
    return replace(known, counts=known.counts / factors[month[:n]]), factors[month[n:]]
