"""What may go with the cases of a series, tried as a regressor, and what the literature attributes to exposures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecasting.errors import SeriesRefused, TableInvalid

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from forecasting.ages import AgeCounts

OLD_AGE = 65
# A driver is shown where the error with it is less than this share of the error without, at so many origins or
# more, and where at most this share of its placebos do as well: over 102 series the first two alone are luck.
HELPS_BELOW = 0.95
FEWEST_ORIGINS = 4
PLACEBOS_AS_GOOD = 0.05
_PLACEBOS = 99
_SEED = 11
_TREND_YEARS = 15
_DRIVER_DRIFT_YEARS = 10
_FILE_COLUMNS = ("driver", "source", "country", "year", "value")


@dataclass(frozen=True)
class Driver:
    """A yearly figure beside the cases: the UV index, ozone, the share who tan indoors, the share over 65.

    `years` is int64 (n,), without a gap; `values` float64 (n,), in the unit that `name` states; `country` as in
    the counts table, "" where it holds for every series.
    """

    name: str
    source: str
    country: str
    years: NDArray[np.int64]
    values: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Refuse years with gaps and values that are not numbers."""
        if len(self.years) != len(self.values) or (np.diff(self.years) != 1).any():
            raise SeriesRefused(f"driver {self.name}: one value a year, no year missing, oldest first")
        if not np.isfinite(self.values).all():
            raise SeriesRefused(f"driver {self.name}: a value is not a number")


@dataclass(frozen=True)
class DriverVerdict:
    """Whether a driver helps to forecast a series, by the back-test.

    `ratio`: mean absolute error with the driver to that without it; below 1 is better with it. `placebos_as_good`:
    the share of drivers with the same yearly steps in another order, drawn at random, that do as well.
    """

    driver: str
    source: str
    ratio: float
    placebos_as_good: float
    origins: int
    forecasts: int

    @property
    def helps(self) -> bool:
        """Whether the driver may be shown."""
        enough = self.origins >= FEWEST_ORIGINS
        return enough and self.ratio < HELPS_BELOW and self.placebos_as_good <= PLACEBOS_AS_GOOD

    @property
    def sentence(self) -> str:
        """What may be said of it, with its figure."""
        found = (
            f"back-test over {self.origins} origins, error {self.ratio:.2f} times that without it; of placebos "
            f"{100 * self.placebos_as_good:.0f} % do as well"
        )
        if self.helps:
            return f"The number of cases is associated with {self.driver} ({found}; {self.source})."
        return f"Not shown: {self.driver} does not help to forecast this series ({found}; {self.source})."


@dataclass(frozen=True)
class AttributableFraction:
    """A published share of cases that goes with an exposure, for one place and year; never applied to a forecast."""

    exposure: str
    place: str
    year: int
    cases: int
    percent: float
    source: str

    @property
    def sentence(self) -> str:
        """The figure in words, with its source."""
        return (
            f"{self.place}, {self.year}: an estimated {self.cases:,} new melanomas ({self.percent:.1f} %) were "
            f"associated with {self.exposure} (population attributable fraction; {self.source})."
        )


ATTRIBUTABLE_FRACTIONS = (
    AttributableFraction(
        exposure="ultraviolet radiation above that of a reference population with little exposure",
        place="World",
        year=2012,
        cases=168_000,
        percent=75.7,
        source="Arnold et al. 2018, International Journal of Cancer 143, 1305-1314, doi 10.1002/ijc.31527",
    ),
    AttributableFraction(
        exposure="use of sunbeds",
        place="15 countries of the European Union and three of the EFTA",
        year=2008,
        cases=3_438,
        percent=5.4,
        source="Boniol et al. 2012, BMJ 345, e4757, doi 10.1136/bmj.e4757",
    ),
)


def share_over_65(series: AgeCounts) -> Driver:
    """Return the percentage of people of 65 and over in each year, from the series' own population.

    Raises:
        SeriesRefused: no age group begins at 65.

    """
    if OLD_AGE not in {group.low for group in series.ages}:
        raise SeriesRefused(f"{series.series_id}: no age group begins at {OLD_AGE}")
    old = np.array([group.low >= OLD_AGE for group in series.ages])
    share = 100 * series.population[:, old].sum(axis=1) / series.population.sum(axis=1)
    return Driver("the share of people over 65, percent", "population of the registry", "", series.years, share)


def read_drivers(path: Path) -> list[Driver]:
    """Read drivers from a CSV file with the columns driver, source, country, year and value.

    Raises:
        TableInvalid: it cannot be read, a column is missing, or a value or year is not a number.

    """
    try:
        table = pd.read_csv(path, keep_default_na=False, dtype=str)
    except (OSError, ValueError, UnicodeError) as error:
        raise TableInvalid(path, [f"cannot be read: {error}"]) from error
    if absent := [name for name in _FILE_COLUMNS if name not in table.columns]:
        raise TableInvalid(path, [f"has no column {name!r}; the columns are {list(table.columns)}" for name in absent])
    numbers = {name: pd.to_numeric(table[name], errors="coerce") for name in ("year", "value")}
    wrong = [
        f"row {row + 2}: {name} {table[name][row]!r} is not a number"
        for name, column in numbers.items()
        for row in table.index[column.isna()]
    ]
    if wrong:
        raise TableInvalid(path, wrong)
    table = table.assign(**numbers).sort_values("year", kind="stable")
    drivers = []
    for (name, source, country), rows in table.groupby(["driver", "source", "country"], sort=True):
        years, values = rows["year"].to_numpy(np.int64), rows["value"].to_numpy(np.float64)
        try:
            drivers.append(Driver(str(name), str(source), str(country), years, values))
        except SeriesRefused as error:
            wrong.append(str(error))
    if wrong:
        raise TableInvalid(path, wrong)
    return drivers


def judge_driver(
    years: NDArray[np.int64], counts: NDArray[np.float64], driver: Driver, origins: Sequence[int], horizon: int
) -> DriverVerdict:
    """Try a driver on a series at the origins of its back-test.

    With and without it, square roots of the counts are regressed on the year (least squares, the last 15 years).
    After the origin the driver goes on with its drift of the last ten years: nothing later is used.

    Args:
        years: of the series, without a gap, (n,).
        counts: cases or deaths, (n,).
        driver: origins before which it has fewer than 15 years in common with the series are left out.
        origins: the last year known at each, as the back-test chooses them.
        horizon: the most years ahead that are judged.

    Raises:
        SeriesRefused: the driver and the series have no origin in common.

    """
    common, at_series, at_driver = np.intersect1d(years, driver.years, return_indices=True)
    usable = [
        origin
        for origin in origins
        if origin in common and (common <= origin).sum() >= _TREND_YEARS and (years > origin).any()
    ]
    if not usable:
        raise SeriesRefused(f"driver {driver.name}: no origin after {_TREND_YEARS} years in common with the series")
    history = np.sqrt(counts[at_series])
    actual = [counts[years > origin][:horizon] for origin in usable]

    def error_with(regressor: NDArray[np.float64] | None) -> float:
        """Return the sum of absolute errors over all origins and horizons."""
        return sum(
            float(np.abs(_ahead(common, history, regressor, origin, len(came)) - came).sum())
            for origin, came in zip(usable, actual, strict=True)
        )

    values = np.asarray(driver.values[at_driver])  # noqa: PD011 - a driver's, no frame's
    without, with_driver = error_with(None), error_with(values)
    random = np.random.default_rng(_SEED)
    as_good = 1  # the driver itself, as in a permutation test
    for _ in range(_PLACEBOS):
        placebo = values[0] + np.concatenate([[0.0], np.cumsum(random.permutation(np.diff(values)))])
        as_good += error_with(placebo) <= with_driver
    return DriverVerdict(
        driver=driver.name,
        source=driver.source,
        ratio=with_driver / without if without else 1.0,
        placebos_as_good=as_good / (_PLACEBOS + 1),
        origins=len(usable),
        forecasts=sum(len(came) for came in actual),
    )


def _ahead(
    years: NDArray[np.int64],
    roots: NDArray[np.float64],
    regressor: NDArray[np.float64] | None,
    origin: int,
    horizon: int,
) -> NDArray[np.float64]:
    """Regress the square roots up to the origin on the year and the regressor, and return the counts ahead."""
    end = int((years <= origin).sum())
    kept = slice(end - _TREND_YEARS, end)
    steps = np.arange(1.0, horizon + 1)
    known, ahead = [np.ones(_TREND_YEARS), years[kept] - origin], [np.ones(horizon), steps]
    if regressor is not None:
        span = min(_DRIVER_DRIFT_YEARS, end - 1)
        drift = (regressor[end - 1] - regressor[end - 1 - span]) / span
        known.append(regressor[kept] - regressor[end - 1])
        ahead.append(drift * steps)
    found = np.linalg.lstsq(np.column_stack(known), roots[kept], rcond=None)[0]
    # A root below 0 is no case.
    return np.asarray(np.maximum(np.column_stack(ahead) @ found, 0.0) ** 2)
