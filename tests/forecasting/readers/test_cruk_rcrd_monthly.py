from __future__ import annotations

from typing import TYPE_CHECKING

from forecasting.readers import cruk_rcrd_monthly as rcrd
from forecasting.table import series_of
from tests.forecasting.readers.drawn import drawn, left_out, row

if TYPE_CHECKING:
    from pathlib import Path

HEADER = '"Date","Cancer Site","Stage","Observed Count","Proportion of total","Rolling Average"\n'


def month(date: str, total: str, site: str = "Melanoma Skin") -> str:
    stages = {"Stage I": 600, "Early stages (I+II)": 900, "TotalKnown": 1000, "Unknown stage": 200}
    lines = [f'{date},"{site}","{stage}",{count},NA,1.5' for stage, count in stages.items()]
    return "\n".join([*lines, f'{date},"{site}","Total",{total},NA,1.5']) + "\n"


def test_each_case_counts_once_and_the_newest_months_are_provisional(tmp_path: Path) -> None:
    text = HEADER + "".join(month(f"2025-0{number}-01", str(1200 + number)) for number in (5, 4, 3, 2, 1))
    document = drawn(tmp_path, text + month("2025-05-01", "30000", "All Cancers Combined"))
    assert rcrd.understands(document)
    reading = rcrd.read(document)
    assert list(reading.table["count"]) == [1201, 1202, 1203, 1204, 1205]
    assert list(reading.table["month"]) == [1, 2, 3, 4, 5]
    assert list(reading.table["provisional"]) == [False, False, True, True, True]
    assert set(reading.table["series_id"]) == {"rcrd-united-kingdom-england-both-melanoma-inc-monthly"}
    assert left_out(reading) == {
        "stages and sums of stages, beside the rows Total": 20,
        "other cancers than of the skin": 5,
    }
    (series,) = series_of(reading.table)
    assert series.label(0) == "2025-01"


def test_broken_dates_and_counts_are_told(tmp_path: Path) -> None:
    text = HEADER + month("2025-13-01", "5") + month("2025-02-01", "12O0") + month("2025-01-01", "*")
    reading = rcrd.read(drawn(tmp_path, text))
    assert [(complaint.line, complaint.found) for complaint in reading.complaints] == [
        (6, "2025-13-01"),
        (11, "12O0"),
    ]
    assert row(reading.table, month=1)["suppressed"]
    assert not row(reading.table, month=2)["suppressed"]
