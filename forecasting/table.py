"""The counts table: what every reader writes and everything else reads; one row a series, age group and period.

| column | meaning |
|---|---|
| series_id | names a series: source prefix, place, sex, cancer, measure, in lower case with hyphens |
| source | data set and edition, as a person would cite it |
| country, region | place in words; an empty region is the whole country |
| sex | female, male or both |
| cancer | melanoma (C43), nmsc (C44, all of it), bcc, scc, or skin_all (C43 and C44 without bcc) |
| measure | incidence (cases) or mortality (deaths) |
| period_type, year, month | year or month; month is 1..12 in monthly rows and empty in yearly ones |
| age_group | all, five-year groups such as 40-44, an open one such as 85+, wider groups as published, or unknown |
| count | cases or deaths, whole and not negative; empty where it is not known |
| population | persons or person-years of that sex and age; empty where it is not known |
| rate_asr | age-standardised rate per 100,000 as published; empty where there is none |
| standard | of rate_asr: segi, esp1976, esp2013, us2000, or as the publisher names it; empty where not known |
| suppressed | whether the publisher kept the count back; it is then empty, and never 0 |
| provisional | whether the publisher says that registrations of the period are still coming in |
| note | what was derived, and how |
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecasting.errors import TableInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

TEXT = (
    "series_id",
    "source",
    "country",
    "region",
    "sex",
    "cancer",
    "measure",
    "period_type",
    "age_group",
    "standard",
    "note",
)
NUMBERS = ("year", "month", "count", "population", "rate_asr")
FLAGS = ("suppressed", "provisional")
COLUMNS = (
    "series_id",
    "source",
    "country",
    "region",
    "sex",
    "cancer",
    "measure",
    "period_type",
    "year",
    "month",
    "age_group",
    "count",
    "population",
    "rate_asr",
    "standard",
    "suppressed",
    "provisional",
    "note",
)
KEY = ["series_id", "period_type", "year", "month", "age_group"]
SEXES = ("female", "male", "both")
CANCERS = ("melanoma", "nmsc", "bcc", "scc", "skin_all")
MEASURES = ("incidence", "mortality")
PERIOD_TYPES = ("year", "month")
ALL_AGES = "all"
_REQUIRED = ("series_id", "sex", "cancer", "measure", "year", "count")
_AGE_GROUP = re.compile(r"all|unknown|\d+-\d+|\d+\+|\d+")
_MONTHS = 12


@dataclass(frozen=True)
class Series:
    """One series of all ages, or of one age group, oldest period first, without a gap.

    `periods` counts years (2019) or months since year 0 (12 * 2019 + 0 is January 2019); `counts` and
    `population` are float64 (n,), `population` NaN where it is not known.
    """

    series_id: str
    source: str
    country: str
    region: str
    sex: str
    cancer: str
    measure: str
    period_type: str
    periods: NDArray[np.int64]
    counts: NDArray[np.float64]
    population: NDArray[np.float64]
    provisional: NDArray[np.bool_]
    age_group: str = ALL_AGES

    @property
    def place(self) -> str:
        """The country, and the region where there is one."""
        return f"{self.country}, {self.region}" if self.region else self.country

    def label(self, index: int) -> str:
        """Return a period as people write it: 2019, or 2019-03."""
        return period_label(int(self.periods[index]), self.period_type)


def period_label(period: int, period_type: str) -> str:
    """Return a period as people write it: 2019, or 2019-03."""
    return str(period) if period_type == "year" else f"{period // _MONTHS}-{period % _MONTHS + 1:02d}"


def read_counts(path: Path) -> pd.DataFrame:
    """Read a counts table: CSV, gzipped or not, or Parquet.

    Args:
        path: ends in .csv, .csv.gz or .parquet. Columns beyond `COLUMNS` are left out; absent ones are filled:
            text with "", numbers with NaN, flags with False, `period_type` with year, `age_group` with all.

    Returns:
        The columns of `COLUMNS`: text as str, year as int64, month, count, population and rate_asr as float64
        (NaN: not known), flags as bool; sorted by `KEY`.

    Raises:
        TableInvalid: with every complaint, by row.

    """
    try:
        table = (
            pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, dtype=str, keep_default_na=False)
        )
    except (OSError, ValueError, UnicodeError) as error:
        raise TableInvalid(path, [f"cannot be read: {error}"]) from error
    absent = [name for name in _REQUIRED if name not in table.columns]
    if absent:
        raise TableInvalid(path, [f"has no column {name!r}; the columns are {list(table.columns)}" for name in absent])
    return checked(table, path)


def checked(table: pd.DataFrame, origin: str | Path) -> pd.DataFrame:
    """Return the table with every column of `COLUMNS` in its type, or raise `TableInvalid` with every complaint."""
    complaints: list[str] = []
    columns: dict[str, pd.Series] = {}
    table = table.reset_index(drop=True)
    for name in COLUMNS:
        given = table[name] if name in table.columns else pd.Series("", index=table.index, dtype=str)
        if name in TEXT:
            columns[name] = given.fillna("").astype(str).str.strip()
        elif name in FLAGS:
            columns[name] = given.fillna("").astype(str).str.strip().str.lower().isin(("true", "1", "yes"))
        else:
            numbers = pd.to_numeric(given, errors="coerce")
            wrong = table.index[numbers.isna() & (given.fillna("").astype(str).str.strip() != "")]
            complaints += [f"row {row + 2}: {name} {given[row]!r} is not a number" for row in wrong]
            columns[name] = numbers.astype(np.float64)
    columns["period_type"] = columns["period_type"].replace("", "year")
    columns["age_group"] = columns["age_group"].replace("", ALL_AGES)
    found = pd.DataFrame(columns)
    for name, allowed in (
        ("sex", SEXES),
        ("cancer", CANCERS),
        ("measure", MEASURES),
        ("period_type", PERIOD_TYPES),
    ):
        wrong = found.index[~found[name].isin(allowed)]
        complaints += [f"row {row + 2}: {name} {found[name][row]!r} is none of {', '.join(allowed)}" for row in wrong]
    complaints += [
        f"row {row + 2}: age_group {found['age_group'][row]!r} is not all, unknown, 40-44 or 85+"
        for row in found.index[~found["age_group"].str.fullmatch(_AGE_GROUP.pattern)]
    ]
    complaints += [f"row {row + 2}: year is empty" for row in found.index[found["year"].isna()]]
    monthly = found["period_type"] == "month"
    wrong = found.index[monthly != found["month"].between(1, _MONTHS)]
    complaints += [f"row {row + 2}: month {found['month'][row]} does not fit period_type" for row in wrong]
    for name in ("count", "population", "rate_asr"):
        complaints += [f"row {row + 2}: {name} {found[name][row]} is negative" for row in found.index[found[name] < 0]]
    complaints += [
        f"row {row + 2}: is suppressed, but has the count {found['count'][row]:g}"
        for row in found.index[found["suppressed"] & found["count"].notna()]
    ]
    complaints += [f"row {row + 2}: comes twice (same {', '.join(KEY)})" for row in found.index[found.duplicated(KEY)]]
    if complaints:
        raise TableInvalid(origin, complaints)
    found["year"] = found["year"].astype(np.int64)
    return found.sort_values(KEY, kind="stable", ignore_index=True)


def write_counts(table: pd.DataFrame, path: Path) -> None:
    """Write a checked table as CSV, gzipped CSV or Parquet, by the name's end, in one step."""
    partial = path.with_name(f".partial-{path.name}")
    if path.suffix == ".parquet":
        table.to_parquet(partial, index=False)
    else:
        # A time of 0 in gzip's header: the same table gives the same bytes.
        compression = {"method": "gzip", "mtime": 0} if path.suffix == ".gz" else None
        table.to_csv(partial, index=False, lineterminator="\n", compression=compression)
    partial.replace(path)


def series_of(table: pd.DataFrame) -> Iterator[Series | tuple[str, str]]:
    """Yield each series of all ages, or (series_id, why it is left out) for one with a gap or an unknown count."""
    whole = table[table["age_group"] == ALL_AGES]
    for (series_id, period_type), rows in whole.groupby(["series_id", "period_type"], sort=True):
        month = rows["month"].fillna(1).astype(np.int64) - 1
        periods = (rows["year"] * _MONTHS + month if period_type == "month" else rows["year"]).to_numpy(np.int64)
        order = np.argsort(periods)
        periods, ordered = periods[order], rows.iloc[order]
        counts = ordered["count"].to_numpy(np.float64)
        unknown = np.isnan(counts)
        steps = np.diff(periods)
        if unknown.any():
            first = period_label(int(periods[np.argmax(unknown)]), str(period_type))
            yield str(series_id), f"{int(unknown.sum())} count(s) not known or suppressed, the first in {first}"
            continue
        if (steps != 1).any():
            gap = int(np.argmax(steps != 1))
            yield (
                str(series_id),
                (
                    f"nothing between {period_label(int(periods[gap]), str(period_type))} and "
                    f"{period_label(int(periods[gap + 1]), str(period_type))}"
                ),
            )
            continue
        first_row = ordered.iloc[0]
        yield Series(
            series_id=str(series_id),
            **{name: str(first_row[name]) for name in ("source", "country", "region", "sex", "cancer", "measure")},
            period_type=str(period_type),
            periods=periods,
            counts=counts,
            population=ordered["population"].to_numpy(np.float64),
            provisional=ordered["provisional"].to_numpy(bool),
        )
