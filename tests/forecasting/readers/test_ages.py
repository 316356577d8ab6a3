from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.readers.ages import age_group, bounds, joined, regrouped, with_totals
from forecasting.readers.reading import FIVE_YEAR_AGES, POPULATION_COLUMNS
from forecasting.table import checked
from tests.forecasting.readers.drawn import row


@pytest.mark.parametrize(
    ("written", "group"),
    [
        ("00\u201304", "0-4"),
        ("0 - 4", "0-4"),
        ("20 to 24", "20-24"),
        ("90 and over", "90+"),
        ("100 and over", "100+"),
        ("85+", "85+"),
        ("Under 5", "0-4"),
        ("< 1 year", "0"),
        ("All", "all"),
        ("Totaal", "all"),
        ("Unknown", "unknown"),
        (7, "7"),
        ("100+", "100+"),
    ],
)
def test_age_groups_are_understood_as_publishers_write_them(written: object, group: str) -> None:
    assert age_group(written) == group


@pytest.mark.parametrize("written", ["", "9-5", "5-5", "old", "1-2-3", "-4", "nan"])
def test_anything_else_is_no_age_group(written: str) -> None:
    with pytest.raises(ValueError, match="not an age group"):
        age_group(written)


@given(st.integers(0, 98), st.integers(1, 40))
def test_an_age_group_in_the_tables_own_words_stays_as_it_is(first: int, width: int) -> None:
    assert age_group(f"{first}-{first + width}") == f"{first}-{first + width}"
    assert bounds(f"{first}-{first + width}") == (first, first + width + 1)
    assert bounds(f"{first}+") == (first, math.inf)


def test_adjoining_groups_become_one() -> None:
    assert joined(["25-29", "20-24"]) == "20-29"
    assert joined(FIVE_YEAR_AGES) == "all"
    assert joined(["85+", "80-84"]) == "80+"
    for groups in (["20-24", "30-34"], ["20-24", "20-29"], [], ["all"]):
        with pytest.raises(ValueError, match="adjoining"):
            joined(groups)


def _table(cells: list[tuple[str, str, float | None, bool]], **more: object) -> pd.DataFrame:
    return checked(
        pd.DataFrame(
            {
                "series_id": f"x-norway-{sex}-melanoma-inc",
                "source": "X",
                "country": "Norway",
                "sex": sex,
                "cancer": "melanoma",
                "measure": "incidence",
                "year": 2000,
                "age_group": age,
                "count": count,
                "population": 1000,
                "suppressed": suppressed,
                **more,
            }
            for sex, age, count, suppressed in cells
        ),
        "drawn",
    )


def test_ages_and_sexes_are_added_up_where_both_are_whole() -> None:
    table = with_totals(
        _table([("female", "0-39", 1, False), ("female", "40+", 5, False), ("male", "0-39", 2, False)]).pipe(
            lambda one: pd.concat([one, _table([("male", "40+", 7, False), ("male", "unknown", 1, False)])])
        ),
        "x",
    )
    assert row(table, sex="female", age_group="all")["count"] == 6
    assert row(table, sex="female", age_group="all")["population"] == 2000
    male = row(table, sex="male", age_group="all")
    assert (male["count"], male["note"]) == (10, "sum of ages")
    both = row(table, sex="both", age_group="all")
    assert (both["count"], both["note"], both["series_id"]) == (16, "sum of sexes", "x-norway-both-melanoma-inc")
    assert row(table, sex="both", age_group="40+")["count"] == 12
    checked(table, "drawn")


def test_a_total_that_was_published_is_never_added_again() -> None:
    cells = [(sex, age, 4.0, False) for sex in ("female", "male", "both") for age in ("0-39", "40+", "all")]
    table = _table(cells)
    assert len(with_totals(table, "x")) == len(table)


def test_a_suppressed_part_leaves_the_total_suppressed_and_not_smaller() -> None:
    table = with_totals(_table([("female", "0-39", None, True), ("female", "40+", 5, False)]), "x")
    total = row(table, age_group="all")
    assert math.isnan(total["count"])
    assert total["suppressed"]
    assert "not known" in total["note"]


def test_ages_with_a_gap_give_no_total() -> None:
    table = with_totals(_table([("female", "20-39", 3, False), ("female", "40+", 5, False)]), "x")
    assert set(table["age_group"]) == {"20-39", "40+"}


def test_an_empty_table_stays_empty() -> None:
    assert with_totals(checked(pd.DataFrame(), "drawn"), "x").empty


def test_populations_are_summed_into_wider_groups_only_where_these_are_filled() -> None:
    people = pd.DataFrame(
        [("Norway", "", "male", 2000, age, 10.0) for age in ("0", "1", "2", "3", "4", "5-9", "10-14", "15+")],
        columns=list(POPULATION_COLUMNS),
    )
    found = regrouped(people, ("0-4", "5-14", "12-14", "15+", "10+", "all", "85+"))
    assert dict(zip(found["age_group"], found["population"], strict=True)) == {
        "0-4": 50,
        "5-14": 20,
        "15+": 10,
        "10+": 20,
        "all": 80,
    }
    assert regrouped(people.iloc[:0], ("0-4",)).empty
