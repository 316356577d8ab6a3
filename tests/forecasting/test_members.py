from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from forecasting.members import Known
from forecasting.members.drift import Drift
from forecasting.members.local_trend import Constants, LocalTrend, ahead, filtered
from forecasting.members.prophet import DefaultProphet, TunedProphet
from forecasting.members.smoothing import Arima, Ets, Theta
from forecasting.scale import scaled, unscaled
from forecasting.seasons import deseasoned
from tests.forecasting.series import growing

_STRAIGHT = 100 + 5.0 * np.arange(20)


@pytest.mark.parametrize(
    "member", [Drift(scale="raw"), Ets(), Theta(), TunedProphet()], ids=lambda one: type(one).__name__
)
def test_a_straight_line_goes_on(member: Drift | Ets | Theta | TunedProphet) -> None:
    median = member.project(Known(_STRAIGHT, 2015), 5).median
    assert median == pytest.approx(200 + 5 * np.arange(5), rel=0.02)


@pytest.mark.parametrize("member", [Drift(scale="log"), Arima(), DefaultProphet()], ids=lambda one: one.name)
def test_methods_with_a_model_of_their_error_widen(member: Drift | Arima | DefaultProphet) -> None:
    found = member.project(Known(growing(25), 2015), 8)
    assert found.quantiles is not None
    assert (np.diff(found.quantiles, axis=1) >= 0).all()
    width = found.quantiles[:, -1] - found.quantiles[:, 0]
    assert width[-1] > width[0]


def test_default_prophet_draws_the_same_and_leaves_the_global_generator_alone() -> None:
    known = Known(growing(15), 2015)
    np.random.seed(3)  # noqa: NPY002
    first = DefaultProphet().project(known, 3)
    assert np.random.random() == np.random.RandomState(3).random()  # noqa: NPY002
    assert np.array_equal(first.quantiles, DefaultProphet().project(known, 3).quantiles)


def test_prophet_has_the_season_of_months() -> None:
    month = np.arange(60)
    counts = 100 + 30 * np.sin(2 * np.pi * month / 12)
    median = TunedProphet().project(Known(counts, 12 * 2020 + 11, "month"), 12).median
    assert median == pytest.approx(counts[:12], rel=0.1)


def test_the_drift_is_that_of_first_and_last_with_its_variance() -> None:
    found = Drift(scale="raw").project(Known(np.array([10.0, 14, 12, 16]), 2015), 2)
    assert found.median == pytest.approx([18, 20])
    # Changes 4, -2, 4 about 2: sum of squares 24 over 2 degrees of freedom; h (1 + h / 3).
    assert found.quantiles[0, 6] - 18 == pytest.approx(1.959964 * np.sqrt(12 * 4 / 3))


def test_the_trend_of_a_series_goes_over_into_the_usual_growth() -> None:
    usual = ahead(np.array([100.0]), np.array([10.0]), np.array([0.02]), 0.5, 20)[0]
    assert usual[0] == pytest.approx(110)
    assert np.diff(usual)[-1] == pytest.approx(2, abs=1e-3)


def test_small_series_trust_the_panel_and_large_ones_themselves() -> None:
    constants = Constants()
    wild, size = np.array([1.0, 1.6, 0.6, 1.4, 0.7, 1.5, 0.8, 1.2, 0.9, 1.7]), np.array([10.0, 10000.0])
    found = filtered(wild[:, None] * size, np.zeros(2, bool), constants)
    shares = found.level[-1] / size
    assert abs(shares[1] - wild[-1]) < abs(shares[0] - wild[-1])


def test_a_year_without_a_count_changes_nothing_but_the_certainty() -> None:
    counts = growing(20)[:, None]
    counts[12] = np.nan
    found = filtered(counts, np.zeros(1, bool), Constants())
    assert np.isnan(found.surprises[12, 0])
    assert np.isfinite(found.level).all()
    assert found.level[12, 0] == pytest.approx(found.level[11, 0] + found.slope[11, 0])


_counts = arrays(np.float64, st.integers(8, 30), elements=st.integers(0, 100_000).map(float))


@settings(max_examples=40, deadline=None)
@given(_counts)
def test_no_history_gives_a_negative_count_or_none(counts: np.ndarray) -> None:
    for member in (LocalTrend(Constants()), Drift(), Drift(scale="log")):
        median = member.project(Known(counts, 2015), 10).median
        assert np.isfinite(median).all()
        assert (median >= 0).all()


@given(arrays(np.float64, 5, elements=st.floats(0.5, 1e6)), st.sampled_from(["raw", "sqrt", "log"]))
def test_scales_lead_back(counts: np.ndarray, scale: str) -> None:
    assert unscaled(scaled(counts, scale), scale) == pytest.approx(counts)


def test_the_season_is_taken_out_and_put_back() -> None:
    month = np.arange(72)
    season = 1 + 0.3 * np.cos(2 * np.pi * month / 12)
    plain, factors = deseasoned(Known(200 * season[:60], 12 * 2019 + 11, "month"), 12)
    assert plain.counts == pytest.approx(np.full(60, 200.0), rel=1e-3)
    assert factors == pytest.approx(season[60:], rel=1e-3)
    years = Known(growing(20), 2015)
    assert deseasoned(years, 3)[0] is years
