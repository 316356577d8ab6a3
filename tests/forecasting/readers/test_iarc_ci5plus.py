from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecasting.readers import iarc_ci5plus as ci5plus
from tests.forecasting.readers.drawn import drawn, left_out, row

if TYPE_CHECKING:
    from pathlib import Path

PLACES = """CI5_continent,id_code,id_label,ethnic_code,country_code,registry_code
5,100,"UK, Wales",99,826,826040
3,210,"USA, Utopia: White",10,840,840099
3,299,"USA, Utopia",99,840,840099
4,446,Bahrain: Bahraini,46,48,48000
"""


def data(place: str, *, changed: dict[int, str] | None = None, sexes: tuple[int, ...] = (1, 2)) -> str:
    """Return one year: the age's number of cases, 100 persons an age up to 75-79, none above, nobody unknown."""
    changed = changed or {}
    persons = {age: "NA" if age == 19 else "100" if age < 17 else "0" for age in range(1, 20)}
    cases = {age: changed.get(age, "0" if age == 19 else str(age)) for age in persons}
    lines = [f"{place},{sex},13,{age},{cases[age]},{persons[age]},1980" for sex in sexes for age in persons]
    return "id_code,sex,cancer_code,age,cases,py,year\n" + "\n".join(lines) + "\n"


def test_ages_and_sexes_are_added_up_and_old_ages_have_no_population(tmp_path: Path) -> None:
    (tmp_path / "id_dict.csv").write_text(PLACES, encoding="utf-8")
    document = drawn(tmp_path, data("100", changed={19: "2"}), "data.csv")
    assert ci5plus.understands(document)
    table = ci5plus.read(document).table
    male = row(table, series_id="ci5p-united-kingdom-wales-male-melanoma-inc", age_group="all")
    assert (male["count"], male["population"], male["note"]) == (171 + 2, 1600, "sum of ages; unknown age included")
    both = row(table, sex="both", age_group="all")
    assert (both["count"], both["population"]) == (2 * 173, 3200)
    assert both["note"] == "sum of sexes and ages; unknown age included"
    oldest = row(table, sex="both", age_group="85+")
    assert (oldest["count"], np.isnan(oldest["population"])) == (36, True)
    assert row(table, sex="both", age_group="unknown")["count"] == 4


def test_a_part_of_a_population_is_left_out_where_the_whole_is_there(tmp_path: Path) -> None:
    (tmp_path / "id_dict.csv").write_text(PLACES, encoding="utf-8")
    header, *rest = (data("210") + data("299") + data("446") + data("446", sexes=())).splitlines()
    text = "\n".join([header, *(line for line in rest if not line.startswith("id_code"))])
    reading = ci5plus.read(drawn(tmp_path, text, "data.csv"))
    assert set(zip(reading.table["country"], reading.table["region"], strict=True)) == {
        ("United States", "Utopia"),
        ("Bahrain", "Bahraini nationals"),
    }
    assert left_out(reading)["ethnic groups, beside the whole population"] == 38
    assert not (reading.table["age_group"] == "unknown").any()


def test_without_its_dictionaries_a_place_is_its_id(tmp_path: Path) -> None:
    reading = ci5plus.read(drawn(tmp_path, data("100") + "100,1,1,1,5,100,1980\n", "data.csv"))
    assert set(reading.table["country"]) == {"100"}
    assert left_out(reading) == {"other cancers": 1}


def test_a_broken_cell_leaves_its_totals_out(tmp_path: Path) -> None:
    text = (
        data("100", changed={3: "x"}, sexes=(1,)) + data("100", sexes=(2,)).partition("\n")[2] + "100,3,13,1,1,1,1980\n"
    )
    reading = ci5plus.read(drawn(tmp_path, text, "data.csv"))
    assert [(complaint.line, complaint.column) for complaint in reading.complaints] == [(4, "cases"), (40, "sex")]
    assert list(reading.table[reading.table["age_group"] == "all"]["sex"]) == ["female"]


def test_a_dictionary_given_alone_is_named_as_one(tmp_path: Path) -> None:
    document = drawn(tmp_path, PLACES)
    assert ci5plus.understands(document)
    assert left_out(ci5plus.read(document)) == {"a dictionary: it is read together with data.csv": 4}
