"""Prophet (Taylor, Letham 2018, The American Statistician 72, 37-45): tuned, and as it comes."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecasting.members import Projection
from forecasting.quantiles import MEDIAN, QUANTILES
from forecasting.scale import scaled, unscaled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecasting.members import Known
    from forecasting.scale import Scale

_SEED = 11
_CHANGEPOINTS = 25
_CHANGEPOINT_SHARE = 0.8
_SEASONS_NEEDED = 2


@dataclass(frozen=True)
class TunedProphet:
    """Prophet without what annual counts cannot show: no seasonality on years, one of the year on months.

    The most likely curve alone, without samples: the intervals are the back-test's. `scale` and
    `changepoint_prior`, the width of the prior of the changes of slope, are chosen by the back-test.
    """

    scale: Scale = "raw"
    changepoint_prior: float = 0.1
    name: str = "prophet"

    def project(self, known: Known, horizon: int) -> Projection:
        """Return the periods to come; at least three must be known."""
        model = _prophet(
            yearly_seasonality=known.season > 1 and len(known.counts) >= _SEASONS_NEEDED * known.season,
            weekly_seasonality=False,
            daily_seasonality=False,
            uncertainty_samples=0,
            changepoint_prior_scale=self.changepoint_prior,
            changepoint_range=_CHANGEPOINT_SHARE,
            n_changepoints=_CHANGEPOINTS,
        )
        if not model.yearly_seasonality:
            # Prophet works out anew, in a quarter of the time of the fit, that there is no season.
            model.make_all_seasonality_features = _without_season
        # L-BFGS finds the same maximum as Newton's method in a third of the time.
        model.fit(_frame(known, scaled(known.counts, self.scale)), algorithm="LBFGS")
        ahead = _dates(range(known.last + 1, known.last + horizon + 1), known.period_type)
        if known.season == 1:
            # The trend is all there is; Prophet's own predict() takes longer than the fit.
            time = ((ahead - model.start) / model.t_scale).to_numpy(np.float64)
            parameters = (model.params[name].mean(axis=0) for name in ("delta", "k", "m"))
            centre = model.piecewise_linear(time, *parameters, model.changepoints_t) * model.y_scale
        else:
            centre = model.predict(pd.DataFrame({"ds": ahead}))["yhat"].to_numpy(np.float64)
        return Projection(unscaled(centre, self.scale))


@dataclass(frozen=True)
class DefaultProphet:
    """Prophet with nothing set, as a naive user runs it: for comparison.

    Its intervals are quantiles of its own 1,000 samples, drawn with a fixed seed; what is negative is cut at 0.
    """

    name: str = "prophet_default"

    def project(self, known: Known, horizon: int) -> Projection:
        """Return the periods to come; at least two must be known."""
        model = _prophet()
        model.fit(_frame(known, known.counts))
        ahead = pd.DataFrame({"ds": _dates(range(known.last + 1, known.last + horizon + 1), known.period_type)})
        # Prophet draws from numpy's global generator, whatever seed fit() is given.
        before = np.random.get_state()  # noqa: NPY002
        np.random.seed(_SEED)  # noqa: NPY002
        try:
            point = model.predict(ahead)["yhat"].to_numpy(np.float64)
            np.random.seed(_SEED)  # noqa: NPY002
            samples = model.predictive_samples(ahead)["yhat"]
        finally:
            np.random.set_state(before)  # noqa: NPY002
        ends = np.quantile(samples, QUANTILES, axis=1).T
        ends[:, MEDIAN] = np.clip(point, ends[:, MEDIAN - 1], ends[:, MEDIAN + 1])
        return Projection(np.maximum(point, 0.0), np.maximum(ends, 0.0))


def _prophet(**settings: Any) -> Any:
    # Prophet and what it imports take seconds, which only a forecast should pay; both talk while they work.
    logging.getLogger("prophet.plot").setLevel(logging.CRITICAL)
    from cmdstanpy.utils import get_logger
    from prophet import Prophet

    # A fit that L-BFGS gives up is an error to cmdstanpy; Prophet then takes Newton's method.
    get_logger().setLevel(logging.CRITICAL)
    logging.getLogger("prophet").setLevel(logging.ERROR)
    return Prophet(**settings)


def _without_season(frame: pd.DataFrame) -> tuple[Any, ...]:
    """Return what `make_all_seasonality_features` returns of a model without seasons."""
    return (pd.DataFrame({"zeros": np.zeros(len(frame))}), *_no_season())


@cache
def _no_season() -> tuple[Any, ...]:
    model = _prophet(yearly_seasonality=False, weekly_seasonality=False, daily_seasonality=False)
    return tuple(model.make_all_seasonality_features(pd.DataFrame({"ds": _dates(range(2000, 2003), "year")}))[1:])


def _frame(known: Known, values: np.ndarray[Any, np.dtype[np.float64]]) -> pd.DataFrame:
    first = known.last - len(values) + 1
    return pd.DataFrame({"ds": _dates(range(first, known.last + 1), known.period_type), "y": values})


def _dates(periods: Sequence[int], period_type: str) -> pd.DatetimeIndex:
    """Return the first day of each period."""
    if period_type == "year":
        return pd.DatetimeIndex(np.array(periods, dtype="int64") - 1970 + np.datetime64(0, "Y").astype("datetime64[Y]"))
    return pd.DatetimeIndex(np.array(periods, dtype="int64") - 12 * 1970 + np.datetime64(0, "M"))
