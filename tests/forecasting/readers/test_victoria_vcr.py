from __future__ import annotations

import math
from typing import TYPE_CHECKING

from forecasting.readers import victoria_vcr as vcr
from tests.forecasting.readers.drawn import drawn, left_out, row, workbook

if TYPE_CHECKING:
    from pathlib import Path


def sheet(measure: str, *pairs: list[object], code: str = "C43") -> list[list[object]]:
    total = "Total cases" if measure == "incidence" else "Total deaths"
    return [
        [f"Melanoma (ICD-10: {code}) {measure} in Victoria 1982-2021, by age groups"],
        ["Source: Victorian Cancer Registry (2022)"],
        [],
        [None, None, None, "Age"],
        ["Year", "Sex", "Measure", "0-4", "5+", total, "ASR", "Crude rate"],
        *pairs,
    ]


MEN: list[list[object]] = [
    [2021, "Males", "Cases", 0, 1650, 1650, None, None],
    [2021, "Males", "Age specific rate", 0, 53.1, None, 28.3, 50.1],
]
WOMEN: list[list[object]] = [
    [2021, "Females", "Cases", 1, 1178, 1179, None, None],
    [2021, "Females", "Age specific rate", 0.1, 37.1, None, 20.1, 35.1],
]


def test_the_two_rows_of_a_pair_are_told_apart(tmp_path: Path) -> None:
    deaths = [[2021, "Males", "Deaths", 0, 183, 183, None, None]]
    book = workbook(
        {
            "Front page": [[None, "C43"]],
            "Incidence": sheet("incidence", *MEN, *WOMEN),
            "Mortality": sheet("mortality", *deaths),
            "Survival": [["Relative survival"], [], ["Period", "sex"]],
        }
    )
    document = drawn(tmp_path, book, "victoria.xlsx")
    assert vcr.understands(document)
    reading = vcr.read(document)
    total = row(reading.table, sex="male", measure="incidence", age_group="all")
    assert (total["count"], total["population"], total["rate_asr"], total["standard"]) == (1650, 3_293_400, 28.3, "")
    assert total["series_id"] == "vcr-australia-victoria-male-melanoma-inc"
    assert row(reading.table, sex="male", measure="incidence", age_group="5+")["count"] == 1650
    both = row(reading.table, sex="both", age_group="all")
    assert (both["count"], both["note"]) == (2829, "sum of sexes")
    dead = row(reading.table, measure="mortality", age_group="all")
    assert dead["count"] == 183
    assert math.isnan(dead["rate_asr"])
    assert left_out(reading) == {
        "the sheet 'Front page', which has no yearly cases": 1,
        "the sheet 'Survival', which has no yearly cases": 2,
    }


def test_broken_rows_and_cells_are_told_with_their_sheet(tmp_path: Path) -> None:
    bad: list[list[object]] = [
        [2020, "Males", "Cases", 0, "16so", 12, None, None],
        [2020, "Boys", "Cases", 0, 1, 1, None, None],
        [2020, "Males", "Share", 0, 1, 1, None, None],
        [2020, "Males", "Cases", 0, 1, 1, None, None],
        [2019, "Males", "Age specific rate", 0, 1, None, 1, 1],
    ]
    reading = vcr.read(drawn(tmp_path, workbook({"Incidence": sheet("incidence", *MEN, *bad)}), "victoria.xlsx"))
    assert {(complaint.line, complaint.column) for complaint in reading.complaints} == {
        (8, "Incidence, 5+"),
        (9, "Incidence, Sex"),
        (10, "Incidence, Measure"),
        (11, "Incidence, Measure"),
        (12, "Incidence, Measure"),
    }
    assert row(reading.table, year=2020, age_group="all")["count"] == 12


def test_a_workbook_of_another_cancer_or_without_a_header(tmp_path: Path) -> None:
    other = vcr.read(drawn(tmp_path, workbook({"Incidence": sheet("incidence", *MEN, code="C50")}), "v.xlsx"))
    assert left_out(other) == {"other cancers than of the skin": 2}
    headless = vcr.read(drawn(tmp_path, workbook({"Incidence": sheet("incidence")[:2]}), "v.xlsx"))
    assert "no header" in str(headless.complaints[0])
    assert not vcr.understands(drawn(tmp_path, workbook({"Incidence": [["Melanoma"]], "Empty": []}), "v.xlsx"))
