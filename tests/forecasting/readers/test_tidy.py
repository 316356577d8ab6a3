from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from forecasting.readers import read_file, tidy
from forecasting.table import read_counts, write_counts
from tests.forecasting.readers.drawn import drawn, left_out

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "series_id,sex,cancer,measure,year,count,population,suppressed\n"
GOOD = "a,male,melanoma,incidence,2001,5,100,\na,male,melanoma,incidence,2002,,100,true\n"


@pytest.mark.parametrize("name", ["counts.csv", "counts.csv.gz", "counts.parquet"])
def test_what_was_written_is_read_back(tmp_path: Path, name: str) -> None:
    (tmp_path / "first.csv").write_text(HEADER + GOOD, encoding="utf-8")
    table = read_counts(tmp_path / "first.csv")
    write_counts(table, tmp_path / name)
    reading = read_file(tmp_path / name)
    assert reading.layout == "tidy"
    assert (reading.complaints, reading.left_out) == ((), ())
    pd.testing.assert_frame_equal(reading.table, table)


def test_every_broken_row_is_a_complaint_with_its_line(tmp_path: Path) -> None:
    broken = (
        "b,male,melanoma,incidence,2001,5o,-1,\n"
        "\n"
        "b,men,lung,incidence,2002,5,100,\n"
        "b,male,melanoma,incidence,soon,5,100,\n"
        "a,male,melanoma,incidence,2001,6,100,\n"
        "b,male,melanoma,incidence,2003,6,100,yes\n"
        "short\n"
    )
    reading = tidy.read(drawn(tmp_path, HEADER + GOOD + broken))
    assert {(complaint.line, complaint.column) for complaint in reading.complaints} == {
        (4, "count"),
        (4, "population"),
        (6, "sex"),
        (6, "cancer"),
        (7, "year"),
        (8, "the whole line"),
        (9, "the whole line"),
        (10, "the whole line"),
    }
    assert list(zip(reading.table["series_id"], reading.table["year"], strict=True)) == [
        ("a", 2001),
        ("a", 2002),
        ("b", 2001),
    ]
    assert np.isnan(reading.table.iloc[2]["count"])
    assert left_out(reading) == {"rows that contradict the documented columns": 4}
    sentences = [str(complaint) for complaint in reading.complaints]
    assert "download.csv, line 4, count: '5o' is not a number." in sentences


def test_another_csv_or_damaged_parquet_is_not_ours(tmp_path: Path) -> None:
    assert not tidy.understands(drawn(tmp_path, "series_id,year\na,1\n"))
    assert not tidy.understands(drawn(tmp_path, b"PAR1 and nothing more"))
