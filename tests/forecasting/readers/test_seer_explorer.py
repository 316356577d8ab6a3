from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecasting.readers import seer_explorer
from tests.forecasting.readers.drawn import drawn, left_out, row

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """"Melanoma of the Skin"
"Recent Trends in SEER Age-Adjusted Incidence Rates, 2000-2002"
"By Sex, Observed SEER Incidence Rate, All Races, All Ages"

"","Both Sexes","Both Sexes","Male","Female","Other"
"Year of Diagnosis","Rate per 100,000","Modeled Rate (fit)","Rate per 100,000","Rate per 100,000","Rate per 100,000"
"2000","20.1","20.2","25.0","16.0","1.0"
"2001","20.3","20.2","25.o","16.1","1.0"
"2002","20.3"


"-SEER Incidence Data, November 2025 Submission (1975-2023), SEER 21 registries."
"-Rates are per 100,000 and are age-adjusted to the 2000 US Std Population."
"""


def test_rates_are_read_by_sex_and_counts_are_not_known(tmp_path: Path) -> None:
    document = drawn(tmp_path, TEXT)
    assert seer_explorer.understands(document)
    reading = seer_explorer.read(document)
    found = row(reading.table, sex="male", year=2000)
    assert (found["rate_asr"], found["standard"], found["region"]) == (25.0, "us2000", "SEER 21 registries")
    assert np.isnan(found["count"])
    assert not found["suppressed"]
    assert left_out(reading) == {"trend lines: a fit, not data": 2, "Other: a part of the population": 2}
    assert [(complaint.line, complaint.found) for complaint in reading.complaints] == [
        (9, '"2002","20.3"'),
        (8, "25.o"),
    ]


def test_delay_adjusted_rates_are_another_series(tmp_path: Path) -> None:
    text = TEXT.replace("Observed", "Delay-adjusted")
    observed = seer_explorer.read(drawn(tmp_path, TEXT)).table
    adjusted = seer_explorer.read(drawn(tmp_path, text)).table
    assert set(observed["series_id"]).isdisjoint(adjusted["series_id"])
    assert adjusted["note"].str.startswith("delay-adjusted").all()


def test_other_sites_and_ages_are_left_out(tmp_path: Path) -> None:
    other = seer_explorer.read(drawn(tmp_path, TEXT.replace("Melanoma of the Skin", "All Cancer Sites Combined")))
    assert left_out(other) == {"All Cancer Sites Combined: not skin cancer alone": 2}
    aged = seer_explorer.read(drawn(tmp_path, TEXT.replace("All Ages", "Ages 65+")))
    assert aged.table.empty
