from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from forecasting.intervals import (
    PANEL_WEIGHT,
    Spread,
    around,
    blended,
    conformal_quantile,
    short_widening,
    volatility,
    weighted_quantiles,
)
from forecasting.quantiles import LEVELS, QUANTILES, QuantileForecast

_REPEATS = 4000


@pytest.mark.parametrize("n", [9, 15, 30])
@pytest.mark.parametrize("level", LEVELS)
def test_conformal_intervals_hold_however_few_residuals_there_are(n: int, level: int) -> None:
    rng = np.random.default_rng(n * level)
    inside = 0
    tail = (1 - level / 100) / 2
    for sample in rng.normal(size=(_REPEATS, n + 1)):
        low, high = (conformal_quantile(sample[:-1], p) for p in (tail, 1 - tail))
        inside += low <= sample[-1] <= high
    # Three standard errors of a share of so many repeats are less than two points.
    assert 100 * inside / _REPEATS == pytest.approx(level, abs=2)


@pytest.mark.parametrize("n", [9, 15])
def test_plain_quantiles_would_not_hold(n: int) -> None:
    samples = np.random.default_rng(n).normal(size=(_REPEATS, n + 1))
    low, high = np.quantile(samples[:, :-1], (0.1, 0.9), axis=1)
    assert ((low <= samples[:, -1]) & (samples[:, -1] <= high)).mean() < 0.77


def test_the_finite_sample_term_widens_the_panels_quantiles() -> None:
    residuals, weights = np.linspace(-1, 1, 20), np.ones(20)
    found = weighted_quantiles(residuals, weights, QUANTILES)
    # Twenty midpoints of 1/20 each: 0.92 in place of 0.9 lies at position 0.92 * 20 - 0.5 of them.
    assert found[5] == pytest.approx(-1 + 2 * (0.92 * 20 - 0.5) / 19)


_widths = arrays(np.float64, (6, 7), elements=st.floats(-20, 20))


@given(
    arrays(np.float64, 6, elements=st.floats(0, 1e6)),
    arrays(np.float64, 6, elements=st.floats(0.01, 1e4)),
    _widths,
)
def test_quantiles_never_cross_fall_below_zero_or_narrow(
    median: np.ndarray, spread: np.ndarray, divided: np.ndarray
) -> None:
    values = around(median, spread, np.sort(divided, axis=1))
    forecast = QuantileForecast("drawn", "any", 2015, values)
    assert (forecast.median == median).all()
    for level in LEVELS:
        low, high = forecast.interval(level)
        assert (np.diff(high - low) >= -1e-6 * (1 + high[1:])).all()


def test_a_falling_median_cut_at_zero_keeps_its_width() -> None:
    values = around(np.array([50.0, 5.0]), np.array([20.0, 20.0]), np.tile([-2, -1, -0.5, 0, 0.5, 1, 2], (2, 1)))
    assert values[1, 0] == 0
    assert values[1, -1] - values[1, 0] >= values[0, -1] - values[0, 0]


def test_own_errors_move_the_panels_quantiles_by_their_number() -> None:
    panel = np.tile(np.linspace(-1, 1, 7), (2, 1))
    own = np.random.default_rng(1).normal(5, 1, PANEL_WEIGHT)
    moved = blended(panel, [own, own[:4]])
    assert moved[0, 3] == pytest.approx(np.median(own) / 2, abs=0.1)
    assert (moved[1] == panel[1]).all()


def test_short_series_are_wider() -> None:
    assert short_widening(8, 1) == pytest.approx(1.5)
    assert 1 < short_widening(14, 1) < short_widening(9, 1)
    assert short_widening(15, 1) == 1


def test_surprises_widen_and_calm_narrows() -> None:
    assert volatility(np.full(30, 3.0)) > 2
    assert volatility(np.zeros(30)) < 0.6
    assert volatility(np.array([np.nan])) == 1
    spread = Spread(share=0.05, growth=0.8, temper=0.5)
    calm, wild = (spread.of(np.full(3, 500.0), np.arange(1.0, 4), v) for v in (0.6, 2.0))
    assert (wild > calm).all()
    assert (np.diff(calm) > 0).all()
