from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecasting.readers import cdc_uscs
from tests.forecasting.readers.drawn import drawn, left_out, row

if TYPE_CHECKING:
    from pathlib import Path

BYSITE = """YEAR|RACE|SEX|SITE|EVENT_TYPE|AGE_ADJUSTED_RATE|COUNT|POPULATION
2001|All Races|Female|Melanomas of the Skin|Incidence|13.9|70|1000
2001|All Races|Male|Melanomas of the Skin|Incidence|15.0|80.0|1100
2001|All Races|Male and Female|Melanomas of the Skin|Incidence|14.4|150|2100
2002|All Races|Female|Melanomas of the Skin|Incidence|~|~|1000
2003|All Races|Female|Melanomas of the Skin|Mortality||1o|1000
2001-2005|All Races|Female|Melanomas of the Skin|Incidence|14.0|350|5000
2001|White|Female|Melanomas of the Skin|Incidence|14.0|65|900
2001|All Races|Female|Melanomas of the Skin, <i>in situ</i>|Incidence|14.0|65|900
2001|All Races|Female|Other Non-Epithelial Skin|Incidence|1.0|6|1000
2001|All Races|Female|Thyroid|Incidence|1.0|6|1000
"""


def test_each_years_melanomas_are_read_once(tmp_path: Path) -> None:
    document = drawn(tmp_path, BYSITE)
    assert cdc_uscs.understands(document)
    reading = cdc_uscs.read(document)
    assert len(reading.table) == 5
    both = row(reading.table, sex="both")
    assert (both["count"], both["rate_asr"], both["standard"], both["population"]) == (150, 14.4, "us2000", 2100)
    assert both["series_id"] == "uscs-united-states-both-melanoma-inc"
    assert both["source"] == "CDC U.S. Cancer Statistics BYSITE 2001-2002/2003"
    assert left_out(reading) == {
        "five-year totals among the years (2001-2005)": 1,
        "rows by race, beside all races": 1,
        "melanomas in situ": 1,
        "Other Non-Epithelial Skin: neither C43 nor all of C44": 1,
        "other cancers": 1,
    }


def test_a_count_kept_back_is_not_known_and_a_broken_one_is_a_complaint(tmp_path: Path) -> None:
    reading = cdc_uscs.read(drawn(tmp_path, BYSITE))
    kept_back, broken = row(reading.table, year=2002), row(reading.table, year=2003)
    assert (np.isnan(kept_back["count"]), kept_back["suppressed"]) == (True, True)
    assert (np.isnan(broken["count"]), broken["suppressed"]) == (True, False)
    assert [str(complaint) for complaint in reading.complaints] == [
        "download.csv, line 6, COUNT: '1o' is not a number."
    ]


def test_ages_stand_by_themselves_in_any_order_of_columns(tmp_path: Path) -> None:
    header = "AGE|COUNT|EVENT_TYPE|POPULATION|RACE|RATE|SEX|SITE|YEAR"
    ages = ["<1", "1-4", *(f"{age}-{age + 4}" for age in range(5, 85, 5)), "85+"]
    lines = [f"{age}|20|Mortality|100.0|All Races|20|Male|Melanomas of the Skin|2009" for age in ages]
    table = cdc_uscs.read(drawn(tmp_path, "\n".join([header, *lines]))).table
    assert set(table["age_group"]) == {"0", "1-4", "85+", "all", *ages[2:-1]}
    total = row(table, age_group="all")
    assert (total["count"], total["note"]) == (20 * len(ages), "sum of ages")
    assert table["rate_asr"].isna().all()


def test_an_age_kept_back_leaves_the_sum_unknown(tmp_path: Path) -> None:
    header = "AGE|COUNT|EVENT_TYPE|POPULATION|RACE|RATE|SEX|SITE|YEAR"
    ages = {f"{age}-{age + 4}": "20" for age in range(0, 85, 5)} | {"85+": ""}
    lines = [f"{age}|{n}|Mortality|100|All Races||Male|Melanomas of the Skin|2009" for age, n in ages.items()]
    total = row(cdc_uscs.read(drawn(tmp_path, "\n".join([header, *lines]))).table, age_group="all")
    assert np.isnan(total["count"])
    assert total["suppressed"]


def test_states_are_regions_and_sums_of_states_are_left_out(tmp_path: Path) -> None:
    header = "AREA|AGE_ADJUSTED_RATE|COUNT|EVENT_TYPE|POPULATION|RACE|SEX|SITE|YEAR"
    areas = ("United States", "Ohio", "Puerto Rico", "Midwest")
    lines = [f"{area}|1|20|Incidence|100|All Races|Male|Melanomas of the Skin|2009" for area in areas]
    reading = cdc_uscs.read(drawn(tmp_path, "\n".join([header, *lines])))
    assert set(zip(reading.table["country"], reading.table["region"], strict=True)) == {
        ("United States", ""),
        ("United States", "Ohio"),
        ("Puerto Rico", ""),
    }
    assert left_out(reading) == {"regions and divisions, beside the states": 1}
