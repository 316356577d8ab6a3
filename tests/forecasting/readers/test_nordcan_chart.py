from __future__ import annotations

from typing import TYPE_CHECKING

from forecasting.readers import nordcan_chart
from tests.forecasting.readers.drawn import drawn, left_out, row

if TYPE_CHECKING:
    from pathlib import Path

CHART = 'Label,1943,1944,1945\n"Denmark, incidence, males",-,0.81,1.1\n"Norway, mortality, females",2.0,2,x.5'


def test_rates_stay_rates_and_a_hyphen_is_no_rate(tmp_path: Path) -> None:
    document = drawn(tmp_path, CHART, "melanoma_asr.csv")
    assert nordcan_chart.understands(document)
    reading = nordcan_chart.read(document)
    assert len(reading.table) == 4
    assert reading.table["count"].isna().all()
    assert row(reading.table, year=1944, sex="male")["rate_asr"] == 0.81
    assert row(reading.table, year=1943)["series_id"] == "nordcan-chart-norway-female-melanoma-mort"
    assert left_out(reading) == {"years without a rate (-)": 1}
    assert [(complaint.line, complaint.column, complaint.found) for complaint in reading.complaints] == [
        (3, "1945", "x.5")
    ]


def test_a_chart_of_a_cancer_that_nothing_names_is_left_out(tmp_path: Path) -> None:
    reading = nordcan_chart.read(drawn(tmp_path, CHART, "chart.csv"))
    assert reading.table.empty
    assert left_out(reading) == {"rates of a cancer that neither the file nor its name tells": 2}


def test_non_melanoma_is_not_melanoma(tmp_path: Path) -> None:
    reading = nordcan_chart.read(drawn(tmp_path, CHART, "non-melanoma skin.csv"))
    assert set(reading.table["cancer"]) == {"nmsc"}


def test_age_specific_rates_are_no_age_standardised_rates(tmp_path: Path) -> None:
    text = 'Label,2019,2020\n"25-29, incidence, males",4.2,2.1\n"85+, mortality, females",4.2,2.1\n"no label",1,2\n'
    reading = nordcan_chart.read(drawn(tmp_path, text, "denmark melanoma.csv"))
    assert reading.table.empty
    assert left_out(reading) == {"age-specific rates of a country and a cancer that the file does not name": 2}
    assert reading.complaints[0].line == 4


def test_other_wide_files_are_not_understood(tmp_path: Path) -> None:
    assert not nordcan_chart.understands(drawn(tmp_path, "Label,2019\nDenmark,3\n"))
    assert not nordcan_chart.understands(drawn(tmp_path, 'Label,first\n"Denmark, incidence, males",3\n'))
    assert not nordcan_chart.understands(drawn(tmp_path, "Label,2019\n"))
