from __future__ import annotations

import json
import re
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import ForecastInvalid
from forecasting.hubverse import COLUMNS, Hub, model_name, period_end, write_hub
from forecasting.quantiles import QUANTILES, QuantileForecast
from forecasting.result import FINAL, SeriesForecast
from forecasting.table import Series

if TYPE_CHECKING:
    from pathlib import Path

_DAY = date(2026, 11, 23)


def drawn(series_id: str, period_type: str = "year", horizon: int = 3, last: int = 2022) -> SeriesForecast:
    """Draw a forecast of one series by two methods."""
    end = last if period_type == "year" else 12 * last + 5
    periods = np.arange(end - 9, end + 1)
    series = Series(
        series_id=series_id,
        source="drawn",
        country="Norway",
        region="",
        sex="female",
        cancer="melanoma",
        measure="incidence",
        period_type=period_type,
        periods=periods,
        counts=np.linspace(90, 120, 10).round(),
        population=np.full(10, np.nan),
        provisional=np.zeros(10, dtype=bool),
    )
    values = 100 + np.arange(horizon)[:, None] + 10 * np.array(QUANTILES)
    forecasts = {method: QuantileForecast(series_id, method, end, values) for method in (FINAL, "prophet-default")}
    return SeriesForecast(series, forecasts, weights={}, scores=(), past=())


def _json(folder: Path, name: str) -> dict:
    return json.loads((folder / "hub-config" / f"{name}.json").read_text("utf-8"))


def test_each_method_has_a_file_of_its_round(tmp_path: Path) -> None:
    written = write_hub([drawn("a"), drawn("b", last=2020)], tmp_path, _DAY)
    names = [str(path.relative_to(tmp_path)) for path in written]
    assert names == [
        "model-output/dermacast-ensemble/2026-11-23-dermacast-ensemble.csv",
        "model-output/dermacast-prophet_default/2026-11-23-dermacast-prophet_default.csv",
    ]
    assert not list(tmp_path.rglob(".partial*"))
    table = pd.read_csv(written[0], keep_default_na=False)
    assert tuple(table.columns) == COLUMNS
    assert len(table) == 2 * 3 * 8
    assert not table.duplicated([*COLUMNS[:-1]]).any()
    assert set(table["reference_date"]) == {"2026-11-23"}


def test_quantiles_ascend_and_the_median_is_the_middle_one(tmp_path: Path) -> None:
    (path, _) = write_hub([drawn("a")], tmp_path, _DAY, file_format="parquet")
    table = pd.read_parquet(path)
    for _, rows in table.groupby("horizon"):
        quantiles = rows[rows["output_type"] == "quantile"]
        assert tuple(quantiles["output_type_id"]) == QUANTILES
        assert quantiles["value"].is_monotonic_increasing
        (median,) = rows.loc[rows["output_type"] == "median", "value"]
        assert median == quantiles["value"].iloc[3]
    assert table.loc[table["output_type"] == "median", "output_type_id"].isna().all()
    assert isinstance(table["target_end_date"][0], date)


def test_a_median_has_no_level_in_csv(tmp_path: Path) -> None:
    (path, _) = write_hub([drawn("a")], tmp_path, _DAY)
    text = path.read_text("utf-8")
    assert "2026-11-23,2022-12-31,a,Norway,female,melanoma-incidence-yearly,12,2023-12-31,median,NA,105.0\n" in text


def test_horizons_are_months_from_the_last_day_that_was_known(tmp_path: Path) -> None:
    (path, _) = write_hub([drawn("yearly"), drawn("monthly", "month", last=2024)], tmp_path, _DAY)
    table = pd.read_csv(path)
    found = {
        series_id: sorted({*zip(rows["horizon"], rows["target_end_date"], strict=True)})
        for series_id, rows in table.groupby("series_id")
    }
    assert found["yearly"] == [(12, "2023-12-31"), (24, "2024-12-31"), (36, "2025-12-31")]
    assert found["monthly"] == [(1, "2024-07-31"), (2, "2024-08-31"), (3, "2024-09-30")]
    assert set(table.loc[table["series_id"] == "monthly", "origin_date"]) == {"2024-06-30"}
    assert set(table["target"]) == {"melanoma-incidence-yearly", "melanoma-incidence-monthly"}


@pytest.mark.parametrize(
    ("period", "period_type", "end"),
    [
        (2024, "year", date(2024, 12, 31)),
        (12 * 2024 + 1, "month", date(2024, 2, 29)),
        (12 * 2024 + 11, "month", date(2024, 12, 31)),
    ],
)
def test_periods_end_on_their_last_day(period: int, period_type: str, end: date) -> None:
    assert period_end(period, period_type) == end


def test_the_configuration_allows_what_is_written_and_no_more(tmp_path: Path) -> None:
    write_hub([drawn("a"), drawn("b", last=2020), drawn("m", "month")], tmp_path, _DAY)
    table = pd.read_csv(next(tmp_path.glob("model-output/dermacast-ensemble/*")))
    (one_round,) = _json(tmp_path, "tasks")["rounds"]
    monthly, yearly = one_round["model_tasks"]
    for tasks, rows in (
        (monthly, table[table["series_id"] == "m"]),
        (yearly, table[table["series_id"] != "m"]),
    ):
        for name, values in tasks["task_ids"].items():
            assert sorted(values["required"] or values["optional"]) == sorted(rows[name].unique())
        assert {target["target_id"] for target in tasks["target_metadata"]} == set(rows["target"])
    assert one_round["last_data_date"] == "2022-12-31"
    assert yearly["output_type"]["quantile"]["output_type_id"]["required"] == [*QUANTILES]


def test_observed_counts_stand_beside_the_forecasts(tmp_path: Path) -> None:
    write_hub([drawn("a")], tmp_path, _DAY)
    write_hub([drawn("b")], tmp_path, date(2026, 12, 1))
    observed = pd.read_csv(tmp_path / "target-data" / "time-series.csv")
    assert sorted(observed["series_id"].unique()) == ["a", "b"]
    assert not observed.duplicated(_json(tmp_path, "target-data")["observable_unit"]).any()
    assert observed["observation"].iloc[-1] == 120


def test_rounds_come_together_in_one_hub(tmp_path: Path) -> None:
    write_hub([drawn("a")], tmp_path, date(2026, 12, 1))
    for _ in range(2):
        write_hub([drawn("a")], tmp_path, _DAY)
    rounds = _json(tmp_path, "tasks")["rounds"]
    assert [one["round_name"] for one in rounds] == ["2026-11-23", "2026-12-01"]
    assert len(list(tmp_path.glob("model-output/dermacast-ensemble/*.csv"))) == 2
    with pytest.raises(ForecastInvalid, match="earlier rounds are csv, not parquet"):
        write_hub([drawn("a")], tmp_path, date(2027, 1, 1), file_format="parquet")


def test_the_same_forecasts_give_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        write_hub([drawn("a"), drawn("b")], tmp_path / folder, _DAY)
    ones, twos = (
        sorted(path for path in (tmp_path / folder).rglob("*") if path.is_file()) for folder in ("one", "two")
    )
    assert [path.read_bytes() for path in ones] == [path.read_bytes() for path in twos]


def test_a_round_needs_each_series_once(tmp_path: Path) -> None:
    with pytest.raises(ForecastInvalid, match="a is forecast twice"):
        write_hub([drawn("a"), drawn("a")], tmp_path, _DAY)
    with pytest.raises(ForecastInvalid, match="without a forecast"):
        write_hub([], tmp_path, _DAY)
    assert not list(tmp_path.iterdir())


def test_who_runs_the_hub_is_told(tmp_path: Path) -> None:
    write_hub([drawn("a")], tmp_path, _DAY, hub=Hub(team="registry", contact="Ola"))
    assert _json(tmp_path, "admin")["contact"] == {"name": "Ola"}
    assert (tmp_path / "model-output" / "registry-ensemble").is_dir()


@pytest.mark.parametrize("method", ["prophet-default", "age period cohort", "θ", "a/../b"])
def test_names_of_models_are_safe_as_names_of_files(method: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_]+", model_name(method))
