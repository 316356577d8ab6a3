from __future__ import annotations

import pytest

from forecasting.readers.periods import edition, several_years


def test_an_edition_names_the_first_and_the_last_year() -> None:
    assert edition("NKR", [1995, "2018", "1994", "1994-1998", ""]) == "NKR 1994-2018"
    assert edition("NKR", ["2016-2020"]) == "NKR"


@pytest.mark.parametrize("period", ["2016-2020", "2016\u20132020", " 2016 - 2020 ", "58-62"])
def test_several_years_are_told_from_one(period: str) -> None:
    assert several_years(period)
    assert not several_years(period.strip()[:4])
