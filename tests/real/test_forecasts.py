"""The methods and scores on real registries, against what others computed with the same protocol."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasting.backtest import HORIZON, origins
from forecasting.members import Known
from forecasting.members.drift import Drift
from forecasting.members.prophet import DefaultProphet
from forecasting.members.smoothing import Ets, Theta
from forecasting.panel import read_panel
from forecasting.project import jobs, project
from forecasting.quantiles import QUANTILES
from forecasting.result import FINAL
from forecasting.scores import VALUES, by_series
from forecasting.selection import selected
from forecasting.table import Series, read_counts

REGISTRIES = Path(__file__).parents[2] / "../shared/data/registries"
pytestmark = pytest.mark.skipif(not REGISTRIES.is_dir(), reason="the registries' files are not in ../shared/data")
_ENDS = ["lo95", "lo80", "lo50", "forecast", "hi50", "hi80", "hi95"]
# Every twelfth series; Prophet as it comes takes too long for more than a few.
_EVERY = 12


@pytest.fixture(scope="module")
def series() -> list[Series]:
    found, _ = selected(read_counts(REGISTRIES / "counts.csv.gz"), REGISTRIES / "series.csv")
    return found


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    return pd.read_csv(REGISTRIES / "baselines_forecasts.csv.gz")


def _forecasts(series: list[Series], members: dict[str, list]) -> pd.DataFrame:
    """Run members at every origin; a method of several is the mean of their quantiles on the square roots."""
    rows = []
    for one in series:
        for length in origins(len(one.counts)):
            known = Known(one.counts[:length], int(one.periods[length - 1]))
            changes = float(np.abs(np.diff(known.counts)).mean())
            for name, parts in members.items():
                all_values = [part.project(known, HORIZON).quantiles for part in parts]
                values = all_values[0] if len(parts) == 1 else np.mean([np.sqrt(v) for v in all_values], axis=0) ** 2
                for step, actual in enumerate(one.counts[length : length + HORIZON]):
                    rows.append((one.series_id, name, known.last, step + 1, actual, changes, *values[step]))
    return pd.DataFrame(rows, columns=["series_id", "method", "origin", "horizon", "actual", "scale", *VALUES])


def test_the_recommended_series_have_the_origins_of_the_protocol(series: list[Series], published: pd.DataFrame) -> None:
    ours = {(one.series_id, length) for one in series for length in origins(len(one.counts))}
    theirs = set(published[["series_id", "n_train"]].itertuples(index=False, name=None))
    assert ours == theirs
    assert len(ours) == 897


def test_drift_smoothing_and_theta_give_the_published_forecasts_and_scores(
    series: list[Series], published: pd.DataFrame
) -> None:
    members = {
        "drift_log": [Drift("drift_log", "log")],
        "ets_damped_log": [Ets(scale="log", damped=True)],
        "autotheta_log": [Theta(scale="log")],
        "ensemble_sqrt": [Drift(), Theta(scale="sqrt"), Ets(scale="sqrt", damped=True)],
    }
    found = _forecasts(series[::_EVERY], members)
    pairs = found.merge(published, left_on=["series_id", "method", "origin", "horizon"],
                        right_on=["series_id", "method", "origin_year", "h"])  # fmt: skip
    assert len(pairs) == len(found)
    for ours, theirs in zip(VALUES, _ENDS, strict=True):
        near = np.isclose(pairs[ours], pairs[theirs], rtol=1e-3, atol=0.02)
        assert near.mean() > 0.995, (ours, pairs[~near][["method", ours, theirs]].head())
    scores = by_series(found).set_index(["method", "horizons", "series_id"])
    baselines = pd.read_csv(REGISTRIES / "baselines.csv").set_index(["method", "grp", "series_id"]).loc[scores.index]
    for name in ("rel_mae", "rel_wis", "mase"):
        assert np.median(np.abs(scores[name] - baselines[name])) < 1e-3
    for level in (50, 80, 95):
        assert np.median(np.abs(scores[f"coverage_{level}"] / 100 - baselines[f"cov{level}"])) < 1e-3


def test_default_prophet_gives_the_published_forecasts(series: list[Series], published: pd.DataFrame) -> None:
    chosen = [one for one in series if one.counts.mean() > 300][:1]
    found = _forecasts(chosen, {"prophet_default": [DefaultProphet()]})
    pairs = found.merge(published, left_on=["series_id", "method", "origin", "horizon"],
                        right_on=["series_id", "method", "origin_year", "h"])  # fmt: skip
    assert len(pairs) == len(found)
    assert np.abs(pairs[f"q{QUANTILES[3]}"] / pairs["forecast"] - 1).median() < 2e-3
    # Ends are quantiles of 1,000 samples, drawn with another seed.
    assert np.abs(pairs["q0.1"] / pairs["lo80"] - 1).median() < 0.02


def test_the_monthly_series_of_england_is_forecast_with_its_season() -> None:
    table = read_counts(REGISTRIES / "counts.csv.gz")
    found, _ = selected(table[table["period_type"] == "month"])
    (one,) = [made for made in found if made.country == "United Kingdom"]
    forecast = project(jobs([one], read_panel(), 10)[0])
    median = forecast.forecasts[FINAL].median
    assert len(median) == 24
    recent = one.counts[-24:].mean()
    assert 0.7 * recent < median.mean() < 1.5 * recent
    assert any("2020" in note for note in forecast.notes)
