from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.errors import SeriesRefused
from forecasting.standards import STANDARDS, standardised_rate

_AGES = [f"{low}-{low + 4}" for low in range(0, 85, 5)] + ["85+"]
_PEOPLE = np.linspace(50_000, 4_000, 18)


@pytest.mark.parametrize(
    ("name", "total", "groups", "over_65"),
    [("segi", 100_000, 18, 7_000), ("esp1976", 100_000, 18, 11_000), ("esp2013", 100_000, 19, 19_500)],
)
def test_the_standards_hold_what_they_are_published_with(name: str, total: int, groups: int, over_65: int) -> None:
    standard = STANDARDS[name]
    assert (standard.total, len(standard.groups)) == (total, groups)
    assert sum(standard.persons[13:]) == over_65
    assert standard.groups[-1].end is None


def test_the_million_of_the_united_states_is_whole() -> None:
    assert STANDARDS["us2000"].total == 1_000_000
    assert sum(STANDARDS["us2000"].persons[13:]) == 126_386


@settings(deadline=None)  # the machine may be busy
@given(st.sampled_from(sorted(STANDARDS)), st.floats(0, 500))
def test_one_rate_at_every_age_is_the_standardised_rate(standard: str, rate: float) -> None:
    assert standardised_rate(_PEOPLE * rate / 1e5, _PEOPLE, _AGES, standard) == pytest.approx(rate)


def test_cases_in_one_group_are_weighted_with_its_share() -> None:
    counts = np.where(np.arange(18) == 8, 0.001 * _PEOPLE, 0)
    assert standardised_rate(counts, _PEOPLE, _AGES, "segi") == pytest.approx(100 * 0.06)
    assert standardised_rate(counts, _PEOPLE, _AGES, "esp2013") == pytest.approx(100 * 0.07)


def test_an_open_group_below_that_of_the_standard_is_pooled() -> None:
    ages = [*_AGES[:15], "75+"]
    counts = np.zeros(16)
    counts[-1] = 40
    assert standardised_rate(counts, [1000] * 16, ages, "segi") == pytest.approx(0.02 * 4000)


def test_old_cases_without_people_belong_to_the_last_group_with_some() -> None:
    people = np.full(18, 1000.0)
    counts = np.zeros(18)
    people[16:], counts[15:] = np.nan, (20, 15, 5)
    assert standardised_rate(counts, people, _AGES, "segi") == pytest.approx(0.02 * 4000)


def test_groups_above_those_of_the_standard_are_pooled() -> None:
    ages = [*_AGES[:17], "85-89", "90+"]
    people = np.append(np.full(17, 1000.0), [750, 250])
    counts = np.append(np.zeros(17), [5, 5])
    assert standardised_rate(counts, people, ages, "us2000") == pytest.approx(0.015508 * 1000)
    # Europe's standard of 2013 has both groups: 1.5 % at 5 of 750, 1 % at 5 of 250.
    assert standardised_rate(counts, people, ages, "esp2013") == pytest.approx(1e5 * (0.015 * 5 / 750 + 0.01 * 5 / 250))


def test_an_age_without_a_case_needs_no_people() -> None:
    people, counts = _PEOPLE.copy(), 0.001 * _PEOPLE
    counts[0], people[0] = 0, np.nan
    assert standardised_rate(counts, people, _AGES, "segi") == pytest.approx(100 * 0.88)


def _change(values: np.ndarray, index: int, value: float) -> np.ndarray:
    changed = values.astype(float)
    changed[index] = value
    return changed


@pytest.mark.parametrize(
    ("counts", "people", "ages", "standard", "reason"),
    [
        (_PEOPLE, _PEOPLE, _AGES, "who", "no standard population; there are segi"),
        (_PEOPLE[1:], _PEOPLE, _AGES, "segi", "18 age groups"),
        (_change(_PEOPLE, 3, np.nan), _PEOPLE, _AGES, "segi", "the count of 15-19 is not known"),
        (_PEOPLE, _change(_PEOPLE, 3, np.nan), _AGES, "segi", "the population of 15-19 is not known"),
        (_PEOPLE, _change(_PEOPLE, 3, 0), _AGES, "segi", "nobody in the ages from 15"),
        (_PEOPLE, _change(_PEOPLE, 3, -1), _AGES, "segi", "15-19 is negative"),
        (_PEOPLE, np.full(18, np.nan), _AGES, "segi", "the population of 0-4 is not known"),
        (_PEOPLE[1:], _PEOPLE[1:], _AGES[1:], "segi", "nothing for the ages 0 to 4"),
        (_PEOPLE[:14], _PEOPLE[:14], [*_AGES[:13], "65+"], "segi", "starts at 65"),
        ([1, 1, 1], [9, 9, 9], ["0-39", "40-74", "75+"], "segi", "0 to 39 are one group"),
        (_PEOPLE, _PEOPLE, [*_AGES[:17], "all"], "segi", "not an age group"),
    ],
)
def test_what_is_missing_is_named(
    counts: np.ndarray, people: np.ndarray, ages: list[str], standard: str, reason: str
) -> None:
    with pytest.raises(SeriesRefused, match=reason):
        standardised_rate(counts, people, ages, standard)
