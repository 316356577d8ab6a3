from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from forecasting.ages import AgeCounts, AgeGroup
from forecasting.drivers import ATTRIBUTABLE_FRACTIONS, Driver, DriverVerdict, judge_driver, read_drivers, share_over_65
from forecasting.errors import SeriesRefused, TableInvalid

if TYPE_CHECKING:
    from pathlib import Path

_YEARS = np.arange(1970, 2021)
_ORIGINS = range(1990, 2016, 4)


def _walk(seed: int) -> np.ndarray:
    return np.cumsum(np.random.default_rng(seed).normal(0.3, 1, len(_YEARS)))


def _driver(values: np.ndarray, years: np.ndarray = _YEARS) -> Driver:
    return Driver("the UV index", "drawn", "", years, values)


def test_a_driver_that_moves_with_the_cases_is_shown_with_its_figure() -> None:
    begun = (_YEARS >= 1988).astype(np.float64)  # such as a screening programme
    noise = np.random.default_rng(1).normal(0, 0.1, len(_YEARS))
    counts = (20 + 0.05 * (_YEARS - 1970) + 3 * begun + noise) ** 2
    verdict = judge_driver(_YEARS, counts, _driver(begun), range(1998, 2003), 5)
    assert verdict.helps
    assert verdict.ratio < 0.5
    assert (verdict.origins, verdict.forecasts) == (5, 25)
    assert "is associated with the UV index (back-test over 5 origins" in verdict.sentence


def test_drivers_that_have_nothing_to_do_with_the_cases_are_seldom_shown() -> None:
    shown = [
        judge_driver(_YEARS, (20 + _walk(seed)) ** 2, _driver(_walk(1000 + seed)), _ORIGINS, 5) for seed in range(12)
    ]
    assert sum(verdict.helps for verdict in shown) <= 2
    assert all(verdict.sentence.startswith("Not shown: ") for verdict in shown if not verdict.helps)


def test_nothing_after_an_origin_is_used() -> None:
    values, counts = _walk(1), (20 + _walk(2)) ** 2
    verdict = judge_driver(_YEARS, counts, _driver(values), [2010], 5)
    later = np.where(_YEARS > 2010, 99.0, values)
    assert judge_driver(_YEARS, counts, _driver(later), [2010], 5).ratio == verdict.ratio


def test_few_origins_show_nothing() -> None:
    assert not DriverVerdict("x", "drawn", ratio=0.5, placebos_as_good=0.01, origins=3, forecasts=15).helps
    assert DriverVerdict("x", "drawn", ratio=0.5, placebos_as_good=0.01, origins=4, forecasts=20).helps
    assert not DriverVerdict("x", "drawn", ratio=0.5, placebos_as_good=0.2, origins=8, forecasts=20).helps


def test_a_driver_without_enough_years_in_common_is_refused() -> None:
    with pytest.raises(SeriesRefused, match="no origin after 15 years in common"):
        judge_driver(_YEARS, _walk(1) + 99, _driver(np.arange(10.0), np.arange(2011, 2021)), _ORIGINS, 5)


@pytest.mark.parametrize(
    ("years", "values"), [([2000, 2002], [1.0, 2.0]), ([2000, 2001], [1.0, np.nan]), ([2000], [1.0, 2.0])]
)
def test_a_driver_is_whole(years: list[int], values: list[float]) -> None:
    with pytest.raises(SeriesRefused, match="driver the UV index"):
        _driver(np.array(values), np.array(years))


def test_the_share_over_65_comes_from_the_registrys_people() -> None:
    ages = (AgeGroup(0, 65), AgeGroup(65, 85), AgeGroup(85, None))
    people = np.array([[800.0, 150, 50], [700, 200, 100]])
    series = AgeCounts("x", np.array([2000, 2001]), ages, people, people)
    np.testing.assert_allclose(share_over_65(series).values, [20, 30])
    with pytest.raises(SeriesRefused, match="no age group begins at 65"):
        share_over_65(AgeCounts("x", series.years, (AgeGroup(0, 60), AgeGroup(60, 85), ages[2]), people, people))


def test_drivers_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "drivers.csv"
    path.write_text("driver,source,country,year,value\nozone,here,Norway,2001,310\nozone,here,Norway,2000,300.5\n")
    (found,) = read_drivers(path)
    assert (found.name, found.source, found.country) == ("ozone", "here", "Norway")
    np.testing.assert_array_equal(found.years, [2000, 2001])
    np.testing.assert_array_equal(found.values, [300.5, 310])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("driver,year,value\nozone,2000,1\n", "no column 'source'"),
        ("driver,source,country,year,value\nozone,here,,2000,many\n", "row 2: value 'many' is not a number"),
        ("driver,source,country,year,value\nozone,here,,2000,1\nozone,here,,2002,1\n", "no year missing"),
    ],
)
def test_files_of_drivers_that_cannot_be_read_are_refused(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "drivers.csv"
    path.write_text(text)
    with pytest.raises(TableInvalid, match=complaint):
        read_drivers(path)
    with pytest.raises(TableInvalid, match="cannot be read"):
        read_drivers(tmp_path / "absent.csv")


def test_published_fractions_name_their_source_and_fit_their_counts() -> None:
    for found in ATTRIBUTABLE_FRACTIONS:
        assert "doi 10." in found.source
        assert found.source in found.sentence
        assert "associated with" in found.sentence
    sunbeds = ATTRIBUTABLE_FRACTIONS[1]
    assert 100 * sunbeds.cases / 63_942 == pytest.approx(sunbeds.percent, abs=0.05)
    # GLOBOCAN 2012 counted 232,000 melanomas in the world.
    assert ATTRIBUTABLE_FRACTIONS[0].percent < 100 * ATTRIBUTABLE_FRACTIONS[0].cases / 200_000
