from __future__ import annotations

import ast
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from forecasting.ages import AgeCounts, AgeGroup
from forecasting.causes import Split, assumptions, project_split, split_change, split_years
from forecasting.errors import SeriesRefused

_ROOT = Path(__file__).parents[2]
_AGES = tuple(AgeGroup(low, low + 5 if low < 85 else None) for low in range(0, 90, 5))
_LABELS = ("1990", "2020")
_CASES = arrays(np.float64, 4, elements=st.floats(0, 1e5))
_PEOPLE = arrays(np.float64, 4, elements=st.floats(1, 1e8))


def _split(first: tuple[object, object], last: tuple[object, object], **options: object) -> Split:
    cells = [np.array(values, dtype=np.float64) for pair in (first, last) for values in pair]
    return split_change(*cells, labels=_LABELS, **options)


@pytest.mark.parametrize("method", ["shapley", "sequential"])
@settings(deadline=None)  # the machine may be busy
@given(cells=st.tuples(_CASES, _PEOPLE, _CASES, _PEOPLE))
def test_the_parts_sum_to_the_change(method: str, cells: tuple[np.ndarray, ...]) -> None:
    found = split_change(*cells, labels=_LABELS, method=method)
    assert found.total == found.growth + found.ageing + found.risk
    scale = max(cells[0].sum(), cells[2].sum(), 1) * max(1, *(cells[3] / cells[1]), *(cells[1] / cells[3]))
    assert found.last == pytest.approx(cells[2].sum(), abs=1e-9 * scale)


@pytest.mark.parametrize("method", ["shapley", "sequential"])
def test_a_change_of_one_factor_is_that_factors(method: str) -> None:
    base = ([10, 40], [1000, 500])
    assert _split(base, ([20, 80], [2000, 1000]), method=method).growth == pytest.approx(50)
    older = _split(base, ([5, 80], [500, 1000]), method=method)
    assert (older.growth, older.ageing, older.risk) == pytest.approx((0, 35, 0))
    assert _split(base, ([20, 80], [1000, 500]), method=method).risk == pytest.approx(50)


def test_what_factors_do_together_is_shared_or_falls_to_the_later_one() -> None:
    # Twice the people at three times the rate: 10 cases become 60.
    shared = _split(([10], [1000]), ([60], [2000]))
    assert (shared.growth, shared.risk) == pytest.approx((20, 30))
    ordered = _split(([10], [1000]), ([60], [2000]), method="sequential")
    assert (ordered.growth, ordered.risk) == pytest.approx((10, 40))


def test_an_age_that_nobody_has_reached_before_brings_no_change_of_risk() -> None:
    found = _split(([10, 0], [1000, 0]), ([10, 5], [1000, 100]), method="sequential")
    assert found.risk == pytest.approx(0)
    assert found.total == pytest.approx(5)


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        (([10, 3], [1000, 0]), "1990: cases in an age without people"),
        (([0, 0], [0, 0]), "without people"),
        (([np.nan, 3], [1000, 10]), "not known or negative"),
        (([1, -3], [1000, 10]), "not known or negative"),
    ],
)
def test_cells_that_have_no_rate_are_refused(first: tuple[list[float], list[float]], reason: str) -> None:
    with pytest.raises(SeriesRefused, match=reason):
        _split(first, ([1, 1], [10, 10]))


def _series(years: int = 20, risk_growth: float = 1.0) -> AgeCounts:
    people = np.tile(np.linspace(100_000, 20_000, 18), (years, 1)) * 1.01 ** np.arange(years)[:, None]
    rates = np.linspace(1e-6, 1e-3, 18) * risk_growth ** np.arange(years)[:, None]
    return AgeCounts("x", np.arange(2001, 2001 + years), _AGES, people * rates, people)


def test_spans_of_years_are_compared_by_their_means_and_sexes_are_cells() -> None:
    one = _series(risk_growth=1.05)
    found = split_years([one], (2001, 2005), (2016, 2020))
    assert found.base == pytest.approx(one.counts[:5].sum() / 5)
    assert found.last == pytest.approx(one.counts[-5:].sum() / 5)
    assert (found.base_label, found.last_label) == ("2001-2005", "2016-2020")
    both = split_years([one, one], (2001, 2005), (2016, 2020))
    assert (both.growth, both.ageing, both.risk) == pytest.approx((2 * found.growth, 2 * found.ageing, 2 * found.risk))
    with pytest.raises(SeriesRefused, match="not every year of 1999-2003"):
        split_years([one], (1999, 2003), (2016, 2020))


def test_a_forecast_at_constant_risk_splits_into_people_alone() -> None:
    series = _series()
    base = series.counts[-5:].sum() / 5
    to_come = series.counts[-1].sum() * 1.01 ** np.arange(1.0, 11)
    found = project_split(series, to_come)
    assert list(found) == [str(year) for year in range(2021, 2031)]
    assert all(split.projected for split in found.values())
    last = found["2030"]
    assert (last.base, last.last) == pytest.approx((base, to_come[-1]))
    assert (last.ageing, last.risk) == pytest.approx((0, 0), abs=1e-3)
    doubled = project_split(series, 2 * to_come)["2030"]
    assert doubled.risk > doubled.growth > 0


def test_a_given_population_is_used_instead_of_its_own_past() -> None:
    series = _series()
    people = np.tile(3 * series.population[-1], (2, 1))
    found = project_split(series, np.array([100.0, 100.0]), future_population=people)
    assert found["2022"].growth > project_split(series, np.array([100.0, 100.0]))["2022"].growth
    with pytest.raises(SeriesRefused, match=r"\(2, 18\), not \(1, 18\)"):
        project_split(series, np.array([100.0]), future_population=people)


def test_a_base_without_a_case_has_nothing_to_split() -> None:
    series = _series()
    empty = AgeCounts("x", series.years, _AGES, np.zeros_like(series.counts), series.population)
    with pytest.raises(SeriesRefused, match="no case in 2016-2020"):
        project_split(empty, np.array([5.0]))


def test_what_is_assumed_is_said() -> None:
    assert any("own past" in sentence for sentence in assumptions())
    given_one = assumptions(given_population="World Population Prospects 2024")
    assert any("World Population Prospects 2024" in sentence for sentence in given_one)
    assert not any("own past" in sentence for sentence in given_one)


def test_a_split_is_told_in_whole_cases_without_a_negative_zero() -> None:
    split = Split("shapley", "2016-2020", "2030", base=1380.2, growth=77.4, ageing=-0.3, risk=-403.9, projected=True)
    assert split.sentence == (
        "From 2016-2020 to 2030 the number of cases a year is projected to change by -327, from 1,380 to 1,053: +77 "
        "are associated with the number of people, +0 with their ages and -404 with a change of risk at the same age."
    )


_CAUSAL = re.compile(
    r"\b(caused? by|causes? (of )?(cancer|melanoma|cases)|due to|because of|leads? to|result(s|ed)? (of|from|in))\b",
    re.IGNORECASE,
)


def _sentences() -> list[tuple[str, str]]:
    """Return every text that the forecasts show, and where it stands: string literals and page templates."""
    found = [
        (path.name, node.value)
        for path in sorted((_ROOT / "forecasting").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    pages = [
        path
        for ending in ("html", "j2", "jinja", "js", "md")
        for path in (_ROOT / "functions" / "forecasts").rglob(f"*.{ending}")
    ]
    return found + [(path.name, path.read_text("utf-8")) for path in pages if "vendor" not in path.parts]


def test_no_sentence_says_that_something_is_the_cause_of_cases() -> None:
    found = _sentences()
    assert any("associated with" in text for _, text in found)
    assert [(name, wrong[0]) for name, text in found if (wrong := _CAUSAL.search(text))] == []
