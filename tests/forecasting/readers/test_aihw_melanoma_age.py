from __future__ import annotations

from typing import TYPE_CHECKING

from forecasting.readers import aihw_melanoma_age as aihw
from tests.forecasting.readers.drawn import drawn, left_out, row, workbook

if TYPE_CHECKING:
    from pathlib import Path

CSV = (
    "Year,Sex,AgeGroup,Count,ASR\n1982,Males,0-4,0,0\n1982,Males,5-9,1,0.2\n1982,Males,10+,1200,30\n"
    "1982,Females,0-4,2,0.1\n1982,Females,5-9,3,0.2\n1982,Females,10+,900,20\n"
)
BY_AGE: list[list[object]] = [
    ["Year", "Sex", "Age-Group", "Count", "Age-specific-rate"],
    [1982, "Males", "00\u201304", 0, 0],
    [1982, "Males", "05\u201309", 1, 0.2],
    [1982, "Males", "10+", 1200, 30.5],
    [None, None, None, None, None],
]
TOTALS: list[list[object]] = [
    ["Year", "Sex", "Count", "Age-specific-rate", "Age-std-rate-aus", "Age-std-rate-segi", "ICD10"],
    [1982, "Males", 1203, 22.9, 27.9, 20.8, "C43"],
    [1982, "Males", 90000, 22.9, 27.9, 20.8, "C50"],
]


def test_the_csvs_ages_are_added_up(tmp_path: Path) -> None:
    document = drawn(tmp_path, CSV)
    assert aihw.understands(document)
    table = aihw.read(document).table
    assert row(table, sex="male", age_group="all")["count"] == 1201
    both = row(table, sex="both", age_group="all")
    assert (both["count"], both["note"], both["series_id"]) == (
        2106,
        "sum of sexes",
        "aihw-australia-both-melanoma-inc",
    )
    assert table["rate_asr"].isna().all()  # the column ASR is the age-specific rate
    assert "names neither" in row(table, sex="male", age_group="5-9")["note"]


def test_the_workbooks_totals_are_kept_as_published(tmp_path: Path) -> None:
    book = workbook({"By age": BY_AGE, "Totals": TOTALS, "Notes": [["read me"], [], ["again"]]})
    document = drawn(tmp_path, book, "melanoma.xlsx")
    assert aihw.understands(document)
    reading = aihw.read(document)
    total = row(reading.table, age_group="all")
    assert (total["count"], total["rate_asr"], total["standard"], total["note"]) == (1203, 20.8, "segi", "")
    assert set(reading.table["age_group"]) == {"0-4", "5-9", "10+", "all"}
    assert left_out(reading) == {
        "the sheet 'Notes', which has other columns": 2,
        "other cancers than of the skin": 1,
    }


def test_broken_cells_are_told_with_their_sheet(tmp_path: Path) -> None:
    broken = [*BY_AGE, [1983, "Males", "old", 3, 1], [1983, "Boys", "10+", 3, 1], [1983.5, "Males", "10+", "many", 1]]
    reading = aihw.read(drawn(tmp_path, workbook({"By age": broken}), "melanoma.xlsx"))
    assert [(complaint.line, complaint.column, complaint.found) for complaint in reading.complaints] == [
        (6, "By age, Age-Group", "old"),
        (7, "By age, Sex", "Boys"),
        (8, "By age, Year", "1983.5"),
    ]


def test_another_workbook_is_not_understood(tmp_path: Path) -> None:
    assert not aihw.understands(drawn(tmp_path, workbook({"Totals": TOTALS, "Empty": []}), "melanoma.xlsx"))
