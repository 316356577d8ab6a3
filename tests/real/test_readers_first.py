"""What CDC, SEER, the state registries and IARC published, against the counts table of the same sources."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasting.readers import read_file
from forecasting.table import KEY, read_counts
from tests.forecasting.readers.drawn import left_out, row

REGISTRIES = Path(__file__).parents[2] / "../shared/data/registries"
FORMATS = REGISTRIES / "formats"
pytestmark = pytest.mark.skipif(not FORMATS.is_dir(), reason="the registries' files are not in ../shared/data")


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    return read_counts(REGISTRIES / "counts.csv.gz")


@pytest.mark.parametrize(
    ("file", "rows"),
    [
        ("cdc_uscs/BYSITE_melanoma.txt", 147),
        ("us_state_registries/nys_melanoma_incidence_mortality_year.csv", 258),
        ("us_state_registries/pa_melanoma_incidence_year.csv", 29),
        ("us_state_registries/ohio_cancer_incidence_year.xls", 23),
        ("iarc_ci5plus/data.csv", 5415),
    ],
)
def test_a_reading_gives_the_rows_of_the_counts_table(published: pd.DataFrame, file: str, rows: int) -> None:
    reading = read_file(FORMATS / file)
    assert reading.complaints == ()
    assert len(reading.table) == rows
    pairs = reading.table.merge(published, on=KEY, suffixes=("", "_published"))
    assert len(pairs) == rows
    for name in ("source", "country", "region", "sex", "count", "population", "rate_asr"):
        left, right = pairs[name], pairs[f"{name}_published"]
        same = np.isclose(left, right, equal_nan=True) if left.dtype == np.float64 else left == right
        assert same.all(), pairs[~np.asarray(same)]
    # Nor has the table years of these series that the reading lacks.
    ours = published[published["series_id"].isin(reading.table["series_id"])].merge(reading.table, on=KEY, how="left")
    if "ci5plus" not in file:  # whose sample is a part of the registries' years
        assert len(ours) == rows


def test_uscs_years_and_not_their_sums_are_read() -> None:
    reading = read_file(FORMATS / "cdc_uscs/BYSITE_melanoma.txt")
    both = reading.table[(reading.table["sex"] == "both") & (reading.table["measure"] == "incidence")]
    assert row(both, year=2019)["count"] == 93_299
    assert both[both["year"].between(2018, 2022)]["count"].sum() == 455_600
    assert sum(left_out(reading).values()) + len(reading.table) == 168


@pytest.mark.parametrize("kind", ["BYSITE", "BYAREA", "BYAGE"])
def test_older_uscs_releases_are_read_to_the_last_row(kind: str) -> None:
    reading = read_file(FORMATS / f"cdc_uscs/{kind}_1999-2017_random100.txt")
    assert reading.complaints == ()
    assert sum(left_out(reading).values()) + len(reading.table) == 100


@pytest.mark.parametrize(
    ("file", "rows"),
    [
        ("cdc_wonder/USCS_incidence_all_sites_1999-2016.txt", 684),
        ("cdc_wonder/Underlying_Cause_of_Death_age_1999-2020.txt", 162),
        ("cdc_wonder/UCD_2018-2022_single_age_ICD10-113.txt", 2102),
        ("state_cancer_profiles/melanoma-county-incidence_2017-2021.csv", 1200),
        ("state_cancer_profiles/ohio_county_melanoma_2014-2018.csv", 90),
        ("seer_explorer/explorer_download.csv", 9),
        ("iarc_ci5_xii/pop.csv", 238),
        ("iarc_ci5_xii/Registry.txt", 120),
        ("iarc_cancer_over_time/cancer_over_time_lung_mortality.csv", 478),
        ("iarc_cancer_today/Melanoma_2020.csv", 169),
    ],
)
def test_what_holds_no_yearly_skin_cancer_is_read_whole_and_left_out(file: str, rows: int) -> None:
    reading = read_file(FORMATS / file)
    assert reading.table.empty
    assert reading.complaints == ()
    assert sum(left_out(reading).values()) == rows


def test_populations_come_with_iarcs_files() -> None:
    lung = read_file(FORMATS / "iarc_cancer_over_time/cancer_over_time_lung_mortality.csv").populations
    volume = read_file(FORMATS / "iarc_ci5_xii/pop.csv").populations
    assert lung is not None
    assert volume is not None
    assert row(lung, country="Bulgaria", sex="male", year=1964, age_group="0-4")["population"] == 332_161
    assert row(volume, country="Algeria", region="Tizi Ouzou", sex="male", age_group="75+")["population"] == 47_873 / 3
    assert row(volume, country="Mauritius", sex="female", age_group="85+")["population"] == 34_402 / 5


def test_our_own_counts_table_is_read_back(published: pd.DataFrame) -> None:
    reading = read_file(REGISTRIES / "counts.csv.gz")
    assert (reading.layout, reading.complaints) == ("tidy", ())
    pd.testing.assert_frame_equal(reading.table, published)
