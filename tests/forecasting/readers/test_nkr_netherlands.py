from __future__ import annotations

from typing import TYPE_CHECKING

from forecasting.readers import nkr_netherlands as nkr
from tests.forecasting.readers.drawn import drawn, left_out, row

if TYPE_CHECKING:
    from pathlib import Path

TEXT = (
    "Kankersoort;Periode;Geslacht;Leeftijdsgroep;Aantal\n"
    "Huidkanker;1995;Man;0-14;5\nHuidkanker;1995;Man;75+;1.899\nHuidkanker;1995;Man;Totaal;2531\n"
    "Huidkanker;1995;Vrouw;Totaal;2763\nHuidkanker;1995;Man en vrouw;Totaal;5294\n"
    "Alle kankersoorten;1995;Man;Totaal;30000\nOogkanker;1995;Man;Totaal;70\n"
)


def test_totals_stay_as_published(tmp_path: Path) -> None:
    document = drawn(tmp_path, TEXT)
    assert nkr.understands(document)
    reading = nkr.read(document)
    assert len(reading.table) == 5
    both = row(reading.table, sex="both")
    assert (both["count"], both["age_group"], both["cancer"]) == (5294, "all", "skin_all")
    assert both["series_id"] == "nkr-netherlands-both-skin_all-inc"
    assert row(reading.table, age_group="75+")["count"] == 1899
    assert left_out(reading) == {"another cancer: Alle kankersoorten": 1, "another cancer: Oogkanker": 1}


def test_broken_cells_are_told(tmp_path: Path) -> None:
    text = TEXT + "Huidkanker;95;Kind;0-14;5\nHuidkanker;1996;Man;oud;5\nHuidkanker;1996;Man;0-14;vijf\n"
    reading = nkr.read(drawn(tmp_path, text + "Huidkanker;1995;Man;0-14;6\n"))
    assert [(complaint.line, complaint.column, complaint.found) for complaint in reading.complaints[:4]] == [
        (9, "Periode", "95"),
        (9, "Geslacht", "Kind"),
        (10, "Leeftijdsgroep", "oud"),
        (11, "Aantal", "vijf"),
    ]
    assert "comes again with other figures" in str(reading.complaints[4])
    assert row(reading.table, year=1995, age_group="0-14")["count"] == 5
