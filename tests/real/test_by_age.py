"""Standards, causes, Nordpred's method and the hub on real registries' counts and the schemas of the hubverse."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest

from forecasting.ages import age_counts
from forecasting.causes import project_split, split_years
from forecasting.hubverse import write_hub
from forecasting.members.age_period_cohort import age_period_cohort_median, fitted, nordpred
from forecasting.population import demographic_index, projected_population
from forecasting.standards import standardised_rate
from forecasting.table import read_counts
from tests.forecasting.test_hubverse import drawn

_DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture(scope="module")
def registries() -> Path:
    folder = _DATA / "registries"
    if not (folder / "counts.csv.gz").is_file():
        pytest.skip(f"the registries' counts are not at {folder}")
    return folder


@pytest.fixture(scope="module")
def counts(registries: Path) -> pd.DataFrame:
    return read_counts(registries / "counts.csv.gz")


def test_golden_decompositions_are_matched(registries: Path, counts: pd.DataFrame) -> None:
    golden = json.loads((registries / "golden_decomposition.json").read_text("utf-8"))["results"]
    assert len(golden) == 20
    for one in golden:
        series = [age_counts(counts, series_id).pooled() for series_id in one["series"]]
        for method, name in (("shapley", "shapley"), ("sequential", "sequential_growth_ageing_risk")):
            found = split_years(series, tuple(one["first_years"]), tuple(one["last_years"]), method)
            assert found.growth == pytest.approx(one[name]["population_growth"], abs=1e-6), one["name"]
            assert found.ageing == pytest.approx(one[name]["ageing"], abs=1e-6)
            assert found.risk == pytest.approx(one[name]["risk"], abs=1e-6)
            assert (found.base, found.total) == pytest.approx((one["cases_first"], one["change"]))


@pytest.mark.parametrize("sex", ["female", "male"])
@pytest.mark.parametrize("cancer", ["melanoma", "bcc", "scc"])
def test_scotlands_published_rates_are_reproduced(counts: pd.DataFrame, sex: str, cancer: str) -> None:
    series_id = f"phs-united-kingdom-scotland-{sex}-{cancer}-inc"
    series = age_counts(counts, series_id)
    labels = [group.label for group in series.ages]
    whole = counts[(counts["series_id"] == series_id) & (counts["age_group"] == "all")].sort_values("year")
    found = [
        standardised_rate(cases, people, labels, "esp2013")
        for cases, people in zip(series.counts, series.population, strict=True)
    ]
    np.testing.assert_allclose(found, whole["rate_asr"], rtol=1e-6)


def test_scotlands_world_rates_are_reproduced(registries: Path) -> None:
    table = pd.read_csv(registries / "formats" / "phs_scotland" / "opendata_inc9721_scotland_skin.csv")
    table = table[table["CancerSiteICD10Code"].str.startswith("C4") & (table["Sex"] != "All")]
    ages = [f"{low}-{low + 4}" for low in range(0, 90, 5)] + ["90+"]
    names = ["AgeUnder5", *(f"Age{low}To{low + 4}" for low in range(5, 90, 5)), "Age90AndOver"]
    # Without a case of 90 and over the number of people of that age does not follow from the rate.
    table = table[table["IncidencesAge90AndOver"] > 0]
    assert len(table) == 199
    for _, row in table.iterrows():
        cases, rates = (np.array([row[f"{kind}{name}"] for name in names]) for kind in ("Incidences", "IncidenceRate"))
        people = np.divide(1e5 * cases, rates, out=np.full(len(names), np.nan), where=rates > 0)
        assert standardised_rate(cases, people, ages, "segi") == pytest.approx(row["WASR"])


def test_nordpreds_own_example_is_projected(registries: Path) -> None:
    """Colon cancer of Norwegian men: Nordpred's page fits six periods from 20-24 on and follows the recent trend."""
    folder = registries / "formats" / "nordpred"
    cases, people, future = (
        pd.read_csv(folder / name, index_col=0).to_numpy(np.float64)
        for name in ("colon-men-Norway.txt", "men-Norway.txt", "men-Norway-pred.txt")
    )
    model = fitted(cases, people)
    assert (model.first_age, model.periods) == (4, 6)
    assert model.goodness_of_fit > 0.01
    np.testing.assert_allclose((model.rates() * people[4:, -6:]).sum(axis=0), cases[4:, -6:].sum(axis=0), rtol=0.005)
    found = nordpred(cases, people, future)
    assert (np.diff(found.sum(axis=0)) > 0).all()
    np.testing.assert_allclose(found[0], 0)
    mean_rate = (cases[3, -2:] / people[3, -2:]).mean()
    np.testing.assert_allclose(found[3], mean_rate * future[3])


def test_the_population_that_came_was_projected(counts: pd.DataFrame) -> None:
    series = age_counts(counts, "nordcan-norway-female-melanoma-inc").pooled()
    known = series.until(2010)
    came = series.population[series.years > 2010]
    found = projected_population(known.population, known.ages, len(came))
    np.testing.assert_allclose(found.sum(axis=1), came.sum(axis=1), rtol=0.04)
    # From 30 on, the people are there already: ages miss by a few percent.
    assert np.median(np.abs(found[-1, 6:] / came[-1, 6:] - 1)) < 0.05


def test_what_is_projected_for_a_real_registry_has_the_right_size(counts: pd.DataFrame) -> None:
    series = age_counts(counts, "ci5p-norway-female-melanoma-inc").pooled()
    known = series.until(2010)
    found = age_period_cohort_median(known.counts, known.population, known.ages, 7)
    came = series.counts[series.years > 2010].sum(axis=1)
    np.testing.assert_allclose(found, came, rtol=0.35)
    past, future = demographic_index(known, 7)
    assert (past[-1], len(future)) == (1, 7)
    assert future[-1] > 1
    split = project_split(series, np.linspace(1100, 1500, 10))[str(series.years[-1] + 10)]
    assert split.last == pytest.approx(1500)
    assert split.growth > 0
    assert split.ageing > 0


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_the_configuration_is_valid_by_the_hubverses_schemas(tmp_path: Path, file_format: str) -> None:
    schemas = _DATA / "hubverse"
    if not schemas.is_dir():
        pytest.skip(f"the schemas of the hubverse are not at {schemas}")
    forecasts = [drawn("a", horizon=10), drawn("b", last=2018), drawn("m", "month")]
    write_hub(forecasts, tmp_path, date(2026, 11, 23), file_format=file_format)
    for name in ("admin", "tasks", "target-data"):
        schema = json.loads((schemas / f"{name}-schema.json").read_text("utf-8"))
        validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
        config = json.loads((tmp_path / "hub-config" / f"{name}.json").read_text("utf-8"))
        assert [error.message for error in validator.iter_errors(config)] == []
