from __future__ import annotations

import numpy as np
import pytest

from forecasting.ages import AgeGroup
from forecasting.errors import SeriesRefused
from forecasting.members.age_period_cohort import DRIFT_CUT, Fit, age_period_cohort_median, fitted, nordpred

_AGES = tuple(AgeGroup(low, low + 5 if low < 85 else None) for low in range(0, 90, 5))
_PEOPLE = np.full((18, 8), 500_000.0)


def _linear(drift: float, periods: int = 8) -> np.ndarray:
    """Draw rates whose fifth root rises by one drift a period at every age, (18, periods)."""
    return (np.linspace(0.12, 0.3, 18)[:, None] + drift * np.arange(periods)) ** 5


def _random(seed: int, periods: int = 8) -> np.ndarray:
    return np.random.default_rng(seed).poisson(_linear(0.004, periods) * 500_000).astype(np.float64)


def test_rates_without_noise_are_found_again() -> None:
    rates = _linear(0.004)
    model = fitted(rates * _PEOPLE, _PEOPLE)
    assert (model.first_age, model.periods) == (0, 6)
    assert model.drift == pytest.approx(0.004, abs=1e-6)
    np.testing.assert_allclose(model.rates(), rates[:, -6:], rtol=1e-4)
    assert model.deviance == pytest.approx(0, abs=1e-3)
    assert model.goodness_of_fit > 0.99


def test_the_drift_goes_on_less_its_cut() -> None:
    rates = _linear(0.004)
    found = nordpred(rates * _PEOPLE, _PEOPLE, np.full((18, 5), 500_000.0))
    steps = [1, 1.75, 2.25, 2.5, 2.75]
    expected = (np.linspace(0.12, 0.3, 18)[:, None] + 0.004 * (7 + np.array(steps))) ** 5 * 500_000
    np.testing.assert_allclose(found[1:], expected[1:], rtol=1e-3)
    uncut = nordpred(rates * _PEOPLE, _PEOPLE, np.full((18, 3), 500_000.0), (0.0, 0.0, 0.0))
    np.testing.assert_allclose(uncut[1:], _linear(0.004, 11)[1:, 8:] * 500_000, rtol=1e-3)
    wholly_cut = nordpred(rates * _PEOPLE, _PEOPLE, np.full((18, 3), 500_000.0), (1.0, 1.0, 1.0))
    np.testing.assert_allclose(wholly_cut[1:], np.repeat(rates[1:, -1:], 3, axis=1) * 500_000, rtol=1e-3)


def test_the_fit_is_the_most_likely_one() -> None:
    """At the maximum the residuals, weighted as Poisson asks, have no part in any column of the model."""
    cases = _random(3)[:, -4:]
    model = fitted(cases, _PEOPLE[:, -4:])
    mean = model.rates() * 500_000
    root = model.rates() ** 0.2
    score = (cases[model.first_age :] - mean) / mean * (5 * 500_000 * root**4)
    np.testing.assert_allclose(score.sum(axis=1), 0, atol=1e-3 * np.abs(score).sum())  # by age
    np.testing.assert_allclose(score.sum(axis=0), 0, atol=1e-3 * np.abs(score).sum())  # by period
    ages = len(score)
    for cohort in range(ages + 3):
        along = [score[age, age + cohort - ages + 1] for age in range(ages) if 0 <= age + cohort - ages + 1 < 4]
        assert sum(along) == pytest.approx(0, abs=1e-3 * np.abs(score).sum())


def test_ages_with_too_few_cases_keep_the_mean_rate_of_the_last_two_periods() -> None:
    cases = np.round(_linear(0.004) * _PEOPLE)
    cases[:4] = 0
    cases[3] = [0, 0, 0, 0, 2, 1, 1, 3]
    people = np.full((18, 2), 250_000.0)
    assert fitted(cases, _PEOPLE).first_age == 4
    found = nordpred(cases, _PEOPLE, people)
    np.testing.assert_array_equal(found[:3], 0)
    np.testing.assert_allclose(found[3], 2 / 500_000 * 250_000)
    # The youngest age in the model is at the mean too, the next one is projected.
    np.testing.assert_allclose(found[4], cases[4, -2:].mean() / 2)
    assert found[5, 0] > cases[5, -1] / 2


def test_a_trend_that_bends_goes_on_with_its_last_slope() -> None:
    bent = _linear(0.0).copy()
    bent[:, 2:] = (np.linspace(0.12, 0.3, 18)[:, None] + np.array([0, 0, 0, 0, 0.01, 0.03])) ** 5
    model = fitted(bent * _PEOPLE, _PEOPLE)
    assert model.recent_p < 0.05
    assert model.slope > model.drift
    assert fitted(_random(1), _PEOPLE).slope == fitted(_random(1), _PEOPLE).drift


def test_periods_that_do_not_fit_are_left_out_down_to_four() -> None:
    broken = _linear(0.004) * _PEOPLE
    broken[:, :4] *= np.random.default_rng(2).uniform(0.3, 3, (18, 4))
    assert fitted(broken, _PEOPLE).periods == 4


def test_young_cohorts_are_taken_from_the_second_youngest_age() -> None:
    model = Fit(
        first_age=0,
        periods=2,
        age=np.array([0.1, 0.2]),
        drift=0.01,
        period=np.zeros(2),
        cohort=np.array([0.0, 0.05, 0.0]),
        deviance=0,
        freedom=1,
        recent_p=1,
    )
    # The older age meets the middle cohort in the first period to come at its own number 2: the younger's is unknown.
    np.testing.assert_allclose(model.future_rates(1, DRIFT_CUT), (np.array([[0.1], [0.2]]) + 0.02 + 0.01 + 0.05) ** 5)


@pytest.mark.parametrize(
    ("cases", "people", "future", "reason"),
    [
        (_random(1)[:, :3], _PEOPLE[:, :3], 2, "3 five-year periods"),
        (_random(1), _PEOPLE[:, :5], 2, "differ in shape"),
        (np.where(np.arange(18)[:, None] > 14, _random(1), 0), _PEOPLE, 2, "3 age groups"),
        (_random(1), _PEOPLE, 6, "6 periods to come"),
    ],
)
def test_what_the_model_cannot_take_is_refused(cases: np.ndarray, people: np.ndarray, future: int, reason: str) -> None:
    with pytest.raises(SeriesRefused, match=reason):
        nordpred(cases, people, np.ones((18, future)))


def _yearly(years: int, seed: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    people = np.tile(np.linspace(100_000, 20_000, 18), (years, 1))
    rates = (np.linspace(0.12, 0.3, 18) + 0.004 / 5 * np.arange(years)[:, None]) ** 5
    cases = rates * people
    return (cases if seed is None else np.random.default_rng(seed).poisson(cases).astype(np.float64)), people


def test_single_years_follow_the_drift_of_the_periods() -> None:
    cases, people = _yearly(45)
    found = age_period_cohort_median(cases[:35], people[:35], _AGES, 3)
    np.testing.assert_allclose(found, cases[35:38].sum(axis=1), rtol=0.01)
    further = age_period_cohort_median(cases[:35], people[:35], _AGES, 10)
    np.testing.assert_allclose(further[:3], found)
    # The drift is cut: below its going on, above its standing still.
    assert cases[34].sum() < further[9] < cases[44].sum()


def test_years_before_whole_periods_do_not_count() -> None:
    cases, people = _yearly(24, seed=1)
    found = age_period_cohort_median(cases, people, _AGES, 10)
    changed = cases.copy()
    changed[:4] *= 7
    np.testing.assert_array_equal(age_period_cohort_median(changed, people, _AGES, 10), found)
    with pytest.raises(SeriesRefused, match="3 five-year periods"):
        age_period_cohort_median(cases[:19], people[:19], _AGES, 10)


def test_nobody_at_an_age_is_refused() -> None:
    cases, people = _yearly(25)
    people[:, 3] = 0
    with pytest.raises(SeriesRefused, match="without people"):
        age_period_cohort_median(cases, people, _AGES, 5)
