from __future__ import annotations

from typing import TYPE_CHECKING

from forecasting.readers import aihw_acim
from tests.forecasting.readers.drawn import drawn, left_out, row

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "Year,Sex,Type,Cancer_Type,Age_0_to_4,Age_5_to_9,Age_10+,Age_Unknown,Total\n"
NMSC, RARE = '"Non-melanoma skin cancer, all types"', '"Non-melanoma skin cancer, rare types"'
TEXT = (
    HEADER
    + "1981,Male,Incidence,Melanoma of the skin,,,,,0\n"
    + "1981,Male,Mortality,Melanoma of the skin,0,1,20,2,23\n"
    + f"1981,Persons,Mortality,{NMSC},0,0,0,0,0\n"
    + f"1981,Persons,Mortality,{RARE},0,0,0,0,0\n"
    + "1981,Persons,Mortality,Lung cancer,0,0,500,0,500\n"
)


def test_a_year_without_data_is_not_a_year_without_a_case(tmp_path: Path) -> None:
    document = drawn(tmp_path, TEXT)
    assert aihw_acim.understands(document)
    reading = aihw_acim.read(document)
    assert left_out(reading) == {
        "years without data (Total 0 and no ages)": 1,
        "rare types of non-melanoma skin cancer, which all types contain": 1,
        "other cancers than of the skin": 1,
    }
    assert set(reading.table["measure"]) == {"mortality"}
    assert row(reading.table, cancer="nmsc", age_group="all")["count"] == 0
    assert row(reading.table, cancer="melanoma", age_group="unknown")["count"] == 2
    assert row(reading.table, cancer="melanoma", age_group="all")["count"] == 23
    assert set(reading.table.loc[reading.table["cancer"] == "nmsc", "age_group"]) == {"0-4", "5-9", "10+", "all"}
    assert set(reading.table["source"]) == {"AIHW ACIM books (data.gov.au) 1981-1981"}


def test_broken_cells_are_told_and_the_rest_is_read(tmp_path: Path) -> None:
    text = TEXT.replace("0,1,20,2,23", "0,one,20,2,23") + "198,Women,Incidence,Melanoma of the skin,1,1,1,0,3\n"
    reading = aihw_acim.read(drawn(tmp_path, text + "1982,Male,Both,Melanoma of the skin,1,1,1,0,3\n1982,Male\n"))
    assert [(complaint.line, complaint.found) for complaint in reading.complaints[:1]] == [(9, "1982,Male")]
    assert {(complaint.line, complaint.column) for complaint in reading.complaints[1:]} == {
        (3, "Age_5_to_9"),
        (7, "Year"),
        (7, "Sex"),
        (8, "Type"),
    }
    assert row(reading.table, cancer="melanoma", age_group="10+")["count"] == 20
