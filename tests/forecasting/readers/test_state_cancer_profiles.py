from __future__ import annotations

from typing import TYPE_CHECKING

from forecasting.readers import state_cancer_profiles
from tests.forecasting.readers.drawn import drawn, left_out

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """Incidence Rate Report for Utopia by County

"Melanoma of the Skin (All Stages^), 2011-2015"

County, FIPS,"Age-Adjusted Incidence Rate([rate note]) - cases per 100,000","Lower 95%","Lower 95%",Average Annual Count
"US (SEER+NPCR)(1)",00000,22.7 ,22.6, 22.8,86630
"Here County(6)",39109,37.3 ,32.5, 42.6,47
"There County(6)",39055,* ,*, *,3 or fewer
"Nowhere County(6)",39056,data not available ,*, *,data not available
"Broken County(6)",39057,1..2 ,*, *,4

Created by statecancerprofiles.cancer.gov on 11/21/2021 11:44 pm.
a, footnote
"""


def test_five_year_averages_are_read_and_left_out_with_the_reason(tmp_path: Path) -> None:
    document = drawn(tmp_path, TEXT)
    assert state_cancer_profiles.understands(document)
    reading = state_cancer_profiles.read(document)
    assert reading.table.empty
    mean = "average annual counts of 2011-2015: not a year's count"
    assert left_out(reading) == {
        f"the country and states among the counties; {mean}": 1,
        mean: 2,
        f"suppressed (3 or fewer a year); {mean}": 1,
        f"no count; {mean}": 1,
    }
    assert [(complaint.line, complaint.found) for complaint in reading.complaints] == [(10, "1..2")]
