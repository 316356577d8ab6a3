"""Readers against the publishers' own files, and against the counts table that was made of the same sources."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from forecasting.readers import read_file
from forecasting.readers.ages import regrouped
from forecasting.table import ALL_AGES, read_counts

if TYPE_CHECKING:
    import pandas as pd

    from forecasting.readers.reading import Reading

REGISTRIES = Path(__file__).parents[2] / "../shared/data/registries"
KEY = ["series_id", "year", "month", "age_group"]

pytestmark = pytest.mark.skipif(not (REGISTRIES / "formats").is_dir(), reason="../shared/data/registries is absent")

# Rows of the counts table, rows left out, rows of populations.
SAMPLES = {
    "nordcan_api/nordcan_melanoma.json": (5453, 287, 0),
    "nordcan_chart/inc_mor_melanoma_asr.csv": (1084, 164, 0),
    "nordcan_chart/denmark_age_specific_rates.csv": (0, 52, 0),
    "norway_statistics_bank/incidence_by_year_and_stage.csv": (129, 344, 0),
    "norway_statistics_bank/incidence_by_year_and_stage_first60.dta": (12, 48, 0),
    "norway_statistics_bank/incidence_by_5-year_period_and_county.csv": (0, 192, 0),
    "phs_scotland/opendata_inc9721_scotland_skin.csv": (6000, 3, 0),
    "phs_scotland/opendata_inc1620comb_hb_5_year_summary_skin.csv": (0, 147, 0),
    "ndrs_cancerdata_england/Incidence_data_for_England.csv": (2, 7, 0),
    "cruk_rcrd_monthly/IncidenceByStageRCRD.csv": (78, 824, 0),
    "aihw_acim/acimcombinedcounts_skin.csv": (6705, 441, 0),
    "aihw_melanoma_age/melanoma.csv": (2220, 0, 0),
    "aihw_melanoma_age/melanoma_1982-2018.xlsx": (2220, 0, 0),
    "abs_erp/310159_erp_single_year_of_age_australia.xlsx": (0, 15453, 15453),
    "victoria_vcr/Melanoma-in-Victoria-1982-2021.xlsx": (4560, 218, 0),
    "rki_zfkd/Krebsdaten.csv": (912, 864, 0),
    "nkr_netherlands/cancer_netherlands.csv": (525, 1050, 0),
    "un_wpp/popM.txt": (0, 168, 2205),
    "un_wpp/popMprojMed.txt": (0, 168, 2352),
    "nordpred/colon-men-Norway.txt": (0, 18, 0),
    "nordpred/men-Norway.txt": (0, 18, 0),
    "nordpred/men-Norway-pred.txt": (0, 18, 0),
}
# Of these the counts table holds the same source; the series of each that only the reader has.
SAME_SOURCE = {
    "nordcan_api/nordcan_melanoma.json": 0,
    "norway_statistics_bank/incidence_by_year_and_stage.csv": 1,
    "phs_scotland/opendata_inc9721_scotland_skin.csv": 0,
    "cruk_rcrd_monthly/IncidenceByStageRCRD.csv": 0,
    "aihw_acim/acimcombinedcounts_skin.csv": 3,
    "aihw_melanoma_age/melanoma.csv": 0,
    "victoria_vcr/Melanoma-in-Victoria-1982-2021.xlsx": 0,
    "rki_zfkd/Krebsdaten.csv": 0,
    "nkr_netherlands/cancer_netherlands.csv": 0,
}


@cache
def reading(sample: str) -> Reading:
    return read_file(REGISTRIES / "formats" / sample)


@cache
def counts() -> pd.DataFrame:
    return read_counts(REGISTRIES / "counts.csv.gz")


def figure(sample: str, series_id: str, year: int, age_group: str = ALL_AGES) -> pd.Series:
    table = reading(sample).table
    found = table[(table["series_id"] == series_id) & (table["year"] == year) & (table["age_group"] == age_group)]
    assert len(found) == 1
    return found.iloc[0]


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_row_is_read_or_left_out_with_a_reason(sample: str) -> None:
    found = reading(sample)
    assert found.layout == Path(sample).parent.name
    assert not found.complaints
    people = 0 if found.populations is None else len(found.populations)
    assert (len(found.table), sum(left.rows for left in found.left_out), people) == SAMPLES[sample]


@pytest.mark.parametrize("sample", SAME_SOURCE)
def test_the_counts_are_those_of_the_counts_table(sample: str) -> None:
    table = reading(sample).table
    known = counts()[counts()["series_id"].isin(table["series_id"])]
    ours = table[table["series_id"].isin(known["series_id"])]
    assert table["series_id"].nunique() - known["series_id"].nunique() == SAME_SOURCE[sample]
    pairs = known.merge(ours, on=KEY, how="outer", suffixes=("", "_read"), indicator=True)
    alone = pairs.loc[pairs["_merge"] != "both", "age_group"]
    # The counts table has AIHW's two oldest groups as one.
    assert set(alone) == ({"85+", "85-89", "90+"} if sample.startswith("aihw_melanoma") else set())
    pairs = pairs[pairs["_merge"] == "both"]
    assert len(pairs) > 70
    assert (pairs["count"] == pairs["count_read"]).all()
    assert set(known["source"]) == set(ours["source"])
    both = pairs[["population", "population_read"]].dropna()
    assert (both["population"] == both["population_read"]).all()
    both = pairs[["rate_asr", "rate_asr_read"]].dropna()
    assert (both["rate_asr"] == both["rate_asr_read"]).all()


def test_figures_as_published() -> None:
    rki = figure("rki_zfkd/Krebsdaten.csv", "rki-germany-both-melanoma-inc", 2014)
    assert rki["count"] == 21_230
    acim = "aihw_acim/acimcombinedcounts_skin.csv"
    assert figure(acim, "acim-australia-both-melanoma-mort", 2011)["count"] == 1544
    vcr = figure("victoria_vcr/Melanoma-in-Victoria-1982-2021.xlsx", "vcr-australia-victoria-male-melanoma-inc", 2021)
    assert (vcr["count"], vcr["rate_asr"]) == (1650, 28.3)
    nordcan = figure("nordcan_api/nordcan_melanoma.json", "nordcan-denmark-male-melanoma-inc", 1980)
    assert (nordcan["count"], nordcan["population"]) == (201, 2_529_053)
    chart = figure("nordcan_chart/inc_mor_melanoma_asr.csv", "nordcan-chart-denmark-male-melanoma-inc", 1980)
    assert chart["rate_asr"] == 6.4
    xlsx = figure("aihw_melanoma_age/melanoma_1982-2018.xlsx", "aihw-australia-male-melanoma-inc", 1982)
    assert (xlsx["count"], xlsx["rate_asr"], xlsx["standard"]) == (1738, 20.8, "segi")


def test_melanoma_incidence_of_the_acim_books_ends_where_the_data_end() -> None:
    table = reading("aihw_acim/acimcombinedcounts_skin.csv").table
    incidence = table[(table["series_id"] == "acim-australia-both-melanoma-inc") & (table["age_group"] == ALL_AGES)]
    assert (incidence["year"].min(), incidence["year"].max()) == (1982, 2010)
    assert incidence["count"].min() > 1000


def test_the_two_forms_of_one_publication_agree() -> None:
    names = ("aihw_melanoma_age/melanoma.csv", "aihw_melanoma_age/melanoma_1982-2018.xlsx")
    one, other = (reading(name).table for name in names)
    pairs = one.merge(other, on=KEY, suffixes=("", "_xlsx"))
    by_age = pairs[pairs["age_group"] != ALL_AGES]
    assert (by_age["count"] == by_age["count_xlsx"]).all()
    # The workbook's totals are as published, and hold cases of unknown age.
    assert (pairs["count"] - pairs["count_xlsx"]).abs().max() <= 7
    first = reading("norway_statistics_bank/incidence_by_year_and_stage_first60.dta").table
    whole = reading("norway_statistics_bank/incidence_by_year_and_stage.csv").table
    pairs = first.merge(whole, on=KEY, suffixes=("", "_csv"))
    assert len(pairs) == len(first) == 12
    assert (pairs["count"] == pairs["count_csv"]).all()


def test_single_ages_of_the_abs_give_the_populations_of_the_counts_table() -> None:
    people = reading("abs_erp/310159_erp_single_year_of_age_australia.xlsx").populations
    assert people is not None
    known = counts()[counts()["series_id"].str.startswith("aihw-australia")]
    found = regrouped(people, tuple(known["age_group"].unique()))
    pairs = known.merge(found, on=["country", "sex", "year", "age_group"], suffixes=("", "_abs"))
    assert len(pairs) == len(known)
    assert (pairs["population"] == pairs["population_abs"]).all()


def test_the_newest_months_alone_are_provisional() -> None:
    table = reading("cruk_rcrd_monthly/IncidenceByStageRCRD.csv").table
    newest = table[table["provisional"]]
    assert list(zip(newest["year"], newest["month"], strict=True)) == [(2025, 3), (2025, 4), (2025, 5)]


def test_estimates_and_projections_of_the_un_follow_each_other() -> None:
    estimates, projections = (reading(f"un_wpp/{name}.txt").populations for name in ("popM", "popMprojMed"))
    assert estimates is not None
    assert projections is not None
    assert set(estimates["country"]) == set(projections["country"])
    assert "World" not in set(estimates["country"])
    assert (estimates["year"].max(), projections["year"].min()) == (2020, 2025)
    danes = regrouped(estimates, ("all",)).set_index(["country", "year"])["population"]
    assert danes["Denmark", 2020] == pytest.approx(2.88e6, rel=0.01)
