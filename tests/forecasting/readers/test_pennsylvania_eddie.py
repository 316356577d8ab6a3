from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecasting.readers import pennsylvania_eddie as eddie
from tests.forecasting.readers.drawn import drawn, left_out, row

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """\ufeffCategory2
" Pennsylvania Cancer Incidence: Age-Adjusted Rates per 100,000"

RateRatio,Cancer_Site,County,Year,Sex,Race_Ethnicity,Age,Stage,Count,Exp_Count,Pop,RateRatioResult
Age-Adjusted Rate,Melanoma of the Skin,Pennsylvania,2018,Total,All Races,All Ages,Invasive,"3,446",ND,"12,807,060",21.0
Age-Adjusted Rate,Melanoma of the Skin,Erie,2018,Female,All Races,All Ages,Invasive,ND,ND,"12,807",ND
Age-Adjusted Rate,Melanoma of the Skin,Pennsylvania,2017,Total,All Races,All Ages,Invasive,"34,46",ND,1,21.0
Age-Adjusted Rate,Melanoma of the Skin,Pennsylvania,2014-2018,Total,All Races,All Ages,Invasive,9,ND,1,21.0
Age-Adjusted Rate,Melanoma of the Skin,Pennsylvania,2018,Total,White,All Ages,Invasive,9,ND,1,21.0
Age-Adjusted Rate,Melanoma of the Skin,Pennsylvania,2018,Total,All Races,All Ages,Local,9,ND,1,21.0
Crude Rate,Melanoma of the Skin,Pennsylvania,2018,Total,All Races,All Ages,Invasive,9,ND,1,21.0
Age-Adjusted Rate,Thyroid,Pennsylvania,2018,Total,All Races,All Ages,Invasive,9,ND,1,21.0
"""


def test_invasive_melanomas_of_all_races_are_read(tmp_path: Path) -> None:
    document = drawn(tmp_path, TEXT)
    assert eddie.understands(document)
    reading = eddie.read(document)
    state = row(reading.table, year=2018, region="Pennsylvania")
    assert (state["count"], state["population"], state["rate_asr"]) == (3446, 12_807_060, 21.0)
    county = row(reading.table, region="Erie County, Pennsylvania")
    assert (np.isnan(county["count"]), county["suppressed"]) == (True, True)
    assert sum(left_out(reading).values()) == len(left_out(reading)) == 5
    assert [(complaint.line, complaint.found) for complaint in reading.complaints] == [(7, "34,46")]
