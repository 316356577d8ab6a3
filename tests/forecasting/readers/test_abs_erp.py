from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from forecasting.readers import abs_erp
from forecasting.readers.ages import regrouped
from tests.forecasting.readers.drawn import drawn, left_out, row, workbook

if TYPE_CHECKING:
    from pathlib import Path


def sheet(columns: dict[str, list[object]]) -> list[list[object]]:
    names = [f"Estimated Resident Population ;  {name} ;" for name in columns]
    dates = [dt.datetime(1971 + year, 6, 1) for year in range(2)]  # noqa: DTZ001 - as openpyxl writes a date
    return [
        [None, *names],
        ["Unit", *["Persons"] * len(names)],
        ["Series Start", *[dates[0]] * len(names)],
        ["Series ID", *[f"A{number}" for number in range(len(names))]],
        *[[date, *[values[year] for values in columns.values()]] for year, date in enumerate(dates)],
    ]


def test_persons_by_single_age_come_from_every_sheet(tmp_path: Path) -> None:
    book = workbook(
        {
            "Index": [["Australian Bureau of Statistics"]],
            "Data1": sheet({"Male ;  0": [100, 110], "Male ;  1": [90, 95]}),
            "Data2": sheet({"Male ;  2 and over": [900, 950], "Persons ;  0": [205, 215]}),
        }
    )
    document = drawn(tmp_path, book, "erp.xlsx")
    assert abs_erp.understands(document)
    reading = abs_erp.read(document)
    assert reading.table.empty
    assert left_out(reading) == {"populations, which are no cases": 8}
    people = reading.populations
    assert people is not None
    assert row(people, sex="male", year=1972, age_group="1")["population"] == 95
    assert row(people, sex="both", year=1971)["population"] == 205
    everybody = regrouped(people[people["sex"] == "male"], ("all",))
    assert list(everybody["population"]) == [1090, 1155]


def test_broken_cells_are_told(tmp_path: Path) -> None:
    rows = sheet({"Male ;  0": [100, "n.p."], "Male ;  teen": [1, 2]})
    rows.append(["June 1973", 120, 3])
    reading = abs_erp.read(drawn(tmp_path, workbook({"Data1": rows}), "erp.xlsx"))
    assert [(complaint.line, complaint.found) for complaint in reading.complaints] == [
        (1, "teen"),
        (6, "n.p."),
        (7, "June 1973"),
    ]
    assert reading.populations is not None
    assert list(reading.populations["population"]) == [100]


def test_another_workbook_is_not_understood(tmp_path: Path) -> None:
    assert not abs_erp.understands(drawn(tmp_path, workbook({"Data1": [["Population"]]}), "erp.xlsx"))
    assert not abs_erp.understands(drawn(tmp_path, "Estimated Resident Population ;  Male ;  0 ;"))
