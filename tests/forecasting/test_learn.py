from __future__ import annotations

import json

import numpy as np
import pytest

from forecasting.backtest import HORIZON, origins
from forecasting.errors import TableInvalid
from forecasting.learn import PROPHETS, Past, fitted_errors, fitted_trend, learned, prophet_name, trend_medians
from forecasting.members import Known
from forecasting.members.drift import Drift
from forecasting.members.local_trend import Constants, LocalTrend
from forecasting.panel import Panel, halves_of, read_panel, written
from forecasting.quantiles import QUANTILES
from forecasting.scores import REFERENCE


def _past(places: int = 12, years: int = 26) -> Past:
    """Draw registries whose cases grow by 5 % of the last level a year, and run the plain methods."""
    rng = np.random.default_rng(5)
    levels = rng.uniform(60, 900, places)
    counts = rng.poisson(levels * (1 + 0.05 * np.arange(years))[:, None]).astype(float)
    rows = [(series, length) for series in range(places) for length in origins(years)]
    actual = np.full((len(rows), HORIZON), np.nan)
    medians = {
        name: actual.copy() for name in (REFERENCE, "drift", "ets", "theta", *(prophet_name(*p) for p in PROPHETS))
    }
    for row, (series, length) in enumerate(rows):
        ahead = counts[length : length + HORIZON, series]
        actual[row, : len(ahead)] = ahead
        known = Known(counts[:length, series], 2000)
        for name, values in medians.items():
            scale = "log" if name == REFERENCE else "sqrt"
            values[row, : len(ahead)] = Drift(scale=scale).project(known, HORIZON).median[: len(ahead)]
    return Past(
        counts=counts,
        places=tuple(f"place {number:02d}" for number in range(places)),
        mortality=np.zeros(places, dtype=bool),
        row_series=np.array([series for series, _ in rows]),
        lengths=np.array([length for _, length in rows]),
        actual=actual,
        medians=medians,
    )


@pytest.fixture(scope="module")
def past() -> Past:
    return _past()


def test_many_series_at_once_and_one_alone_give_the_same_trend(past: Past) -> None:
    constants = Constants()
    row = 17
    series, length = past.row_series[row], past.lengths[row]
    alone = LocalTrend(constants).project(Known(past.counts[:length, series], 2000), HORIZON).median
    together = trend_medians(past, constants)[row]
    there = ~np.isnan(together)
    assert together[there] == pytest.approx(alone[there])


def test_the_growth_of_the_places_is_learned(past: Past) -> None:
    found = fitted_trend(past, np.ones(len(past.places), dtype=bool))
    start = Constants()
    everyone = np.ones(len(past.places), dtype=bool)
    assert found.growth_incidence != start.growth_incidence
    errors = [np.nanmean(np.abs(trend_medians(past, one) - past.actual)) for one in (found, start)]
    assert errors[0] < errors[1]
    assert fitted_trend(past, everyone) == found


def test_errors_give_intervals_that_hold_on_what_they_were_learned_on(past: Past) -> None:
    medians = trend_medians(past, Constants())
    surprise = np.ones(len(past.actual))
    found = fitted_errors(past, medians, surprise, np.ones(len(past.places), dtype=bool))
    quantiles = found.at(HORIZON)
    assert (np.diff(quantiles, axis=1) > 0).all()
    assert quantiles.shape == (HORIZON, len(QUANTILES))
    divided = (past.actual - medians)[:, 0] / found.spread.of(medians[:, 0], np.ones(len(medians)), surprise)
    assert np.mean((divided > quantiles[0, 1]) & (divided < quantiles[0, 5])) == pytest.approx(0.8, abs=0.12)


def test_a_panel_is_written_and_read_back(past: Past, tmp_path) -> None:
    places = frozenset(past.places)
    halves = halves_of(places)
    one = learned(past, places)
    panel = Panel(one, (one, one), halves)
    path = tmp_path / "panel.json"
    path.write_text(written(panel), "utf-8")
    again = read_panel(path)
    assert again.places == halves
    assert written(again) == written(panel)
    assert sum(again.everywhere.weights.values()) == pytest.approx(1)


def test_halves_share_no_place_and_miss_none() -> None:
    first, second = halves_of(["b", "a", "c", "a"])
    assert first == {"a", "c"}
    assert second == {"b"}


@pytest.mark.parametrize("content", ["{", json.dumps({"version": 0}), json.dumps({"version": 1})])
def test_another_file_is_no_panel(content: str, tmp_path) -> None:
    (tmp_path / "panel.json").write_text(content, "utf-8")
    with pytest.raises(TableInvalid):
        read_panel(tmp_path / "panel.json")
