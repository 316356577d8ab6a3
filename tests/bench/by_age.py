"""What ages and people bring to forecasts, over the origins of the published baselines.

python -m tests.bench.by_age ../shared/data/registries
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from forecasting.ages import AgeCounts, age_counts
from forecasting.drivers import judge_driver, share_over_65
from forecasting.errors import SeriesRefused
from forecasting.members.age_period_cohort import age_period_cohort_median
from forecasting.population import demographic_index
from forecasting.table import read_counts

_REFERENCE = "drift_log"
_ON_INDEX = "linear10_raw, by index"
_KEY = ["series_id", "origin", "horizon"]


def baselines(folder: Path) -> pd.DataFrame:
    """Return the baselines' points side by side, and what came, by series, origin and horizon."""
    table = pd.read_csv(folder / "baselines_forecasts.csv.gz").rename(columns={"origin_year": "origin", "h": "horizon"})
    points = table.pivot_table(index=[*_KEY, "actual"], columns="method", values="forecast").reset_index()
    return points.astype({"origin": np.int64})


def by_age(known: AgeCounts, counts: np.ndarray, horizon: int) -> dict[str, np.ndarray]:
    """Return the points of what is measured here, NaN where a method refuses the origin."""
    found = {"age_period_cohort": np.full(horizon, np.nan), _ON_INDEX: np.full(horizon, np.nan)}
    try:
        past, future = demographic_index(known, horizon)
        recent = (counts / past)[-10:]
        line = np.polyval(np.polyfit(np.arange(10), recent, 1), 9 + np.arange(1, horizon + 1))
        found[_ON_INDEX] = line * future
        found["age_period_cohort"] = age_period_cohort_median(known.counts, known.population, known.ages, horizon)
    except SeriesRefused:
        pass
    return found


def relative_error(points: pd.DataFrame, method: str) -> dict[str, float]:
    """Return the mean absolute error to the reference's, geometric mean over series, by group of horizons."""
    kept = points[points[method].notna()]
    errors = pd.DataFrame(
        {
            "method": (kept[method] - kept["actual"]).abs(),
            "reference": (kept[_REFERENCE] - kept["actual"]).abs(),
            "horizons": np.where(kept["horizon"] <= 5, "1-5", "6-10"),
            "series_id": kept["series_id"],
        }
    )
    means = errors.groupby(["series_id", "horizons"]).mean()
    ratio = np.log(means["method"] / means["reference"]).groupby("horizons").mean()
    return {str(name): float(value) for name, value in np.exp(ratio).items()}


def main() -> None:
    """Measure and print."""
    folder = Path(sys.argv[1])
    counts, points = read_counts(folder / "counts.csv.gz"), baselines(folder)
    parts, verdicts, spent_s, fits = [], [], 0.0, 0
    for series_id, rows in points.groupby("series_id"):
        try:
            series = age_counts(counts, str(series_id))
            whole = series.pooled()
        except SeriesRefused:
            continue
        total = counts[(counts["series_id"] == series_id) & (counts["age_group"] == "all")].set_index("year")["count"]
        verdicts.append(
            judge_driver(
                total.index.to_numpy(), total.to_numpy(), share_over_65(whole), sorted(rows["origin"].unique()), 5
            )
        )
        for origin, at in rows.groupby("origin"):
            known = series.until(int(origin)).pooled()
            started = time.perf_counter()
            found = by_age(known, total.loc[known.years].to_numpy(), int(at["horizon"].max()))
            if np.isfinite(found["age_period_cohort"]).all():
                spent_s, fits = spent_s + time.perf_counter() - started, fits + 1
            parts.append(at.assign(**{name: values[at["horizon"] - 1] for name, values in found.items()}))
    measured = pd.concat(parts)
    console = Console(width=110)
    for title, kept in (
        ("Origins with 20 years of ages and people", measured[measured["age_period_cohort"].notna()]),
        ("All origins with ages and people", measured.drop(columns="age_period_cohort")),
    ):
        series, origins = kept["series_id"].nunique(), len(kept[_KEY[:2]].drop_duplicates())
        table = Table("method", "1-5", "6-10", title=f"{title}: relative MAE, {series} series, {origins} origins")
        for method in [name for name in kept.columns if name not in {*_KEY, "actual"}]:
            table.add_row(method, *(f"{value:.3f}" for value in relative_error(kept, method).values()))
        console.print(table)
    console.print(f"Age-period-cohort: {1000 * spent_s / fits:.0f} ms a fit, {fits} fits.")
    ratios = np.array([verdict.ratio for verdict in verdicts])
    console.print(
        f"Share over 65 as a regressor, years 1-5: error {np.exp(np.log(ratios).mean()):.3f} times that without it "
        f"(geometric mean of {len(ratios)} series), better in {(ratios < 1).sum()}, shown in "
        f"{sum(verdict.helps for verdict in verdicts)}."
    )


if __name__ == "__main__":
    main()
