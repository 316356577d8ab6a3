"""Forecasts as a hub of the hubverse (schemas of version 6.0.0): model output, observed counts, configuration.

| file | what |
|---|---|
| model-output/<team>-<model>/<round>-<team>-<model>.csv or .parquet | one method's forecasts of a round |
| target-data/time-series.csv | the observed counts |
| hub-config/admin.json, tasks.json, target-data.json | what the columns may hold, and who runs the hub |

| column of model output | meaning |
|---|---|
| reference_date | the round: the day the forecasts are of |
| origin_date | the last day of the last period that was known |
| series_id, location, sex | the series, its place in words, and sex |
| target | cancer, measure and period, such as melanoma-incidence-yearly |
| horizon | months from origin_date: the schemas know no longer unit; 12, 24 ... for yearly series |
| target_end_date | the last day of the period that is forecast |
| output_type, output_type_id, value | quantile with its level, or median without one; cases or deaths |
"""

from __future__ import annotations

import json
import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from forecasting.errors import ForecastInvalid
from forecasting.quantiles import MEDIAN, QUANTILES
from forecasting.result import FINAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from forecasting.quantiles import QuantileForecast
    from forecasting.result import SeriesForecast
    from forecasting.table import Series

FileFormat = Literal["csv", "parquet"]
TASK_IDS = (
    "reference_date",
    "origin_date",
    "series_id",
    "location",
    "sex",
    "target",
    "horizon",
    "target_end_date",
)
COLUMNS = (*TASK_IDS, "output_type", "output_type_id", "value")
_SCHEMAS = "https://raw.githubusercontent.com/hubverse-org/schemas/main/v6.0.0"
# What follows from the series, the round and the horizon: a validator need not expand it.
_DERIVED = ("origin_date", "location", "sex", "target_end_date")
_MONTHS = 12
_MONTHS_OF = {"year": _MONTHS, "month": 1}
_UNITS = {"incidence": "cases", "mortality": "deaths"}
_MEASURES = {"incidence": "new cases", "mortality": "deaths"}
_PERIODS = {"year": "yearly", "month": "monthly"}


@dataclass(frozen=True)
class Hub:
    """Who runs the hub, as `admin.json` asks."""

    name: str = "Skin cancer forecasts"
    maintainer: str = "dermacast"
    contact: str = "dermacast"
    repository_owner: str = "dermacast"
    repository_name: str = "dermacast"
    team: str = "dermacast"
    # Universal time all year; the schema takes places only.
    timezone: str = "Atlantic/Reykjavik"


def write_hub(
    forecasts: Iterable[SeriesForecast],
    folder: Path,
    round_date: date,
    *,
    file_format: FileFormat = "csv",
    hub: Hub | None = None,
) -> list[Path]:
    """Write one round of forecasts into a hub, which earlier rounds may be in.

    Args:
        forecasts: of the round, each series once.
        folder: of the hub; made where it is not there.
        round_date: names the round; a round of the same date is written over.
        file_format: of the model output; the same in every round of a hub.
        hub: who runs it.

    Returns:
        The model-output files.

    Raises:
        ForecastInvalid: a series twice, no series at all, or a hub whose earlier rounds are in another format.

    """
    hub = hub or Hub()
    tables: dict[str, list[pd.DataFrame]] = {}
    series: dict[str, Series] = {}
    spans: dict[str, set[tuple[int, int]]] = {}
    for found in forecasts:
        one = found.series
        if one.series_id in series:
            raise ForecastInvalid(f"{one.series_id} is forecast twice in one round")
        series[one.series_id] = one
        for method, forecast in found.forecasts.items():
            tables.setdefault(method, []).append(model_output(one, forecast, round_date))
            spans.setdefault(one.period_type, set()).add((forecast.origin, len(forecast.median)))
    if not tables:
        raise ForecastInvalid("a round without a forecast cannot be written")
    config = folder / "hub-config"
    rounds = _other_rounds(config / "tasks.json", round_date)
    formats = _read(config / "admin.json").get("file_format", [file_format]) if rounds else [file_format]
    if formats != [file_format]:
        raise ForecastInvalid(f"{folder}: its earlier rounds are {', '.join(formats)}, not {file_format}")
    rounds.append(_round(series.values(), spans, round_date))
    written = []
    for method, parts in tables.items():
        model = f"{hub.team}-{model_name(method)}"
        path = folder / "model-output" / model / f"{round_date:%Y-%m-%d}-{model}.{file_format}"
        _write_table(pd.concat(parts, ignore_index=True), path)
        written.append(path)
    observed = folder / "target-data" / "time-series.csv"
    _write_table(_observed(series, observed), observed)
    _write_json(config / "admin.json", _admin(hub, file_format))
    _write_json(config / "target-data.json", _TARGET_DATA)
    tasks = {
        "schema_version": f"{_SCHEMAS}/tasks-schema.json",
        "rounds": sorted(rounds, key=_reference_date),
        "output_type_id_datatype": "double",
        "derived_task_ids": [*_DERIVED],
    }
    _write_json(config / "tasks.json", tasks)
    return written


def model_name(method: str) -> str:
    """Return a method's name as hubverse takes it: letters, digits and underscores; the product's own is ensemble."""
    return "ensemble" if method == FINAL else re.sub(r"\W", "_", method, flags=re.ASCII)


def model_output(series: Series, forecast: QuantileForecast, round_date: date) -> pd.DataFrame:
    """Return one method's forecast of one series in the columns of `COLUMNS`: per horizon, seven quantiles, a median.

    Dates are `datetime.date`; `output_type_id` is float64, NaN for the median.
    """
    values = np.asarray(forecast.values)
    steps = len(values)
    levels = [*QUANTILES, np.nan]
    rows = len(levels)
    ends = [period_end(forecast.origin + step, series.period_type) for step in range(1, steps + 1)]
    months = _MONTHS_OF[series.period_type] * np.arange(1, steps + 1)
    return pd.DataFrame(
        {
            "reference_date": [round_date] * (steps * rows),
            "origin_date": [period_end(forecast.origin, series.period_type)] * (steps * rows),
            "series_id": series.series_id,
            "location": series.place,
            "sex": series.sex,
            "target": target_of(series),
            "horizon": np.repeat(months, rows),
            "target_end_date": [end for end in ends for _ in range(rows)],
            "output_type": (["quantile"] * len(QUANTILES) + ["median"]) * steps,
            "output_type_id": np.tile(levels, steps),
            "value": np.column_stack([values, values[:, MEDIAN]]).ravel(),
        }
    )


def target_of(series: Series) -> str:
    """Return the target's name: cancer, measure and period."""
    return f"{series.cancer}-{series.measure}-{_PERIODS[series.period_type]}"


def period_end(period: int, period_type: str) -> date:
    """Return the last day of a period, counted as in `table.Series.periods`."""
    if period_type == "year":
        return date(period, _MONTHS, 31)
    year, month = divmod(period, _MONTHS)
    return date(year, month + 1, monthrange(year, month + 1)[1])


def _observed(series: Mapping[str, Series], before: Path) -> pd.DataFrame:
    """Return the observed counts in the columns that `target-data.json` describes; of other series, as `before`."""
    parts = [
        pd.DataFrame(
            {
                "target_end_date": [period_end(int(period), one.period_type) for period in one.periods],
                "series_id": one.series_id,
                "target": target_of(one),
                "observation": one.counts,
            }
        )
        for one in series.values()
    ]
    if before.exists():
        earlier = pd.read_csv(before)
        parts.insert(0, earlier[~earlier["series_id"].isin(series)])
    return pd.concat([part for part in parts if len(part)], ignore_index=True)


def _round(series: Iterable[Series], spans: Mapping[str, set[tuple[int, int]]], round_date: date) -> dict[str, Any]:
    """Describe a round: what its task ids may hold, in one group of tasks for yearly and one for monthly series.

    `spans` holds the origins and horizons of the forecasts, in periods, by period type.
    """
    found = list(series)
    last = max(period_end(int(one.periods[-1]), one.period_type) for one in found)
    day = f"{round_date:%Y-%m-%d}"
    return {
        "round_id_from_variable": True,
        "round_id": "reference_date",
        "round_name": day,
        "model_tasks": [
            _tasks([one for one in found if one.period_type == period_type], period_type, spans[period_type], day)
            for period_type in sorted(spans)
        ],
        "submissions_due": {"start": day, "end": day},
        "last_data_date": f"{last:%Y-%m-%d}",
    }


def _tasks(series: list[Series], period_type: str, spans: set[tuple[int, int]], day: str) -> dict[str, Any]:
    targets = {target_of(one): one for one in series}
    horizon = max(steps for _, steps in spans)
    ends = sorted({origin + step for origin, steps in spans for step in range(1, steps + 1)})
    allowed: dict[str, list[Any]] = {
        "origin_date": [f"{period_end(origin, period_type):%Y-%m-%d}" for origin in sorted({one for one, _ in spans})],
        "series_id": sorted(one.series_id for one in series),
        "location": sorted({one.place for one in series}),
        "sex": sorted({one.sex for one in series}),
        "target": sorted(targets),
        "horizon": [_MONTHS_OF[period_type] * step for step in range(1, horizon + 1)],
        "target_end_date": [f"{period_end(end, period_type):%Y-%m-%d}" for end in ends],
    }
    value = {"type": "double", "minimum": 0}
    return {
        "task_ids": {
            "reference_date": {"required": [day], "optional": None},
            **{name: {"required": None, "optional": values} for name, values in allowed.items()},
        },
        "output_type": {
            "quantile": {"output_type_id": {"required": [*QUANTILES]}, "value": value, "is_required": True},
            "median": {"output_type_id": {"required": None}, "value": value, "is_required": True},
        },
        "target_metadata": [
            {
                "target_id": target,
                "target_name": f"{one.cancer}, {_MEASURES[one.measure]}, {_PERIODS[period_type]}",
                "target_units": _UNITS[one.measure],
                "target_keys": {"target": target},
                "target_type": "continuous",
                "is_step_ahead": True,
                "time_unit": "month",
            }
            for target, one in sorted(targets.items())
        ],
    }


def _admin(hub: Hub, file_format: FileFormat) -> dict[str, Any]:
    return {
        "schema_version": f"{_SCHEMAS}/admin-schema.json",
        "name": hub.name,
        "maintainer": hub.maintainer,
        "contact": {"name": hub.contact},
        "repository": {"host": "github", "owner": hub.repository_owner, "name": hub.repository_name},
        "file_format": [file_format],
        "timezone": hub.timezone,
    }


_TARGET_DATA = {
    "schema_version": f"{_SCHEMAS}/target-data-schema.json",
    "observable_unit": ["target_end_date", "series_id", "target"],
    "date_col": "target_end_date",
    "versioned": False,
}


def _other_rounds(tasks: Path, round_date: date) -> list[dict[str, Any]]:
    """Return the rounds of other dates that a hub has already."""
    rounds: list[dict[str, Any]] = _read(tasks).get("rounds", [])
    return [one for one in rounds if _reference_date(one) != f"{round_date:%Y-%m-%d}"]


def _reference_date(one: dict[str, Any]) -> str:
    return str(one["model_tasks"][0]["task_ids"]["reference_date"]["required"][0])


def _read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text("utf-8"))) if path.exists() else {}


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".partial-{path.name}")
    partial.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")
    partial.replace(path)


def _write_table(table: pd.DataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".partial-{path.name}")
    if path.suffix == ".parquet":
        table.to_parquet(partial, index=False)
    else:
        table.to_csv(partial, index=False, na_rep="NA", lineterminator="\n")
    partial.replace(path)
