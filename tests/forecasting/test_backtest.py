from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecasting.backtest import HORIZON, backtest_series, origins, table_of
from forecasting.errors import SeriesRefused
from forecasting.panel import read_panel
from forecasting.result import FINAL
from forecasting.scores import REFERENCE, VALUES, by_series, over_panel, paired, summary, weighted_interval_score
from tests.forecasting.series import drawn, growing

_LEARNED = read_panel().everywhere


@pytest.mark.parametrize(
    ("periods", "lengths"),
    [
        (65, [35, 39, 42, 46, 49, 53, 56, 60]),
        (24, [12, 13, 14, 15, 16, 17, 18, 19]),
        (17, [12]),
        (14, [9]),
        (12, []),
    ],
)
def test_origins_are_spread_evenly(periods: int, lengths: list[int]) -> None:
    assert origins(periods) == lengths


def test_nothing_after_an_origin_is_used() -> None:
    counts = growing(22)
    changed = counts.copy()
    changed[13:] = changed[13:] * 3 + 100
    first, second = (backtest_series(drawn(one), _LEARNED) for one in (counts, changed))
    known_to_both = [
        (one, two) for one, two in zip(first.forecasts, second.forecasts, strict=True) if one.origin < 2007
    ]
    assert {one.origin for one, _ in known_to_both} == {2005, 2006}
    for one, two in known_to_both:
        assert np.array_equal(one.values, two.values)
    later = [(one, two) for one, two in zip(first.forecasts, second.forecasts, strict=True) if one.origin > 2007]
    assert not any(np.array_equal(one.values, two.values) for one, two in later)


def test_a_back_test_repeats_to_the_bit_and_every_forecast_is_beside_what_came() -> None:
    series = drawn(growing(18))
    done = backtest_series(series, _LEARNED)
    table = table_of(series, done.forecasts)
    pd.testing.assert_frame_equal(table, table_of(series, backtest_series(series, _LEARNED).forecasts))
    assert set(table["method"]) == {FINAL, "prophet", REFERENCE, "drift", "ets", "theta", "local_trend"}
    for row in table.itertuples():
        assert row.actual == series.counts[row.origin + row.horizon - series.periods[0]]
    assert table["horizon"].max() <= HORIZON


def test_a_series_too_short_for_an_origin_is_refused() -> None:
    with pytest.raises(SeriesRefused, match="12 periods"):
        backtest_series(drawn(growing(12)), _LEARNED)


def test_the_weighted_interval_score_is_that_of_its_definition() -> None:
    values = np.array([[60.0, 70, 80, 100, 120, 130, 140]])
    # Inside: half of |110 - 100|, and alpha / 2 of the widths 80, 60, 40.
    inside = (5 + 0.025 * 80 + 0.1 * 60 + 0.25 * 40) / 3.5
    assert weighted_interval_score(np.array([110.0]), values)[0] == pytest.approx(inside)
    # At 150 every interval is missed: by 10, 20 and 30.
    missed = (25 + 0.025 * 80 + 10 + 0.1 * 60 + 20 + 0.25 * 40 + 30) / 3.5
    assert weighted_interval_score(np.array([150.0]), values)[0] == pytest.approx(missed)


def _table(medians: dict[str, dict[str, float]]) -> pd.DataFrame:
    offsets = 10 * np.array([-2, -1, -0.5, 0, 0.5, 1, 2])
    rows = [
        {"series_id": name, "method": method, "origin": 2000, "horizon": horizon, "actual": 100.0, "scale": 4.0}
        | dict(zip(VALUES, median + offsets, strict=True))
        for name, methods in medians.items()
        for method, median in methods.items()
        for horizon in (1, 2)
    ]
    return pd.DataFrame(rows)


def test_errors_are_relative_to_the_reference_and_the_mean_is_geometric() -> None:
    table = _table({"a": {REFERENCE: 110, FINAL: 105}, "b": {REFERENCE: 90, FINAL: 108}})
    found = by_series(table)
    panel = over_panel(found)
    assert panel.loc[(FINAL, "1-5"), "rel_mae"] == pytest.approx(np.sqrt(0.5 * 0.8))
    assert panel.loc[(REFERENCE, "1-5"), "rel_mae"] == 1
    assert panel.loc[(FINAL, "1-5"), "mase"] == pytest.approx((5 / 4 + 8 / 4) / 2)
    assert panel.loc[(FINAL, "1-5"), "coverage_50"] == 50
    assert panel.loc[(FINAL, "1-5"), "coverage_80"] == 100
    document = summary(panel, [FINAL, REFERENCE])
    assert set(document[FINAL]["1-5"]) == {"rel_mae", "rel_wis", "mase", *(f"coverage_{one}" for one in (50, 80, 95))}
    ratio, low, high = paired(found, FINAL, REFERENCE, {"a": "Norway", "b": "Malta"}, "1-5")
    assert low <= ratio <= high
    assert ratio == pytest.approx(np.sqrt(0.5 * 0.8))
