"""Finished forecasts in the published format: one document a series, and its files."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecasting import pictures
from forecasting.ages import age_counts
from forecasting.causes import assumptions, project_split
from forecasting.errors import PublicationRefused, SeriesRefused
from forecasting.hubverse import model_output
from forecasting.quantiles import QuantileForecast
from forecasting.result import FINAL
from forecasting.sentences import METHODS, cancer_notes, headline, method_notes
from forecasting.table import ALL_AGES, period_label
from functions.forecasts import words
from functions.forecasts.publication import (
    CauseSplit,
    FileFormat,
    ForecastPoint,
    MethodForecast,
    MethodScores,
    Observation,
    SeriesDocument,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from forecasting.result import Scores, SeriesForecast
    from forecasting.table import Series
    from functions.forecasts.publication import Source

# Tenths of a case: below what any count can say, and half the size of a file.
_DECIMALS = 1
_POINT = ("low_95", "low_80", "low_50", "median", "high_50", "high_80", "high_95")


def document_of(
    forecast: SeriesForecast,
    source: Source,
    *,
    version: str,
    as_of: datetime,
    rates: Mapping[str, float] | None = None,
    rate_standard: str = "",
) -> SeriesDocument:
    """Return a finished forecast as it is published.

    Args:
        forecast: of one series; `FINAL` must be among its methods.
        source: of the series.
        version: of the publication.
        as_of: when the forecast was made.
        rates: age-standardised rates per 100,000 as published, by period.
        rate_standard: the standard population of the rates.

    Raises:
        PublicationRefused: there is no forecast of the final method.

    """
    series = forecast.series
    if FINAL not in forecast.forecasts:
        raise PublicationRefused(f"{series.series_id}: there is no forecast of {FINAL}, only {[*forecast.forecasts]}")
    rates = rates or {}
    observed = tuple(
        Observation(
            period=series.label(index),
            count=float(series.counts[index]),
            population=_known(series.population[index]),
            rate=rates.get(series.label(index)),
            provisional=bool(series.provisional[index]),
        )
        for index in range(len(series.periods))
    )
    methods = [FINAL, *(name for name in forecast.forecasts if name != FINAL)]
    made = tuple(_method(series, forecast.forecasts[name]) for name in methods)
    described = {
        "cancer": series.cancer,
        "measure": series.measure,
        "sex": series.sex,
        "age_group": series.age_group,
        "country": series.country,
        "region": series.region,
    }
    splits = tuple(
        CauseSplit(
            period=name,
            base_label=split.base_label,
            base=round(split.base, _DECIMALS),
            growth=round(split.growth, _DECIMALS),
            ageing=round(split.ageing, _DECIMALS),
            risk=round(split.risk, _DECIMALS),
        )
        for name, split in sorted(forecast.splits.items())
    )
    return SeriesDocument(
        version=version,
        series_id=series.series_id,
        title=words.title(**described, period_type=series.period_type),
        **described,
        period_type=series.period_type,
        sentence=headline(**described, observed=observed, points=made[0].points),
        as_of=as_of,
        data_through=observed[-1].period,
        source=source,
        rate_standard=rate_standard if rates else "",
        observed=observed,
        method=FINAL,
        forecasts=made,
        weights={name: round(weight, 3) for name, weight in forecast.weights.items()},
        scores=tuple(_scores(one) for one in sorted(forecast.scores, key=_order)),
        past=tuple(_method(series, one) for one in forecast.past),
        causes=splits,
        cause_notes=assumptions() if splits else (),
        notes=(*source.remarks, *cancer_notes(series.cancer), *forecast.notes),
        method_notes=method_notes(forecast.weights, forecast.scores),
    )


def rows_by_series(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the rows of each series, so that a large table is gone through once and not once a series."""
    return {str(series_id): rows for series_id, rows in table.groupby("series_id", sort=False)}


def documented(
    forecast: SeriesForecast, rows: pd.DataFrame | None, source: Source, *, version: str, as_of: datetime
) -> tuple[SeriesForecast, SeriesDocument]:
    """Return a forecast with the split of its change where it can be told, and both as they are published.

    Args:
        forecast: of one series.
        rows: the series' own of the counts table, for published rates and cases by age; None where there are none.
        source: of the series.
        version: of the publication.
        as_of: when the forecast was made.

    Raises:
        PublicationRefused: there is no forecast of the final method.

    """
    found = forecast if rows is None else with_splits(forecast, rows)
    rates, standard = ({}, "") if rows is None else rates_of(rows, forecast.series)
    document = document_of(found, source, version=version, as_of=as_of, rates=rates, rate_standard=standard)
    return found, document


def version_of(forecasts: Sequence[SeriesForecast], created: datetime) -> str:
    """Return the name of a version: when it was made, and what tells two of one second apart."""
    found = hashlib.sha256(created.isoformat().encode())
    for one in sorted(forecasts, key=lambda one: one.series.series_id):
        found.update(one.series.series_id.encode() + one.series.counts.tobytes())
        for method in sorted(one.forecasts):
            found.update(method.encode() + np.asarray(one.forecasts[method].values).tobytes())
    return f"{created:%Y%m%dT%H%M%SZ}-{found.hexdigest()[:8]}"


def with_splits(forecast: SeriesForecast, table: pd.DataFrame) -> SeriesForecast:
    """Return a forecast with the split of its change, where it has none and cases and people by age are known."""
    series = forecast.series
    if forecast.splits or series.period_type != "year" or series.age_group != ALL_AGES:
        return forecast
    try:
        final = forecast.forecasts[FINAL]
        by_age = age_counts(table, series.series_id).until(final.origin).pooled()
        splits = project_split(by_age, final.median)
    except SeriesRefused:
        return forecast
    return dataclasses.replace(forecast, splits=splits)


def rates_of(table: pd.DataFrame, series: Series) -> tuple[dict[str, float], str]:
    """Return the published rates of a series by period, and their standard; nothing where standards are mixed."""
    if series.age_group != ALL_AGES:
        return {}, ""
    rows = table[
        (table["series_id"] == series.series_id)
        & (table["period_type"] == series.period_type)
        & (table["age_group"] == ALL_AGES)
        & table["rate_asr"].notna()
    ]
    standards = set(rows["standard"])
    if len(standards) != 1 or standards == {""}:
        return {}, ""
    months = rows["month"].fillna(1)
    labels = [
        period_label(int(year * 12 + month - 1) if series.period_type == "month" else int(year), series.period_type)
        for year, month in zip(rows["year"], months, strict=True)
    ]
    return dict(zip(labels, rows["rate_asr"].astype(float), strict=True)), standards.pop()


def files_of(document: SeriesDocument, forecast: SeriesForecast) -> dict[FileFormat, bytes]:
    """Return every file of a series by format; the same document gives the same bytes."""
    table = tidy(document)
    parquet = io.BytesIO()
    table.to_parquet(parquet, index=False, compression="zstd", write_statistics=False)
    final = forecast.forecasts[FINAL]
    rounded = QuantileForecast(final.series_id, final.method, final.origin, np.asarray(final.values).round(_DECIMALS))
    hub = model_output(forecast.series, rounded, document.as_of.date())
    return {
        "json": (document.model_dump_json() + "\n").encode(),
        "csv": table.to_csv(index=False, lineterminator="\n").encode(),
        "parquet": parquet.getvalue(),
        "png": pictures.forecast_picture(document),
        "hub.csv": hub.to_csv(index=False, na_rep="NA", lineterminator="\n").encode(),
    }


def tidy(document: SeriesDocument) -> pd.DataFrame:
    """Return counts and forecasts as one table.

    One row a period counted (kind observed) and one a period, method and origin forecast (kind forecast): period,
    kind, method, origin, count, the seven quantiles as `low_95` .. `high_95`, population, rate, provisional; and in
    every row series_id, source, licence and as_of, so that a row can be cited wherever it ends up.
    """
    rows: list[dict[str, object]] = [
        {
            "period": one.period,
            "kind": "observed",
            "method": "",
            "origin": "",
            "count": one.count,
            "population": one.population,
            "rate": one.rate,
            "provisional": one.provisional,
        }
        for one in document.observed
    ]
    rows += [
        {
            "period": point.period,
            "kind": "forecast",
            "method": one.method,
            "origin": one.origin,
            **{name: getattr(point, name) for name in _POINT},
            "provisional": False,
        }
        for one in document.forecasts
        for point in one.points
    ]
    columns = ["period", "kind", "method", "origin", "count", *_POINT, "population", "rate", "provisional"]
    table = pd.DataFrame(rows).reindex(columns=columns)
    table["count"] = table["count"].round().astype("Int64")
    table["population"] = table["population"].astype(np.float64).round().astype("Int64")
    table.insert(0, "series_id", document.series_id)
    table["source"] = document.source.source
    table["licence"] = document.source.licence
    return table


def _method(series: Series, forecast: QuantileForecast) -> MethodForecast:
    values = np.asarray(forecast.values).round(_DECIMALS)
    return MethodForecast(
        method=forecast.method,
        title=METHODS.get(forecast.method, forecast.method),
        origin=period_label(forecast.origin, series.period_type),
        points=tuple(
            ForecastPoint(
                period=period_label(forecast.origin + step, series.period_type),
                **dict(zip(_POINT, map(float, row), strict=True)),
            )
            for step, row in enumerate(values, start=1)
        ),
    )


def _scores(score: Scores) -> MethodScores:
    numbers = ("rel_mae", "rel_wis", "mase", "coverage_50", "coverage_80", "coverage_95")
    return MethodScores(
        method=score.method,
        title=METHODS.get(score.method, score.method),
        horizons=score.horizons,
        forecasts=score.forecasts,
        **{name: _known(getattr(score, name)) for name in numbers},
    )


def _order(score: Scores) -> tuple[int, str, int]:
    """Put the final method first, Prophet beside it, and near horizons before far ones."""
    first = (FINAL, "prophet")
    place = first.index(score.method) if score.method in first else len(first)
    return place, score.method, int(score.horizons.partition("-")[0])


def _known(value: float) -> float | None:
    """Return a number in four digits that count, or None where it is not known."""
    return None if math.isnan(value) else float(f"{value:.9g}")
