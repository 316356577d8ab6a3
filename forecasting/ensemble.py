"""The members, and what they say together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecasting.members.drift import Drift
from forecasting.members.local_trend import LocalTrend
from forecasting.members.prophet import DefaultProphet, TunedProphet
from forecasting.members.smoothing import Arima, Ets, Theta
from forecasting.scores import REFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from forecasting.members import Member
    from forecasting.panel import Learned

# The plain ones are judged by their own intervals; the last two take longer than all others together.
PLAIN: tuple[Member, ...] = (Drift(REFERENCE, "log"), Drift(), Ets(), Theta())
COMPARED: tuple[Member, ...] = (Arima(), DefaultProphet())
TREND, PROPHET = "local_trend", "prophet"
MEMBERS = (TREND, PROPHET, "ets", "theta", "drift")


def members(learned: Learned, *, compared: bool = False) -> tuple[Member, ...]:
    """Return every method that is run, with the constants of a panel; `compared` adds ARIMA and default Prophet."""
    tuned = TunedProphet(learned.prophet_scale, learned.prophet_prior)
    return (LocalTrend(learned.trend), tuned, *PLAIN, *(COMPARED if compared else ()))


def combined(medians: Mapping[str, NDArray[np.float64]], weights: Mapping[str, float]) -> NDArray[np.float64]:
    """Return the weighted mean of the members' medians, same shape as each; weights count among who is there."""
    return np.asarray(sum(weight * medians[name] for name, weight in shares(weights, medians).items()))


def shares(weights: Mapping[str, float], there: Iterable[str]) -> dict[str, float]:
    """Return the weights of the members that are there, their sum 1."""
    kept = {name: weights[name] for name in weights if name in set(there)}
    whole = sum(kept.values())
    return {name: weight / whole for name, weight in kept.items()}


def weights_with(trend: float, others: Iterable[str] = MEMBERS[1:]) -> dict[str, float]:
    """Return weights of which the local trend has a share and the other members equal parts of the rest."""
    names = tuple(others)
    return {TREND: trend, **{name: (1 - trend) / len(names) for name in names}}
