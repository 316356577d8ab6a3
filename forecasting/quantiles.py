"""A forecast as quantiles, refused when it is built, not when it is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecasting.errors import ForecastInvalid

if TYPE_CHECKING:
    from numpy.typing import NDArray

# The ends of the 95, 80 and 50 % intervals, and the median between them.
QUANTILES = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
LEVELS = (50, 80, 95)
MEDIAN = QUANTILES.index(0.5)
_ENDS = {50: (2, 4), 80: (1, 5), 95: (0, 6)}


@dataclass(frozen=True)
class QuantileForecast:
    """What a method said at one origin.

    `origin` is the last period it knew (see `table.Series.periods`); row h - 1 of `values`, float64
    (horizons, 7), holds the `QUANTILES` of the count h periods later.
    """

    series_id: str
    method: str
    origin: int
    values: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Refuse what no forecast of counts can be.

        Raises:
            ForecastInvalid: naming the series, the method and the horizon.

        """
        where = f"{self.series_id}, {self.method}, origin {self.origin}"
        if self.values.ndim != 2 or self.values.shape[1] != len(QUANTILES):  # noqa: PLR2004 - rows and columns
            raise ForecastInvalid(f"{where}: the values have the shape {self.values.shape}, not (horizons, 7)")
        for horizon, row in enumerate(self.values, start=1):
            if not np.isfinite(row).all():
                raise ForecastInvalid(f"{where}, horizon {horizon}: a quantile is not a number")
            if (row < 0).any():
                raise ForecastInvalid(f"{where}, horizon {horizon}: a quantile is negative ({row.min():g})")
            if (np.diff(row) < 0).any():
                raise ForecastInvalid(f"{where}, horizon {horizon}: quantiles cross")

    @property
    def median(self) -> NDArray[np.float64]:
        """The median of each horizon, (horizons,)."""
        return np.asarray(self.values[:, MEDIAN])

    def interval(self, level: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the lower and upper ends, (horizons,) each, of the 50, 80 or 95 % interval."""
        low, high = _ENDS[level]
        return np.asarray(self.values[:, low]), np.asarray(self.values[:, high])
