"""Exponential smoothing, Theta and ARIMA, as statsforecast fits them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecasting.members import Projection
from forecasting.quantiles import LEVELS
from forecasting.scale import scaled, unscaled

if TYPE_CHECKING:
    from forecasting.members import Known
    from forecasting.scale import Scale


@dataclass(frozen=True)
class Ets:
    """Exponential smoothing with additive errors and an additive trend, damped or not."""

    name: str = "ets"
    scale: Scale = "raw"
    damped: bool = False

    def project(self, known: Known, horizon: int) -> Projection:
        """Return the periods to come; at least eight must be known."""
        # statsforecast takes seconds to import, which only a forecast should pay.
        from statsforecast.models import AutoETS

        return _projected(AutoETS(model="AAN", damped=self.damped, season_length=1), known, horizon, self.scale)


@dataclass(frozen=True)
class Theta:
    """The best of four Theta models (Fiorucci et al. 2016, International Journal of Forecasting 32, 1151-1161)."""

    name: str = "theta"
    scale: Scale = "raw"

    def project(self, known: Known, horizon: int) -> Projection:
        """Return the periods to come; at least eight must be known."""
        from statsforecast.models import AutoTheta

        return _projected(AutoTheta(season_length=1), known, horizon, self.scale)


@dataclass(frozen=True)
class Arima:
    """ARIMA, its order chosen by the corrected AIC."""

    name: str = "arima"
    scale: Scale = "sqrt"

    def project(self, known: Known, horizon: int) -> Projection:
        """Return the periods to come; at least eight must be known."""
        from statsforecast.models import AutoARIMA

        return _projected(AutoARIMA(season_length=1), known, horizon, self.scale)


def _projected(model: Any, known: Known, horizon: int, scale: Scale) -> Projection:
    # Level 80 gives the ends as lo-80 and hi-80; in the order of QUANTILES these are lo-95 ... median ... hi-95.
    found = model.forecast(scaled(known.counts, scale), horizon, level=[*LEVELS])
    columns = [found[f"lo-{level}"] for level in sorted(LEVELS, reverse=True)]
    columns += [found["mean"], *(found[f"hi-{level}"] for level in sorted(LEVELS))]
    ends = np.sort(np.column_stack(columns).astype(np.float64), axis=1)
    median = unscaled(np.asarray(found["mean"], dtype=np.float64), scale)
    return Projection(median, unscaled(ends, scale))
