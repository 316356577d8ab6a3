from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from forecasting.errors import FileUnreadable
from forecasting.readers import norway_statistics_bank
from forecasting.readers.reading import Document
from tests.forecasting.readers.drawn import drawn, left_out, row

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = [
    *("ICD_10", "Cancersite", "Gender", "Age", "Year", "RegionCode", "Region", "ASR_Norway", "Stage", "Cases"),
    *("Person_years", "Meta_Category"),
]
ROWS = [
    ["C43", "Melanoma", "Female", "All", "1980", "0", "Norge", 16.6, "All stages", 316.0, 2060900.5, "Sex"],
    ["C43", "Melanoma", "Female", "All", "1980", "0", "Norge", 15.1, "Localized", 287.0, 2060900.5, ""],
    ["C43", "Melanoma", "Male", "All", "1980", "0", "Norge", 14.0, "All stages", 284.0, 2000000.0, ""],
    ["C43", "Melanoma", "Male", "All", "1980", "1500", "Møre og Romsdal", 14.0, "All stages", 9.0, 90000.0, ""],
    ["C43", "Melanoma", "Male", "All", "1983\u20131987", "0", "Norge", 14.0, "All stages", 900.0, 1e7, ""],
    ["C44", "Skin", "Male", "All", "1980", "0", "Norge", 14.0, "All stages", 30.0, 2000000.0, ""],
    ["C50", "Breast", "Female", "All", "1980", "0", "Norge", 14.0, "All stages", 800.0, 2060900.5, ""],
]


def as_csv(rows: list[list[object]]) -> str:
    return pd.DataFrame(rows, columns=COLUMNS).to_csv(index=False)


def as_stata(rows: list[list[object]]) -> bytes:
    stream = io.BytesIO()
    pd.DataFrame(rows, columns=COLUMNS).to_stata(stream, version=118, write_index=False)
    return stream.getvalue()


@pytest.mark.parametrize("write", [as_csv, as_stata])
def test_only_years_and_all_stages_are_read(tmp_path: Path, write: object) -> None:
    document = drawn(tmp_path, write(ROWS))  # type: ignore[operator]
    assert norway_statistics_bank.understands(document)
    reading = norway_statistics_bank.read(document)
    assert not reading.complaints
    women = row(reading.table, sex="female")
    assert (women["count"], women["population"], women["rate_asr"]) == (316, 2060900.5, 16.6)
    assert (women["standard"], women["series_id"]) == ("Norway 2014", "crn-norway-female-melanoma-inc")
    both = row(reading.table, sex="both")
    assert (both["count"], both["population"], both["note"]) == (600, 4060900.5, "sum of sexes")
    assert row(reading.table, region="Møre og Romsdal")["series_id"] == "crn-norway-more-og-romsdal-male-melanoma-inc"
    assert row(reading.table, cancer="nmsc")["count"] == 30
    assert left_out(reading) == {
        "stages, beside the rows of all stages": 1,
        "periods of several years, not years": 1,
        "other cancers than of the skin": 1,
    }


def test_broken_cells_are_told_with_their_line(tmp_path: Path) -> None:
    text = (
        as_csv(ROWS).replace("316.0", "31G").replace("284.0", "284.5").replace("Male,All,1980,1500", "M,young,198,1500")
    )
    reading = norway_statistics_bank.read(drawn(tmp_path, text))
    found = {(complaint.line, complaint.column, complaint.found) for complaint in reading.complaints}
    assert found == {
        (2, "Cases", "31G"),
        (4, "Cases", "284.5"),
        (5, "Year", "198"),
        (5, "Gender", "M"),
        (5, "Age", "young"),
    }
    assert math.isnan(row(reading.table, sex="female")["count"])


def test_a_damaged_stata_file_is_said_in_a_sentence(tmp_path: Path) -> None:
    raw = as_stata(ROWS)
    document = drawn(tmp_path, raw[: len(raw) * 2 // 3])
    assert norway_statistics_bank.understands(document)
    with pytest.raises(FileUnreadable, match="damaged Stata"):
        norway_statistics_bank.read(document)


def test_another_stata_file_is_not_understood(tmp_path: Path) -> None:
    stream = io.BytesIO()
    pd.DataFrame({"Cases": [1.0]}).to_stata(stream, version=118, write_index=False)
    assert not norway_statistics_bank.understands(Document(tmp_path / "x.dta", stream.getvalue()))
