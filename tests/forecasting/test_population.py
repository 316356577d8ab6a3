from __future__ import annotations

import numpy as np
import pytest

from forecasting.ages import AgeCounts, AgeGroup
from forecasting.errors import SeriesRefused
from forecasting.population import demographic_index, projected_population

_AGES = tuple(AgeGroup(low, low + 5 if low < 85 else None) for low in range(0, 90, 5))


def _stable(years: int, growth: float = 1.0) -> np.ndarray:
    """Draw a population that keeps its shape and grows by one factor a year."""
    shape = np.linspace(100_000, 20_000, len(_AGES))
    return shape * growth ** np.arange(years)[:, None]


@pytest.mark.parametrize("years", [6, 10, 30])
def test_a_stable_population_goes_on_as_it_was(years: int) -> None:
    whole = _stable(years + 12, 1.01)
    np.testing.assert_allclose(projected_population(whole[:years], _AGES, 12), whole[years:], rtol=1e-9)


def test_a_large_cohort_is_five_years_older_in_five_years() -> None:
    population = _stable(30)
    for year in range(30):  # who were born in years 0-4 before year 0 are twice as many
        population[year, year // 5] *= 2
    found = projected_population(population, _AGES, 5)
    assert found[4, 34 // 5] > 1.8 * found[4, 34 // 5 + 1]
    assert found[4, 34 // 5 - 1] < 0.8 * found[4, 34 // 5]


def test_only_what_is_given_is_used() -> None:
    population = np.random.default_rng(1).uniform(1e4, 2e4, (30, 18))
    again = np.vstack([np.full((3, 18), 9.0), population[-20:]])
    np.testing.assert_array_equal(projected_population(population, _AGES, 5), projected_population(again, _AGES, 5))


@pytest.mark.parametrize(
    ("population", "ages", "reason"),
    [
        (_stable(5), _AGES, "it takes 6"),
        (_stable(9)[:, :3], (AgeGroup(0, 15), AgeGroup(15, 75), AgeGroup(75, None)), "not in 0-14, 15-74, 75+"),
        (np.where(np.arange(18) == 4, np.nan, _stable(9)), _AGES, "not known"),
    ],
)
def test_what_cannot_be_projected_is_refused(population: np.ndarray, ages: tuple[AgeGroup, ...], reason: str) -> None:
    with pytest.raises(SeriesRefused, match=reason.replace("+", r"\+")):
        projected_population(population, ages, 3)


def test_the_index_grows_with_the_people_and_not_with_the_risk() -> None:
    population = _stable(20, 1.02)
    risk = np.linspace(1e-4, 9e-4, 20)[:, None]
    series = AgeCounts("x", np.arange(2000, 2020), _AGES, risk * population, population)
    past, future = demographic_index(series, 3)
    np.testing.assert_allclose(past, 1.02 ** np.arange(-19.0, 1))
    np.testing.assert_allclose(future, 1.02 ** np.arange(1.0, 4))


def test_an_index_without_a_case_is_refused() -> None:
    series = AgeCounts("x", np.arange(2000, 2020), _AGES, np.zeros((20, 18)), _stable(20))
    with pytest.raises(SeriesRefused, match="no case"):
        demographic_index(series, 3)
