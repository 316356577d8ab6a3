"""What the forecast of one series holds when it is done: the seam between the methods and what shows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forecasting.causes import Split
    from forecasting.quantiles import QuantileForecast
    from forecasting.table import Series

# The name of the product's own final method in every table and file.
FINAL = "dermacast"


@dataclass(frozen=True)
class Scores:
    """What a method reached in the series' back-test over a group of horizons; see `backtest`.

    Errors are relative to a random walk with drift on logs; coverages are in percent.
    """

    method: str
    horizons: str  # "1-5" or "6-10"
    forecasts: int
    rel_mae: float
    rel_wis: float
    mase: float
    coverage_50: float
    coverage_80: float
    coverage_95: float


@dataclass(frozen=True)
class SeriesForecast:
    """One series, its forecasts by method, and everything that must be shown beside them."""

    series: Series
    forecasts: dict[str, QuantileForecast]  # by method: FINAL, prophet, and the others
    weights: dict[str, float]  # of the ensemble's members, from the back-test
    scores: tuple[Scores, ...]  # of this series; empty where it is too short to be back-tested
    past: tuple[QuantileForecast, ...]  # FINAL at the back-test's last origins, for drawing against what came
    notes: tuple[str, ...] = ()  # sentences: pandemic years, provisional years, steps, short series, who wins
    splits: dict[str, Split] = field(default_factory=dict)  # of the projected change, by name; see `causes`


@dataclass(frozen=True)
class LeftOut:
    """A series that was not forecast, with the reason."""

    series_id: str
    reason: str
