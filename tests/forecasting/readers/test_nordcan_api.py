from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest

from forecasting.errors import FileUnreadable
from forecasting.readers import nordcan_api
from tests.forecasting.readers.drawn import drawn, left_out, row

if TYPE_CHECKING:
    from pathlib import Path

URL = "https://registry.example/nordcan/v2/92/data/population/0/1/(208)/(290)/?ages_group=5_17"


def a_year(year: int, sex: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "label": ["Denmark"],
        "type": [0],
        "sex": [sex],
        "cancer_label": ["Melanoma of skin"],
        "year": [year],
        "ages": {str(key): [key] for key in range(1, 19)},
        "populations": {str(key): [1000] for key in range(1, 19)},
        "asr": [7.5],
        "total": [150],
        "total_pop": [13000],
        "cum_risk": {},
        **more,
    }


def blocks(*years: dict[str, Any]) -> str:
    return json.dumps([{"sex": "Male", "url": URL, "data": list(years)}])


def test_ages_are_read_and_the_total_of_asked_ages_is_not_taken_for_all(tmp_path: Path) -> None:
    document = drawn(tmp_path, blocks(a_year(1980)))
    assert nordcan_api.understands(document)
    reading = nordcan_api.read(document)
    assert len(reading.table) == 19
    total = row(reading.table, age_group="all")
    assert (total["count"], total["population"], total["note"]) == (171, 18000, "sum of ages")
    assert math.isnan(total["rate_asr"])
    assert row(reading.table, age_group="85+")["count"] == 18
    assert total["series_id"] == "nordcan-denmark-male-melanoma-inc"
    assert total["source"] == "NORDCAN 2.0 API (9.2)"
    assert left_out(reading) == {"totals and rates of the ages that were asked for, not of all ages": 1}


def test_a_total_of_all_ages_is_kept_with_its_rate(tmp_path: Path) -> None:
    reading = nordcan_api.read(drawn(tmp_path, blocks(a_year(1980, total=[171], total_pop=[18000]))))
    total = row(reading.table, age_group="all")
    assert (total["count"], total["rate_asr"], total["standard"], total["note"]) == (171, 7.5, "segi", "")


def test_both_sexes_are_added_up_and_other_cancers_left_out(tmp_path: Path) -> None:
    other = a_year(1980, cancer_label=["Lung"])
    skin = a_year(1980, cancer_label=["Skin, non-melanoma"], type=[1])
    reading = nordcan_api.read(drawn(tmp_path, blocks(a_year(1980), a_year(1980, sex=2), other, skin)))
    assert row(reading.table, sex="both", age_group="all")["count"] == 342
    assert row(reading.table, cancer="nmsc", age_group="all")["measure"] == "mortality"
    assert left_out(reading)["other cancers than of the skin"] == 1


def test_empty_and_broken_values_are_told_apart(tmp_path: Path) -> None:
    ages = {str(key): [key] for key in range(1, 19)} | {"3": {}, "4": ["four"], "5": [], "6": [2.5]}
    reading = nordcan_api.read(drawn(tmp_path, blocks(a_year(1980, ages=ages))))
    assert [complaint.found for complaint in reading.complaints] == ["four", "2.5"]
    assert "Denmark 1980" in str(reading.complaints[0])
    assert reading.table["count"].isna().sum() == 5  # four ages, and so their sum
    assert not reading.table["suppressed"].any()


def test_years_that_cannot_be_placed_are_complaints_all_at_once(tmp_path: Path) -> None:
    reading = nordcan_api.read(drawn(tmp_path, blocks(a_year(1980, sex=7), a_year(80), a_year(1981, type=[]))))
    assert [(complaint.column.split(", ")[-1], complaint.found) for complaint in reading.complaints] == [
        ("sex", "7"),
        ("year", "80"),
        ("type", "None"),
    ]
    assert reading.table.empty


def test_damaged_json_is_said_in_a_sentence(tmp_path: Path) -> None:
    document = drawn(tmp_path, blocks(a_year(1980))[:-3])
    assert nordcan_api.understands(document)
    with pytest.raises(FileUnreadable, match="damaged JSON"):
        nordcan_api.read(document)


def test_other_json_is_not_understood(tmp_path: Path) -> None:
    assert not nordcan_api.understands(drawn(tmp_path, '[{"year": 1980}]'))
    assert not nordcan_api.understands(drawn(tmp_path, '"cancer_label","ages","populations","total_pop"\n'))
