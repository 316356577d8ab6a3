from __future__ import annotations

import numpy as np
import pytest

from forecasting.disturbances import adjusted, step_of, whole_periods
from tests.forecasting.series import drawn, growing

_CALM = 1000 + 20.0 * np.arange(24)  # 1999 to 2022


def test_the_dip_of_2020_is_set_aside_and_said() -> None:
    counts = _CALM.copy()
    counts[21] *= 0.8
    found = adjusted(drawn(counts, last=2022), 24)
    assert found.counts == pytest.approx(_CALM)
    assert "2020" in found.notes[0]
    assert "2021" not in found.notes[0]


def test_at_an_origin_in_2020_the_trend_before_it_is_all_that_is_known() -> None:
    counts = _CALM.copy()
    counts[21] *= 0.8
    assert adjusted(drawn(counts, last=2022), 22).counts[-1] == pytest.approx(_CALM[21])


def test_deaths_and_years_that_did_not_dip_stay() -> None:
    counts = _CALM.copy()
    assert adjusted(drawn(counts, last=2022), 24).notes == ()
    counts[21] *= 0.8
    assert adjusted(drawn(counts, last=2022, measure="mortality"), 24).notes == ()


def test_a_step_of_the_definition_is_found_and_earlier_counts_are_scaled() -> None:
    counts = np.where(np.arange(24) < 12, 0.5, 1.0) * _CALM
    found = adjusted(drawn(counts, last=2018), 24)
    assert found.counts == pytest.approx(_CALM, rel=0.02)
    assert "2006" in found.notes[0]
    # Five years after it must be known.
    assert adjusted(drawn(counts, last=2018), 16).notes == ()


@pytest.mark.parametrize("seed", range(20))
def test_growth_and_chance_are_no_step(seed: int) -> None:
    assert step_of(growing(40, level=80, growth=0.05, seed=seed)) is None


def test_provisional_years_are_left_out_and_said() -> None:
    provisional = np.arange(24) >= 22
    length, notes = whole_periods(drawn(_CALM, last=2022, provisional=provisional))
    assert length == 22
    assert "2021" in notes[0]


def test_months_that_are_still_coming_in_are_left_out_and_said() -> None:
    counts = np.full(48, 100.0)
    counts[-2:] = 40
    length, notes = whole_periods(drawn(counts, last=2018, period_type="month"))
    assert length == 46
    assert "2018-11" in notes[0]
    assert whole_periods(drawn(counts[:46], last=2018, period_type="month")) == (46, ())
