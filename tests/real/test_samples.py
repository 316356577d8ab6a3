"""The samples that ship are the registries' counts, changed in nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

import forecasting
from forecasting.table import read_counts

COUNTS = Path(__file__).parents[3] / "shared" / "data" / "registries" / "counts.csv.gz"
SAMPLES = Path(forecasting.__file__).parent / "samples"
KEY = ["series_id", "year", "month", "age_group"]


@pytest.mark.skipif(not COUNTS.is_file(), reason=f"the registries' counts are not at {COUNTS}")
def test_samples_are_the_counts() -> None:
    counts = read_counts(COUNTS).set_index(KEY)[["count", "population"]]
    for path in sorted(SAMPLES.glob("*.csv")):
        sample = read_counts(path).set_index(KEY)[["count", "population"]]
        assert counts.loc[sample.index].compare(sample).empty, path.name
