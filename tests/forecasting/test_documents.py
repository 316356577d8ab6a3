"""Finished forecasts in the published format: nothing lost, nothing that was not there."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import math

import numpy as np
import pandas as pd
import pytest

from forecasting.causes import WORDING
from forecasting.documents import document_of, files_of, rates_of, tidy, version_of, with_splits
from forecasting.errors import PublicationRefused
from forecasting.hubverse import COLUMNS as HUB_COLUMNS
from forecasting.quantiles import QUANTILES
from forecasting.result import FINAL, SeriesForecast
from forecasting.table import checked
from functions.forecasts.publication import QUANTILES as PUBLISHED_QUANTILES
from functions.forecasts.publication import SeriesDocument
from tests.forecasting.drawn import SOURCE, drawn_forecast, drawn_quantiles

CREATED = dt.datetime(2026, 11, 23, 6, tzinfo=dt.UTC)
VERSION = "20261123T060000Z-00000000"


def published(forecast: SeriesForecast, **more: object) -> SeriesDocument:
    return document_of(forecast, SOURCE, version=VERSION, as_of=CREATED, **more)  # type: ignore[arg-type]


def test_the_two_rooms_have_the_same_quantiles() -> None:
    assert QUANTILES == PUBLISHED_QUANTILES


def test_every_figure_is_in_the_document() -> None:
    forecast = drawn_forecast()
    document = published(forecast)
    assert [one.count for one in document.observed] == forecast.series.counts.tolist()
    assert [one.provisional for one in document.observed] == forecast.series.provisional.tolist()
    assert [one.method for one in document.forecasts] == [FINAL, "prophet", "drift"]
    for one in document.forecasts:
        found = np.array([point.quantiles for point in one.points])
        np.testing.assert_allclose(found, forecast.forecasts[one.method].values, atol=0.0501)
        assert (one.origin, one.points[0].period) == ("2022", "2023")
    assert [one.origin for one in document.past] == ["2006", "2009", "2012"]
    assert document.weights == forecast.weights
    assert len(document.scores) == len(forecast.scores)
    for split in document.causes:
        assert split.base + split.total == pytest.approx(
            forecast.forecasts[FINAL].median[int(split.period) - 2023], abs=0.2
        )
    assert WORDING in document.cause_notes
    assert document.notes == (*SOURCE.remarks, *forecast.notes)


def test_months_are_written_as_months() -> None:
    document = published(drawn_forecast(monthly=True))
    assert (document.observed[0].period, document.data_through) == ("2018-01", "2022-12")
    assert [point.period for point in document.final.points[:2]] == ["2023-01", "2023-02"]


def test_a_score_that_is_not_known_is_null() -> None:
    forecast = drawn_forecast()
    unknown = dataclasses.replace(forecast.scores[0], mase=math.nan)
    assert published(dataclasses.replace(forecast, scores=(unknown,))).scores[0].mase is None


def test_without_the_final_method_nothing_is_published() -> None:
    forecast = drawn_forecast()
    others = {name: one for name, one in forecast.forecasts.items() if name != FINAL}
    with pytest.raises(PublicationRefused, match=r"no forecast of dermacast, only \['prophet', 'drift'\]"):
        published(dataclasses.replace(forecast, forecasts=others))


def test_files_hold_the_same_table() -> None:
    forecast = drawn_forecast()
    document = published(forecast)
    files = files_of(document, forecast)
    table = tidy(document)
    assert len(table) == 33 + 3 * 10
    pd.testing.assert_frame_equal(pd.read_parquet(io.BytesIO(files["parquet"])), table)
    read = pd.read_csv(
        io.BytesIO(files["csv"]), dtype={"period": str, "origin": str}, keep_default_na=False, na_values=""
    )
    assert read["median"].dropna().tolist() == table["median"].dropna().tolist()
    assert SeriesDocument.model_validate_json(files["json"]) == document
    hub = pd.read_csv(io.BytesIO(files["hub.csv"]))
    assert list(hub.columns) == list(HUB_COLUMNS)
    assert len(hub) == 10 * (len(QUANTILES) + 1)
    assert files["png"].startswith(b"\x89PNG")


def counts(series_id: str, *, by_age: bool = False, standard: str = "us2000") -> pd.DataFrame:
    series = drawn_forecast(series_id).series
    ages = {"all": 1.0, **({"0-49": 0.25, "50-69": 0.45, "70+": 0.3} if by_age else {})}
    rows = [
        {
            "series_id": series_id,
            "sex": "both",
            "cancer": "melanoma",
            "measure": "incidence",
            "year": int(year),
            "age_group": age,
            "count": round(share * count) if age != "all" else count,
            "population": (300_000 if age != "all" else 900_000) + 1000 * index,
            "rate_asr": 20 + index / 10 if age == "all" else None,
            "standard": standard if age == "all" else "",
        }
        for index, (year, count) in enumerate(zip(series.periods, series.counts, strict=True))
        for age, share in ages.items()
    ]
    return checked(pd.DataFrame(rows), "drawn")


def test_published_rates_go_with_their_standard() -> None:
    series = drawn_forecast("drawn-a").series
    rates, standard = rates_of(counts("drawn-a"), series)
    assert standard == "us2000"
    assert (rates["1990"], len(rates)) == (20.0, 33)
    document = published(drawn_forecast("drawn-a"), rates=rates, rate_standard=standard)
    assert (document.observed[0].rate, document.rate_standard) == (20.0, "us2000")
    assert rates_of(counts("drawn-a", standard=""), series) == ({}, "")
    assert rates_of(counts("drawn-b"), series) == ({}, "")


def test_a_change_is_split_where_ages_are_known() -> None:
    forecast = dataclasses.replace(drawn_forecast("drawn-a"), splits={})
    assert with_splits(forecast, counts("drawn-a")).splits == {}
    found = with_splits(forecast, counts("drawn-a", by_age=True)).splits
    if found:  # three wide groups may not be projected; then nothing is shown
        assert set(found) == {str(year) for year in range(2023, 2033)}


def test_versions_differ_when_forecasts_do() -> None:
    one = drawn_forecast()
    other = dataclasses.replace(one, forecasts={FINAL: drawn_quantiles(one.series, FINAL, 33, 10, 0.021)})
    assert version_of([one], CREATED) == version_of([drawn_forecast()], CREATED)
    assert version_of([one], CREATED) != version_of([other], CREATED)
    assert version_of([one], CREATED).startswith("20261123T060000Z-")
