from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecasting.readers import new_york_state_registry as registry
from tests.forecasting.readers.drawn import drawn, left_out, row

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """Year of Diagnosis/Death,Incidence,,,,,,Mortality,,
,Males and Females,,,Males,,,Females,,
,Cases,"Rate per 100,000",95% CI,Cases,"Rate per 100,000 Males",95% CI,Deaths,"Rate per 100,000 Females",95% CI
1976,"1,956",5.7,5.3-6.1,487,6.6,6.0-7.3,173,1.9,1.6-2.2
1977,1106,6.6,6.2-7.0,5?4,7.6,7.0-8.3,~,2.0,1.8-2.3
19788,1,2
1979,1,2"""


def test_merged_headers_tell_measure_and_sex(tmp_path: Path) -> None:
    document = drawn(tmp_path, TEXT, "melanoma.csv")
    assert registry.understands(document)
    reading = registry.read(document)
    assert row(reading.table, sex="both", year=1976)["count"] == 1956
    deaths = row(reading.table, measure="mortality", year=1976)
    assert (deaths["sex"], deaths["count"], deaths["rate_asr"]) == ("female", 173, 1.9)
    assert row(reading.table, measure="mortality", year=1977)["suppressed"]
    assert np.isnan(row(reading.table, sex="male", year=1977)["count"])
    assert [(complaint.line, complaint.reason) for complaint in reading.complaints] == [
        (5, "is not a number"),
        (6, "has 3 cells, not 10"),
        (7, "has 3 cells, not 10"),
    ]


def test_a_cancer_that_nobody_names_is_left_out(tmp_path: Path) -> None:
    reading = registry.read(drawn(tmp_path, TEXT, "years.csv"))
    assert reading.table.empty
    assert list(left_out(reading).values()) == [4]
