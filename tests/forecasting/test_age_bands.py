"""Age bands are the sums of the ages that a registry publishes, and nothing where its groups do not fit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecasting.age_bands import BANDS, band_series
from forecasting.ages import AgeGroup
from forecasting.errors import SeriesRefused
from forecasting.table import Series, checked, series_of

AGES = [f"{low}-{low + 4}" for low in range(0, 85, 5)] + ["85+"]


def table() -> pd.DataFrame:
    generator = np.random.default_rng(3)
    rows = []
    for year in range(2000, 2012):
        counts = generator.integers(0, 50, len(AGES))
        common = {"series_id": "a", "sex": "both", "cancer": "melanoma", "measure": "incidence", "year": year}
        common["provisional"] = year == 2011
        rows += [
            {**common, "age_group": age, "count": count, "population": 1000}
            for age, count in zip(AGES, counts, strict=True)
        ]
        rows.append({**common, "age_group": "all", "count": counts.sum(), "population": 1000 * len(AGES)})
    return checked(pd.DataFrame(rows), "drawn")


def whole(counts: pd.DataFrame) -> Series:
    (found,) = series_of(counts)
    assert isinstance(found, Series)
    return found


def test_bands_sum_to_the_whole() -> None:
    counts = table()
    series = whole(counts)
    bands = [band_series(counts, series, band) for band in BANDS]
    np.testing.assert_array_equal(sum(one.counts for one in bands), series.counts)
    assert [one.age_group for one in bands] == ["0-49", "50-69", "70+"]
    assert [one.series_id for one in bands] == ["a-ages-0-49", "a-ages-50-69", "a-ages-70-plus"]
    assert bands[1].population.tolist() == [4000.0] * 12
    assert bands[0].provisional.tolist() == series.provisional.tolist()
    assert (bands[0].periods == series.periods).all()


@pytest.mark.parametrize("band", [AgeGroup(0, 52), AgeGroup(3, 50), AgeGroup(90, None)])
def test_a_band_that_cuts_through_a_group_is_refused(band: AgeGroup) -> None:
    counts = table()
    with pytest.raises(SeriesRefused, match="cannot be added up to"):
        band_series(counts, whole(counts), band)


def test_a_series_without_ages_is_refused() -> None:
    counts = table()
    only = counts[counts["age_group"] == "all"]
    with pytest.raises(SeriesRefused):
        band_series(only, whole(only), BANDS[0])
