"""How forecasts are scored, by series and over a panel of series.

| score | what |
|---|---|
| rel_mae, rel_wis | a method's mean error over a series and group of horizons, to that of a random walk with drift on \
logs; over the panel the geometric mean |
| mase | absolute error to the mean absolute change from period to period within what was known; mean |
| coverage | percent of the counts that came inside the interval; mean over series |
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecasting.quantiles import LEVELS, MEDIAN, QUANTILES
from forecasting.result import Scores

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

REFERENCE = "drift_log"
GROUPS = {"1-5": range(1, 6), "6-10": range(6, 11)}
VALUES = [f"q{level}" for level in QUANTILES]
_FIGURES = ["rel_mae", "rel_wis", "mase", *(f"coverage_{level}" for level in LEVELS)]
_DRAWS = 2000
_SEED = 11
# Where the reference hits every count a ratio has no meaning; counts are whole, so half a case is no error.
_LEAST_ERROR = 0.5


def weighted_interval_score(actual: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weighted interval score (Bracher et al. 2021, PLoS Computational Biology 17, e1008618).

    Args:
        actual: the counts that came, (n,).
        values: quantiles at `QUANTILES`, (n, 7).

    Returns:
        (0.5 |actual - median| + sum of alpha / 2 times the interval score) / 3.5 over the 50, 80 and 95 % intervals.

    """
    total = 0.5 * np.abs(actual - values[:, MEDIAN])
    for step, level in enumerate(sorted(LEVELS, reverse=True)):
        alpha = 1 - level / 100
        low, high = values[:, step], values[:, -1 - step]
        outside = np.maximum(low - actual, 0) + np.maximum(actual - high, 0)
        total = total + alpha / 2 * (high - low + 2 / alpha * outside)
    return np.asarray(total / (len(LEVELS) + 0.5))


def scored(table: pd.DataFrame) -> pd.DataFrame:
    """Add ae, wis, mase and in_50, in_80, in_95 (1 or 0) to a table of forecasts, one a row (`backtest.COLUMNS`)."""
    actual, values = table["actual"].to_numpy(np.float64), table[VALUES].to_numpy(np.float64)
    error = np.abs(actual - values[:, MEDIAN])
    found = {"ae": error, "wis": weighted_interval_score(actual, values), "mase": error / table["scale"].to_numpy()}
    for step, level in enumerate(sorted(LEVELS, reverse=True)):
        found[f"in_{level}"] = ((values[:, step] <= actual) & (actual <= values[:, -1 - step])).astype(np.float64)
    return table.assign(**found)


def by_series(table: pd.DataFrame, groups: dict[str, range] | None = None) -> pd.DataFrame:
    """Score each series, method and group of horizons.

    Args:
        table: as `backtest.COLUMNS`; `REFERENCE` must be among the methods.
        groups: names and horizons; by default `GROUPS`.

    Returns:
        Columns series_id, method, horizons, forecasts and the scores of the table above.

    """
    groups = groups or GROUPS
    names = {horizon: name for name, horizons in groups.items() for horizon in horizons}
    rows = scored(table[table["horizon"].isin(names)])
    rows["horizons"] = rows["horizon"].map(names)
    figures = ["ae", "wis", "mase", *(f"in_{level}" for level in LEVELS)]
    means = rows.groupby(["series_id", "horizons", "method"], sort=True)[figures].mean()
    means["forecasts"] = rows.groupby(["series_id", "horizons", "method"], sort=True).size()
    found = means.reset_index()
    reference = found[found["method"] == REFERENCE].set_index(["series_id", "horizons"])
    keys = pd.MultiIndex.from_frame(found[["series_id", "horizons"]])
    for name, error in (("rel_mae", "ae"), ("rel_wis", "wis")):
        below = np.maximum(reference[error].reindex(keys).to_numpy(), _LEAST_ERROR)
        found[name] = np.maximum(found[error].to_numpy(), _LEAST_ERROR) / below
    for level in LEVELS:
        found[f"coverage_{level}"] = 100 * found[f"in_{level}"]
    return found[["series_id", "method", "horizons", "forecasts", *_FIGURES]]


def over_panel(series: pd.DataFrame) -> pd.DataFrame:
    """Score each method and group of horizons over the series of `by_series`: (method, horizons) and `_FIGURES`."""
    logs = series.assign(**{name: np.log(series[name]) for name in ("rel_mae", "rel_wis")})
    found = logs.groupby(["method", "horizons"])[_FIGURES].mean()
    found[["rel_mae", "rel_wis"]] = np.exp(found[["rel_mae", "rel_wis"]])
    return found


def scores_of(series: pd.DataFrame) -> tuple[Scores, ...]:
    """Return the rows of one series in `by_series` as typed scores."""
    return tuple(
        Scores(
            method=str(row["method"]),
            horizons=str(row["horizons"]),
            forecasts=int(row["forecasts"]),
            **{name: float(row[name]) for name in _FIGURES},
        )
        for row in series.to_dict("records")
    )


def paired(
    series: pd.DataFrame, method: str, other: str, places: dict[str, str], horizons: str
) -> tuple[float, float, float]:
    """Return the geometric mean ratio of two methods' errors, and its 95 % interval by bootstrap over places.

    Args:
        series: of `by_series`.
        method: the one above.
        other: the one below.
        places: the place of each series id; the series of a place are drawn together.
        horizons: the group.

    """
    rows = series[series["horizons"] == horizons].pivot_table(index="series_id", columns="method", values="rel_mae")
    logs = (rows[method] / rows[other]).map(np.log)
    sums = logs.groupby(logs.index.map(places)).agg(["sum", "size"]).to_numpy(np.float64)
    drawn = sums[np.random.default_rng(_SEED).integers(0, len(sums), (_DRAWS, len(sums)))].sum(axis=1)
    low, high = np.quantile(np.exp(drawn[:, 0] / drawn[:, 1]), (0.025, 0.975))
    return float(np.exp(logs.mean())), float(low), float(high)


def summary(panel: pd.DataFrame, methods: Iterable[str]) -> dict[str, dict[str, dict[str, float]]]:
    """Return `over_panel` by method and group of horizons, rounded, as `summary.json` holds it."""
    known = [name for name in methods if name in panel.index.get_level_values(0)]
    return {
        method: {
            str(horizons): {name: round(float(row[name]), 4) for name in _FIGURES}
            for horizons, row in panel.loc[method].iterrows()
        }
        for method in known
    }
