from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecasting.ages import AgeCounts, AgeGroup, age_counts, age_group, tiled
from forecasting.errors import SeriesRefused
from forecasting.table import checked

_EMPTY = {"month": np.nan, "population": np.nan, "rate_asr": np.nan}


def _table(labels: list[str], years: range = range(2000, 2003), **columns: object) -> pd.DataFrame:
    rows = [
        {
            "series_id": "x",
            "sex": "female",
            "cancer": "melanoma",
            "measure": "incidence",
            "year": year,
            "age_group": label,
        }
        for year in years
        for label in labels
    ]
    return checked(pd.DataFrame(rows).assign(**{**_EMPTY, **columns}), "drawn")


def _known(population: list[list[float]], ages: tuple[AgeGroup, ...]) -> AgeCounts:
    people = np.array(population, dtype=np.float64)
    return AgeCounts("x", np.arange(2000, 2000 + len(people)), ages, np.ones_like(people), people)


_FOUR = (AgeGroup(0, 75), AgeGroup(75, 80), AgeGroup(80, 85), AgeGroup(85, None))


@pytest.mark.parametrize(
    ("label", "group"), [("40-44", AgeGroup(40, 45)), ("85+", AgeGroup(85, None)), ("7", AgeGroup(7, 8))]
)
def test_labels_are_read(label: str, group: AgeGroup) -> None:
    assert age_group(label) == group


@pytest.mark.parametrize("label", ["all", "unknown", "44-40", "forty", ""])
def test_labels_that_are_no_ages_are_refused(label: str) -> None:
    with pytest.raises(SeriesRefused):
        age_group(label)


@pytest.mark.parametrize(
    ("labels", "wrong"),
    [
        (["0-39", "40+"], ""),
        (["0-39", "45+"], "nothing for the ages 40 to 44"),
        (["0-39", "35+"], "35+ overlaps the group before it"),
        (["0-39", "40-79"], "no open group from 80 on"),
        (["0+", "40+"], "40+ comes after an open group"),
        ([], "no open group from 0 on"),
    ],
)
def test_gaps_and_overlaps_are_named(labels: list[str], wrong: str) -> None:
    assert tiled([age_group(label) for label in labels]) == wrong


def test_a_table_becomes_an_array_in_the_order_of_age() -> None:
    table = _table(["all", "unknown", "0-4", "10+", "5-9"], count=5, population=70)
    table.loc[(table["age_group"] == "10+") & (table["year"] == 2001), "count"] = 9
    found = age_counts(table, "x")
    assert [group.label for group in found.ages] == ["0-4", "5-9", "10+"]
    np.testing.assert_array_equal(found.counts, [[5, 5, 5], [5, 5, 9], [5, 5, 5]])
    np.testing.assert_array_equal(found.until(2001).years, [2000, 2001])
    np.testing.assert_array_equal(found.last(1).years, [2002])


def test_what_a_table_does_not_say_stays_unknown() -> None:
    found = age_counts(_table(["0-4", "5+"], count=1), "x")
    assert np.isnan(found.population).all()
    with pytest.raises(SeriesRefused, match="no population by age"):
        found.pooled()


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (_table(["all"], count=1), "no counts by age"),
        (_table(["0-4", "10+"], count=1), "nothing for the ages 5 to 9"),
        (_table(["0-4", "5+"], count=1).query("year != 2001"), "between 2000 and 2002"),
    ],
)
def test_a_table_without_whole_ages_is_refused(table: pd.DataFrame, reason: str) -> None:
    with pytest.raises(SeriesRefused, match=reason):
        age_counts(table, "x")


def test_the_old_are_pooled_where_their_people_are() -> None:
    found = _known([[9, 3, np.nan, np.nan], [9, 2, 1, 1]], _FOUR).pooled()
    assert found.ages == (AgeGroup(0, 75), AgeGroup(75, None))
    np.testing.assert_array_equal(found.population, [[9, 3], [9, 4]])
    np.testing.assert_array_equal(found.counts, [[1, 3], [1, 3]])


def test_years_before_the_first_population_are_left_out_and_later_gaps_refused() -> None:
    found = _known([[np.nan] * 4, [9, 3, 2, 1]], _FOUR)
    np.testing.assert_array_equal(found.pooled().years, [2001])
    with pytest.raises(SeriesRefused, match="no population by age in 2001"):
        _known([[9, 3, 2, 1], [np.nan] * 4], _FOUR).pooled()
    with pytest.raises(SeriesRefused, match="no population for the ages 0-74 in 2000"):
        _known([[np.nan, 3, 2, 1]], _FOUR).pooled()


def test_groups_above_85_become_one() -> None:
    ages = (AgeGroup(0, 85), AgeGroup(85, 90), AgeGroup(90, None))
    found = _known([[9, 2, 1]], ages).pooled()
    assert found.ages[-1].label == "85+"
    np.testing.assert_array_equal(found.population, [[9, 3]])
