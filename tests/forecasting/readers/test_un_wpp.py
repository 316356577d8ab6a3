from __future__ import annotations

from typing import TYPE_CHECKING

from forecasting.readers import un_wpp
from tests.forecasting.readers.drawn import drawn, left_out, row

if TYPE_CHECKING:
    from pathlib import Path

TEXT = (
    '"country_code"\t"name"\t"age"\t"2015"\t"2020"\n'
    '900\t"World"\t"0-4"\t346247.215\t349432.556\n'
    '840\t"United States of America"\t"0-4"\t10036.291\t9980\n'
    '840\t"United States of America"\t"100+"\t11.802\t20.79x\n'
    '208\t"Denmark"\t"old"\t1\t2\n'
)


def test_thousands_become_persons_and_the_world_is_no_country(tmp_path: Path) -> None:
    document = drawn(tmp_path, TEXT, "popFprojMed.txt")
    assert un_wpp.understands(document)
    reading = un_wpp.read(document)
    assert reading.table.empty
    people = reading.populations
    assert people is not None
    found = row(people, age_group="0-4", year=2015)
    assert (found["country"], found["sex"], found["population"]) == ("United States", "female", 10_036_291)
    assert len(people) == 3
    assert left_out(reading) == {
        "the world and its regions, beside the countries": 1,
        "populations, which are no cases": 2,
    }
    assert [(complaint.line, complaint.column, complaint.found) for complaint in reading.complaints] == [
        (4, "2020", "20.79x"),
        (5, "age", "old"),
    ]


def test_a_file_of_no_known_sex_is_left_out(tmp_path: Path) -> None:
    reading = un_wpp.read(drawn(tmp_path, TEXT, "people.txt"))
    assert reading.populations is not None
    assert reading.populations.empty
    assert left_out(reading)["persons of a sex that neither the file nor its name (popM, popF) tells"] == 2


def test_other_tables_with_tabs_are_not_understood(tmp_path: Path) -> None:
    assert not un_wpp.understands(drawn(tmp_path, "country_code\tname\tage\n"))
    assert not un_wpp.understands(drawn(tmp_path, "country_code\tname\tage\tsex\n"))
