from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from forecasting.readers import nordpred
from tests.forecasting.readers.drawn import drawn, left_out

if TYPE_CHECKING:
    from pathlib import Path

BODY = "0-4,1,2\n5-9,3,4\n85+,81,9five\n"


@pytest.mark.parametrize(
    "header", ["row.names,88-92,93-97", ",1988-1992,1993-1997", "98-02,03-07", "x,98\u201302,03\u201307"]
)
def test_sums_of_five_years_are_checked_and_left_out(tmp_path: Path, header: str) -> None:
    document = drawn(tmp_path, f"{header}\n{BODY}old,1,2\n")
    assert nordpred.understands(document)
    reading = nordpred.read(document)
    assert reading.table.empty
    assert reading.populations is None
    assert left_out(reading) == {"sums of five years, of a place and a cancer that the file does not name": 3}
    assert [(complaint.line, complaint.found) for complaint in reading.complaints] == [(4, "9five"), (5, "old,1,2")]


@pytest.mark.parametrize("header", ["age,1990,1991", "age,88-93,93-98", "age", ""])
def test_other_columns_are_not_understood(tmp_path: Path, header: str) -> None:
    assert not nordpred.understands(drawn(tmp_path, f"{header}\n{BODY}"))
