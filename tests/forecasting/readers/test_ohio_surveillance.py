from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecasting.readers import ohio_surveillance as ohio
from tests.forecasting.readers.drawn import drawn, left_out, row, workbook

if TYPE_CHECKING:
    from pathlib import Path


def test_a_year_spans_two_columns_and_the_total_is_no_year(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["Year", "1996", "", 1997.0, "", "Total", ""],
        ["Site/Type", *["Age-Adjusted Rate", "Cases"] * 3],
        ["Bladder", "21.4", "2,453", "22.1", "2,553", "23.0", "5,006"],
        ["Melanoma of Skin", "13.9", "1,561", "13.x", 1581, "13.9", "3,142"],
    ]
    document = drawn(tmp_path, workbook({"Sheet1": rows, "Notes": [["words"]]}), "ohio.xlsx")
    assert ohio.understands(document)
    reading = ohio.read(document)
    assert row(reading.table, year=1996)[["count", "rate_asr"]].tolist() == [1561, 13.9]
    second = row(reading.table, year=1997)
    assert second["count"] == 1581
    assert np.isnan(second["rate_asr"])
    assert left_out(reading) == {
        "other cancers": 1,
        "the total of all years, in its own columns": 1,
        "sheet Notes: another table": 1,
    }
    assert [str(complaint) for complaint in reading.complaints] == [
        "ohio.xlsx, line 4, Sheet1, 1997 Age-Adjusted Rate: '13.x' is not a number."
    ]
