from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from forecasting.readers import cdc_wonder
from tests.forecasting.readers.drawn import drawn, left_out, row

if TYPE_CHECKING:
    from pathlib import Path

FOOTER = (
    '"---"\n"Dataset: Underlying Cause of Death, 1999-2020"\n"Query Parameters:"\n{asked}\n"---"\n"1. Caveats, 1,2"\n'
)
C43 = '"ICD-10 Codes: C43 (Malignant melanoma\n"of skin)"'
HEADER = '"Notes"\t"Year"\t"Year Code"\t"Sex"\t"Sex Code"\tDeaths\tPopulation\tCrude Rate\n'


def test_years_and_sexes_are_read_and_a_subtotal_is_both_sexes(tmp_path: Path) -> None:
    text = (
        HEADER
        + '\t"1999"\t"1999"\t"Female"\t"F"\t20\t1000\tUnreliable\n'
        + '\t"1999"\t"1999"\t"Male"\t"M"\t30\tNot Applicable\t3.0\n'
        + '"Total"\t"1999"\t"1999"\t\t\t50\t2000\t2.5\n'
        + '\t"2000 (provisional)"\t"2000"\t"Male"\t"M"\tSuppressed\t1000\tSuppressed\n'
        + '\t"2001"\t"2001"\t"Male"\t"M"\tmany\t1000\t1\n'
        + '"Total"\t\t\t\t\t50\t2000\t2.5\n'
        + FOOTER.format(asked=C43)
    )
    document = drawn(tmp_path, text)
    assert cdc_wonder.understands(document)
    reading = cdc_wonder.read(document)
    assert row(reading.table, sex="both")["count"] == 50
    assert row(reading.table, sex="female")["series_id"] == "wonder-united-states-female-melanoma-mort"
    kept_back = row(reading.table, year=2000)
    assert (kept_back["suppressed"], kept_back["provisional"], np.isnan(kept_back["count"])) == (True, True, True)
    assert left_out(reading) == {"totals over years or places, beside their parts": 1}
    assert [(complaint.line, complaint.column, complaint.found) for complaint in reading.complaints] == [
        (6, "Deaths", "many")
    ]
    assert reading.table["source"].unique() == ["CDC WONDER, Underlying Cause of Death, 1999-2020"]


def test_ages_are_told_from_labels_since_codes_of_infants_differ(tmp_path: Path) -> None:
    header = '"Notes"\t"Year"\t"Year Code"\t"Age Groups"\t"Age Groups Code"\tCount\tPopulation\n'
    ages = [("< 1 year", "1"), ("1-4 years", "1-4"), ("85+ years", "85+"), ("Not Stated", "NS"), ("old", "x")]
    rows = "".join(f'\t"1999"\t"1999"\t"{label}"\t"{code}"\t20\t1000\n' for label, code in ages)
    reading = cdc_wonder.read(
        drawn(tmp_path, header + rows + FOOTER.format(asked='"Cancer Sites: Melanoma of the Skin"'))
    )
    assert set(reading.table["age_group"]) == {"0", "1-4", "85+", "unknown"}
    assert set(reading.table["measure"]) == {"incidence"}
    assert [complaint.found for complaint in reading.complaints] == ["old"]


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ('"Title: everything"', "of all cancers together"),
        ('"ICD-10 Codes: C25.0 (Head of pancreas)"', "of C25.0: not skin cancer"),
        ('"ICD-10 Codes: C43.5 (Melanoma of trunk)"', "of C43.5: not skin cancer"),
        ('"ICD-10 Codes: C43 (Melanoma); C44 (Other skin)"', "of C43 and others together"),
        ('"Cancer Sites: Thyroid"', "of Thyroid: not skin cancer alone"),
    ],
)
def test_a_query_that_is_not_of_one_skin_cancer_is_left_out(tmp_path: Path, asked: str, reason: str) -> None:
    text = HEADER + '\t"1999"\t"1999"\t"Female"\t"F"\t20\t1000\t1\n' + FOOTER.format(asked=asked)
    reading = cdc_wonder.read(drawn(tmp_path, text))
    assert reading.table.empty
    assert list(left_out(reading)) == [reason]


def test_rows_of_parts_of_a_population_or_of_no_year_are_left_out(tmp_path: Path) -> None:
    causes = '"ICD-10 113 Cause List"\t"ICD-10 113 Cause List Code"'
    text = f'"Notes"\t{causes}\tDeaths\n\t"Malignant melanoma of skin (C43)"\t"GR113-028"\t12\n\t"#All"\t"1"\t99\n'
    pooled = cdc_wonder.read(drawn(tmp_path, text + FOOTER.format(asked='"Title:"')))
    assert left_out(pooled) == {
        "several years together (Underlying Cause of Death, 1999-2020): not a year": 1,
        "other cancers and causes of death": 1,
    }
    one_year = cdc_wonder.read(drawn(tmp_path, text + FOOTER.format(asked='"Year/Month: 2019"')))
    assert row(one_year.table, year=2019)["count"] == 12
    text = '"Notes"\t"Year"\t"Year Code"\t"Race"\t"Race Code"\tDeaths\n\t"1999"\t"1999"\t"White"\t"W"\t5\n'
    by_race = cdc_wonder.read(drawn(tmp_path, text + FOOTER.format(asked=C43)))
    assert left_out(by_race) == {"grouped by Race: parts of a population": 1}


def test_months_states_and_chosen_ages_are_kept(tmp_path: Path) -> None:
    text = (
        '"Notes"\t"State"\t"State Code"\t"Month"\t"Month Code"\tDeaths\n\t"Ohio"\t"39"\t"Mar., 2019"\t"2019/03"\t12\n'
    )
    asked = C43 + '\n"Ten-Year Age Groups: 25-34 years; 35-44 years"'
    found = cdc_wonder.read(drawn(tmp_path, text + FOOTER.format(asked=asked))).table.iloc[0]
    assert (found["region"], found["year"], found["month"], found["age_group"]) == ("Ohio", 2019, 3, "25-44")
    assert found["period_type"] == "month"
