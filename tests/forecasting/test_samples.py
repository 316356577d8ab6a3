"""What ships is openly licensed, cited, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import forecasting
from forecasting.publish import read_sources
from forecasting.table import Series, read_counts, series_of
from functions.common.storage import FolderStorage
from functions.forecasts.reader import Publications
from functions.forecasts.settings import SHIPPED_PUBLICATION

SAMPLES = Path(forecasting.__file__).parent / "samples"
OPEN = {
    "Public domain; citation requested",
    "Open Government Licence v3.0 (United Kingdom)",
    "Creative Commons Attribution (CC BY)",
}
LARGEST_PUBLICATION = 2_000_000


@pytest.fixture(scope="module")
def samples() -> pd.DataFrame:
    return pd.concat([read_counts(path) for path in sorted(SAMPLES.glob("*.csv"))], ignore_index=True)


def test_every_source_is_listed_with_an_open_licence(samples: pd.DataFrame) -> None:
    sources = read_sources(SAMPLES / "sources.json")
    assert set(samples["source"]) == set(sources)
    assert {one.licence for one in sources.values()} == OPEN
    readme = (SAMPLES / "README.md").read_text("utf-8")
    for name, one in sources.items():
        assert f"| {name} | {one.licence} | {one.citation} |" in readme


def test_every_file_is_named_in_the_readme() -> None:
    readme = (SAMPLES / "README.md").read_text("utf-8")
    assert {path.name for path in SAMPLES.iterdir()} == {
        "README.md",
        "sources.json",
        *(path.name for path in SAMPLES.glob("*.csv")),
    }
    for path in SAMPLES.glob("*.csv"):
        assert f"`{path.name}`" in readme


def test_every_series_can_be_forecast(samples: pd.DataFrame) -> None:
    found = list(series_of(samples))
    assert len(found) == 6 + 9 + 1 + 3
    assert all(isinstance(one, Series) for one in found)


@pytest.mark.parametrize(
    ("series_id", "year", "count"),
    [
        # As published: U.S. Cancer Statistics, 2019 and 2022; AIHW, 2018.
        ("uscs-united-states-both-melanoma-inc", 2019, 93_299),
        ("uscs-united-states-both-melanoma-mort", 2019, 8_092),
        ("uscs-united-states-both-melanoma-inc", 2022, 97_059),
        ("aihw-australia-both-melanoma-inc", 2018, 15_346),
    ],
)
def test_counts_are_as_published(samples: pd.DataFrame, series_id: str, year: int, count: int) -> None:
    rows = samples[(samples["series_id"] == series_id) & (samples["year"] == year) & (samples["age_group"] == "all")]
    assert rows["count"].tolist() == [count]


def test_sexes_sum_to_both(samples: pd.DataFrame) -> None:
    whole = samples[(samples["age_group"] == "all") & (samples["period_type"] == "year")]
    sums = whole.pivot_table(index=["source", "cancer", "measure", "year"], columns="sex", values="count")
    assert (sums["female"] + sums["male"] == sums["both"]).all()


def test_the_shipped_publication_is_of_the_samples(samples: pd.DataFrame) -> None:
    publications = Publications(FolderStorage(SHIPPED_PUBLICATION), refresh_s=0)
    manifest = publications.manifest()
    sources = read_sources(SAMPLES / "sources.json")
    wholes = {one.series_id: one for one in series_of(samples) if isinstance(one, Series)}
    assert set(wholes) <= {one.series_id for one in manifest.series}
    for entry in manifest.series:
        document = publications.document(manifest, entry)
        assert document.source == sources[document.source.source]
        for file_format in entry.files:
            publications.file(manifest, entry, file_format)
        if entry.age_group == "all":
            assert [one.count for one in document.observed] == wholes[entry.series_id].counts.tolist()
    files = [path for path in SHIPPED_PUBLICATION.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < LARGEST_PUBLICATION
