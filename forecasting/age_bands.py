"""Series of wider age groups, added up from the ages that a registry publishes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecasting.ages import AgeGroup, age_counts
from forecasting.errors import SeriesRefused
from forecasting.table import ALL_AGES, Series

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from forecasting.ages import AgeCounts

# Before, around and after the usual age of retirement: what services are planned by.
BANDS = (AgeGroup(0, 50), AgeGroup(50, 70), AgeGroup(70, None))


def bands_of(table: pd.DataFrame, series: Iterable[Series]) -> list[Series]:
    """Return `BANDS` of the yearly series of both sexes whose counts by age can be added up to them."""
    found = []
    for whole in series:
        if whole.sex != "both" or whole.period_type != "year":
            continue
        try:
            found += [band_series(table, whole, band) for band in BANDS]
        except SeriesRefused:  # no ages, or other groups: the series of all ages stands alone
            continue
    return found


def band_series(table: pd.DataFrame, whole: Series, band: AgeGroup) -> Series:
    """Return one yearly series of an age group, such as 50-69, of the place and sex of a series of all ages.

    Its name is that of the whole series with the ages behind it. Cases of unknown age are in none.

    Raises:
        SeriesRefused: the whole is monthly, no counts by age are known, or the registry's groups do not end where
            the band does.

    """
    if whole.period_type != "year" or whole.age_group != ALL_AGES:
        raise SeriesRefused(f"{whole.series_id}: age groups are taken from yearly series of all ages")
    by_age = age_counts(table, whole.series_id)
    chosen = _within(by_age, band)
    counts = by_age.counts[:, chosen].sum(axis=1)
    if np.isnan(counts).any():
        year = int(by_age.years[np.argmax(np.isnan(counts))])
        raise SeriesRefused(f"{whole.series_id}: a count of the ages {band.label} is not known in {year}")
    provisional = np.isin(by_age.years, whole.periods[whole.provisional])
    return Series(
        series_id=f"{whole.series_id}-ages-{band.label.replace('+', '-plus')}",
        source=whole.source,
        country=whole.country,
        region=whole.region,
        sex=whole.sex,
        cancer=whole.cancer,
        measure=whole.measure,
        period_type="year",
        periods=by_age.years,
        counts=counts,
        population=by_age.population[:, chosen].sum(axis=1),
        provisional=provisional,
        age_group=band.label,
    )


def _within(by_age: AgeCounts, band: AgeGroup) -> list[int]:
    """Return which groups make up the band."""
    ends = {group.end for group in by_age.ages}
    if band.low not in {group.low for group in by_age.ages} or band.end not in ends:
        raise SeriesRefused(f"{by_age.series_id}: its age groups cannot be added up to {band.label}")
    return [
        index
        for index, group in enumerate(by_age.ages)
        if group.low >= band.low and (band.end is None or (group.end is not None and group.end <= band.end))
    ]
