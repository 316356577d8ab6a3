from __future__ import annotations

import math
from typing import TYPE_CHECKING

from forecasting.readers import phs_scotland
from tests.forecasting.readers.drawn import drawn, left_out, row

if TYPE_CHECKING:
    from pathlib import Path

HEADER = (
    "Country,CancerSiteICD10Code,CancerSite,Sex,SexQF,Year,IncidencesAgeUnder5,IncidencesAge5To9,"
    "IncidencesAge10AndOver,IncidencesAllAges,IncidenceRateAgeUnder5,IncidenceRateAge5To9,IncidenceRateAge10AndOver,"
    "CrudeRate,EASR\n"
)
SCOTLAND = "S92000003"


def line(code: str, sex: str, counts: str, rates: str, year: str = "1997", place: str = SCOTLAND) -> str:
    return f'{place},"{code}",site,{sex},d,{year},{counts},{rates}\n'


ALL_SITES = line("C00-C97, excluding C44", "Male", "57,38,105,200", "20,10,30,25,600")
MELANOMA = line("C43", "Male", "0,1,9,10", "0,0.2631578,2.57142,1.25,14.5")
NMSC = line("C44", "Females", "0,2,300,302", "0,0.5,90,40,80.5")
BCC = line("C44, M-8090-8098", "Females", "0,0,200,200", "0,0,60,26,50")
SCC = line("C44, M-8050-8078, M-8083-8084", "All", "0,0,95,95", "0,0,30,13,25")


def test_populations_come_from_the_largest_site(tmp_path: Path) -> None:
    document = drawn(tmp_path, HEADER + ALL_SITES + MELANOMA)
    assert phs_scotland.understands(document)
    reading = phs_scotland.read(document)
    young = row(reading.table, age_group="0-4")
    assert (young["count"], young["population"]) == (0, 285_000)
    total = row(reading.table, age_group="all")
    assert (total["count"], total["population"], total["rate_asr"], total["standard"]) == (10, 800_000, 14.5, "esp2013")
    assert total["series_id"] == "phs-united-kingdom-scotland-male-melanoma-inc"
    assert total["source"] == "Public Health Scotland open data 1997-1997"
    assert set(reading.table["age_group"]) == {"0-4", "5-9", "10+", "all"}
    assert left_out(reading) == {"other cancers than of the skin": 1}


def test_the_sites_of_the_skin_stay_apart_and_the_sexes_are_understood(tmp_path: Path) -> None:
    table = phs_scotland.read(drawn(tmp_path, HEADER + NMSC + BCC + SCC)).table
    totals = table[table["age_group"] == "all"].set_index("cancer")
    assert totals["count"].to_dict() == {"nmsc": 302, "bcc": 200, "scc": 95}
    assert totals["sex"].to_dict() == {"nmsc": "female", "bcc": "female", "scc": "both"}
    assert math.isnan(row(table, cancer="bcc", age_group="0-4")["population"])


def test_five_years_together_are_no_year(tmp_path: Path) -> None:
    five = line("C43", "Male", "0,1,9,10", "0,0,0,1,14", "2016-2020")
    reading = phs_scotland.read(drawn(tmp_path, HEADER + five))
    assert reading.table.empty
    assert left_out(reading) == {"periods of several years, not years": 1}


def test_a_health_board_is_a_region(tmp_path: Path) -> None:
    text = HEADER.replace("Country", "HB", 1) + line("C43", "Male", "0,1,9,10", "0,1,2,1,14", place="S08000015")
    table = phs_scotland.read(drawn(tmp_path, text)).table
    assert set(table["region"]) == {"Scotland, HB S08000015"}


def test_broken_cells_are_told_all_at_once(tmp_path: Path) -> None:
    broken = line("C43", "Boys", "0,1,9,10", "0,1,2,1,14") + line("C43", "Male", "0,1o,*,10", "0,1,2,1,high")
    reading = phs_scotland.read(drawn(tmp_path, HEADER + broken))
    assert [(complaint.line, complaint.column, complaint.found) for complaint in reading.complaints] == [
        (2, "Sex", "Boys"),
        (3, "EASR", "high"),
        (3, "IncidencesAge5To9", "1o"),
    ]
    assert row(reading.table, age_group="10+")["suppressed"]
    assert row(reading.table, age_group="all")["count"] == 10
