from __future__ import annotations

from typing import TYPE_CHECKING

from forecasting.readers import ndrs_cancerdata_england as ndrs
from tests.forecasting.readers.drawn import drawn, left_out, row

if TYPE_CHECKING:
    from pathlib import Path

HEADER = (
    '"Year","Gender","Age_at_Diagnosis","Geography_code","Geography_name","ICD10_code","Site_description","Count",'
    '"Type_of_rate","Rate","LCI","UCI","Flag"\n'
)


def line(ages: str, code: str, count: str, rate: str = "10.1", kind: str = "Age-specific", sex: str = "Persons") -> str:
    return f'2001,"{sex}","{ages}","E92000001","England","{code}","site","{count}","{kind}","{rate}","1","2",NA\n'


def test_ages_in_one_cell_become_one_group(tmp_path: Path) -> None:
    text = HEADER + line("20 to 24, 25 to 29, 30 to 34", "C43", "2,089") + line("20 to 24", "C44", "46", "[u]")
    document = drawn(tmp_path, text + line("20 to 24", "C00-C97 excl. C44", "9000"))
    assert ndrs.understands(document)
    reading = ndrs.read(document)
    melanoma = row(reading.table, cancer="melanoma")
    assert (melanoma["count"], melanoma["age_group"], melanoma["sex"]) == (2089, "20-34", "both")
    assert melanoma["series_id"] == "ndrs-united-kingdom-england-both-melanoma-inc"
    assert row(reading.table, cancer="nmsc")["age_group"] == "20-24"
    assert reading.table["rate_asr"].isna().all()
    assert sum(left_out(reading).values()) == 1
    assert not reading.complaints


def test_every_age_together_is_all_ages(tmp_path: Path) -> None:
    ages = ", ".join([*(f"{age} to {age + 4}" for age in range(0, 90, 5)), "90 and over"])
    reading = ndrs.read(drawn(tmp_path, HEADER + line(ages, "C43", "13706", "25.5", "Age-standardised")))
    found = row(reading.table, age_group="all")
    assert (found["rate_asr"], found["standard"]) == (25.5, "esp2013")


def test_a_count_kept_back_is_not_zero_and_a_gap_in_ages_is_told(tmp_path: Path) -> None:
    text = HEADER + line("20 to 24", "C43", "[c]") + line("20 to 24, 30 to 34", "C43", "7") + line("5 to 9", "C44", "?")
    reading = ndrs.read(drawn(tmp_path, text))
    assert row(reading.table, age_group="20-24")["suppressed"]
    assert [(complaint.line, complaint.column) for complaint in reading.complaints] == [
        (3, "Age_at_Diagnosis"),
        (4, "Count"),
    ]
