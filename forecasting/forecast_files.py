"""Finished forecasts as files an analyst's tools read: one table as CSV, Parquet and JSON, and one of scores."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import pandas as pd

from forecasting.parallel import Failure, each
from forecasting.project import project
from forecasting.result import LeftOut
from forecasting.scores import VALUES
from forecasting.table import period_label

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from forecasting.project import Job
    from forecasting.result import SeriesForecast

_KEYS = ("series_id", "source", "country", "region", "sex", "cancer", "measure", "period_type")
_DECIMALS = 2


@dataclass(frozen=True)
class Forecasts:
    """What was forecast, in the order of the jobs, and what was not, with the reasons."""

    made: tuple[SeriesForecast, ...]
    left_out: tuple[LeftOut, ...]


def forecasts_of(jobs: Sequence[Job], workers: int, done: Callable[[int], None] = lambda _: None) -> Forecasts:
    """Forecast many series; one that fails is left out with the reason."""
    made, left_out = [], []
    for job, found in zip(jobs, each(project, jobs, workers, done), strict=True):
        if isinstance(found, Failure):
            left_out.append(LeftOut(job.series.series_id, found.reason))
        else:
            made.append(found)
    return Forecasts(tuple(made), tuple(left_out))


def table_of(made: Sequence[SeriesForecast]) -> pd.DataFrame:
    """Return every forecast, one row a series, method and period: the series, origin, period, horizon, q0.025 ..."""
    rows = []
    for one in made:
        keys = [getattr(one.series, name) for name in _KEYS]
        for method, forecast in one.forecasts.items():
            for step, values in enumerate(forecast.values, start=1):
                periods = (forecast.origin, forecast.origin + step)
                labels = [period_label(period, one.series.period_type) for period in periods]
                rows.append([*keys, method, *labels, step, *values.round(_DECIMALS)])
    return pd.DataFrame(rows, columns=[*_KEYS, "method", "origin", "period", "horizon", *VALUES])


def write(found: Forecasts, folder: Path) -> list[Path]:
    """Write forecasts.csv, .parquet and .json, scores.csv and left_out.csv; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    table = table_of(found.made)
    paths = [folder / name for name in ("forecasts.csv", "forecasts.parquet", "forecasts.json")]
    table.to_csv(paths[0], index=False, lineterminator="\n")
    table.to_parquet(paths[1], index=False)
    paths[2].write_text(
        json.dumps([_document(one) for one in found.made], indent=1, ensure_ascii=False) + "\n", "utf-8"
    )
    scores = [{"series_id": one.series.series_id, **asdict(score)} for one in found.made for score in one.scores]
    left_out = [asdict(one) for one in found.left_out]
    for name, rows, columns in (
        ("scores.csv", scores, ["series_id", "method", "horizons"]),
        ("left_out.csv", left_out, ["series_id", "reason"]),
    ):
        paths.append(folder / name)
        pd.DataFrame(rows, columns=None if rows else columns).to_csv(paths[-1], index=False, lineterminator="\n")
    return paths


def _document(one: SeriesForecast) -> dict[str, object]:
    series = one.series
    return {
        **{name: getattr(series, name) for name in _KEYS},
        "observed": [
            {"period": series.label(index), "count": float(count), "provisional": bool(series.provisional[index])}
            for index, count in enumerate(series.counts)
        ],
        "weights": {name: round(weight, 4) for name, weight in one.weights.items()},
        "notes": list(one.notes),
        "forecasts": {
            method: {
                "origin": period_label(forecast.origin, series.period_type),
                "periods": [
                    {
                        "period": period_label(forecast.origin + step, series.period_type),
                        **dict(zip(VALUES, (round(float(value), _DECIMALS) for value in values), strict=True)),
                    }
                    for step, values in enumerate(forecast.values, start=1)
                ],
            }
            for method, forecast in one.forecasts.items()
        },
        "scores": [asdict(score) for score in one.scores],
    }
