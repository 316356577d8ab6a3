from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecasting.readers import iarc_cancer_over_time as over_time
from tests.forecasting.readers.drawn import drawn, left_out, row

if TYPE_CHECKING:
    from pathlib import Path

AGES = [*(f"ages.{age}" for age in range(1, 19)), "ages.unk"]
HEADER = ",".join(
    [
        "label",
        "type",
        "sex",
        "cancer_label",
        "year",
        "total",
        "asr",
        *AGES,
        *(f"populations.{age}" for age in range(1, 19)),
    ]
)


def line(sex: int, total: object, *, cancer: str = "Melanoma of skin", first: object = 2, kind: int = 1) -> str:
    cells = ["Denmark", kind, sex, cancer, 1990, total, 3.5, first, *[2] * 17, 1, *[1000] * 18]
    return ",".join(map(str, cells))


def test_ages_are_added_up_and_a_rate_of_some_ages_is_not_kept(tmp_path: Path) -> None:
    document = drawn(tmp_path, "\n".join([HEADER, line(1, 37), line(2, 30)]))
    assert over_time.understands(document)
    reading = over_time.read(document)
    male = row(reading.table, sex="male", age_group="all")
    assert (male["count"], male["population"], male["rate_asr"], male["standard"]) == (37, 18_000, 3.5, "segi")
    assert male["series_id"] == "cot-denmark-male-melanoma-mort"
    female = row(reading.table, sex="female", age_group="all")
    assert female["count"] == 37
    assert np.isnan(female["rate_asr"])
    assert row(reading.table, sex="both", age_group="all")["count"] == 74


def test_another_cancer_leaves_its_populations(tmp_path: Path) -> None:
    reading = over_time.read(drawn(tmp_path, "\n".join([HEADER, line(1, 37, cancer="Lung"), line(2, 37, kind=7)])))
    assert reading.table.empty
    assert reading.populations is not None
    assert row(reading.populations, age_group="85+")["population"] == 1000
    assert list(left_out(reading)) == ["Lung: not skin cancer; its populations are kept"]
    assert [complaint.column for complaint in reading.complaints] == ["type"]


def test_a_broken_age_leaves_the_total_out(tmp_path: Path) -> None:
    reading = over_time.read(drawn(tmp_path, "\n".join([HEADER, line(1, 37, first="?", cancer="Non-melanoma skin")])))
    assert set(reading.table["cancer"]) == {"nmsc"}
    assert not (reading.table["age_group"] == "all").any()
    assert [(complaint.line, complaint.column) for complaint in reading.complaints] == [(2, "ages.1")]
