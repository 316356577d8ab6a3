from __future__ import annotations

from typing import TYPE_CHECKING

from forecasting.readers import iarc_cancer_today as today
from tests.forecasting.readers.drawn import drawn, left_out

if TYPE_CHECKING:
    from pathlib import Path


def test_estimates_are_read_and_left_out(tmp_path: Path) -> None:
    text = (
        "Population,Number,Uncertainty interval,Crude Rate,ASR (World),Cum. risk,\n"
        '"World","324635","[314175.0-335443.0]","4.2","3.4","0.86",\n'
        '"Côte d\'Ivoire","3 4","[1.0-2.0]","0.53","0.36","0.08",\n'
    )
    document = drawn(tmp_path, text.encode("latin-1"))
    assert today.understands(document)
    reading = today.read(document)
    assert reading.table.empty
    assert left_out(reading) == {"modelled estimates of one year, not registered cases": 2}
    assert [(complaint.line, complaint.column, complaint.found) for complaint in reading.complaints] == [
        (3, "Number", "3 4")
    ]
