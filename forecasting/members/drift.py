"""A random walk with drift: the last count, and the mean change of all years before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from forecasting.members import Projection
from forecasting.quantiles import QUANTILES
from forecasting.scale import scaled, unscaled

if TYPE_CHECKING:
    from forecasting.members import Known
    from forecasting.scale import Scale


@dataclass(frozen=True)
class Drift:
    """Random walk with drift, its normal intervals on the same scale.

    Variance h periods ahead: s2 h (1 + h / (T - 1)), s2 that of the changes about their mean with T - 2 degrees of
    freedom (Hyndman, Athanasopoulos 2021, Forecasting: Principles and Practice, section 5.5).
    """

    name: str = "drift"
    scale: Scale = "sqrt"

    def project(self, known: Known, horizon: int) -> Projection:
        """Return the periods to come; at least three must be known."""
        values = scaled(known.counts, self.scale)
        steps = len(values) - 1
        ahead = np.arange(1, horizon + 1)
        drift = (values[-1] - values[0]) / steps
        variance = ((np.diff(values) - drift) ** 2).sum() / (steps - 1)
        centre = values[-1] + ahead * drift
        spread = np.sqrt(variance * ahead * (1 + ahead / steps))
        ends = centre[:, None] + spread[:, None] * ndtri(QUANTILES)
        return Projection(unscaled(centre, self.scale), unscaled(ends, self.scale))
