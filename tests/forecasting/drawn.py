"""Drawn series and finished forecasts, for the tests of what shows and publishes them."""

from __future__ import annotations

import numpy as np

from forecasting.causes import Split
from forecasting.quantiles import QuantileForecast
from forecasting.result import FINAL, Scores, SeriesForecast
from forecasting.table import Series
from functions.forecasts.publication import Source

SOURCE = Source(
    source="Drawn registry 1990-2022",
    title="Drawn counts",
    publisher="The tests",
    citation="The tests, drawn counts, 1990-2022.",
    url="https://example.org/registry",
    licence="Public domain",
    licence_url="https://example.org/licence",
    remarks=("Drawn, not counted.",),
)
SOURCES = {SOURCE.source: SOURCE}
_SPREAD = np.array([-0.2, -0.12, -0.06, 0.0, 0.06, 0.13, 0.22])


def drawn_series(
    series_id: str = "drawn-land-both-melanoma-inc", *, monthly: bool = False, last: int = 2022, **more: object
) -> Series:
    """Return 33 years, or 60 months, of growing counts with a dip in 2020; the last one is provisional."""
    if monthly:
        periods = np.arange(12 * (last - 4), 12 * (last + 1))
        season = 150 * np.sin(2 * np.pi * (periods % 12) / 12)
        counts = np.round(1200 + 4 * np.arange(60) + season)
    else:
        periods = np.arange(last - 32, last + 1)
        counts = np.round(800 * 1.025 ** np.arange(33) + 25 * np.sin(np.arange(33)))
        counts[periods == 2020] *= 0.85
    named = {
        "source": SOURCE.source,
        "country": "Landia",
        "region": "",
        "sex": "both",
        "cancer": "melanoma",
        "measure": "incidence",
        **more,
    }
    return Series(
        series_id=series_id,
        **named,  # type: ignore[arg-type]
        period_type="month" if monthly else "year",
        periods=periods,
        counts=np.round(counts),
        population=np.full(len(periods), np.nan) if monthly else 1e6 + 8e3 * np.arange(33.0),
        provisional=periods == periods[-1],
    )


def drawn_quantiles(series: Series, method: str, known: int, horizon: int, growth: float = 0.02) -> QuantileForecast:
    """Return a forecast at the period number `known` - 1, growing, with intervals that widen."""
    steps = np.arange(1, horizon + 1)[:, None]
    values = series.counts[known - 1] * (1 + growth) ** steps * (1 + _SPREAD * np.sqrt(steps) / 2)
    return QuantileForecast(series.series_id, method, int(series.periods[known - 1]), np.maximum(values, 0.0))


def drawn_forecast(series_id: str = "drawn-land-both-melanoma-inc", **more: object) -> SeriesForecast:
    """Return a finished forecast with a back-test; yearly ones of all ages with a split of their change."""
    series = drawn_series(series_id, **more)  # type: ignore[arg-type]
    known = len(series.periods)
    horizon = 24 if series.period_type == "month" else 10
    past = tuple(drawn_quantiles(series, FINAL, known - back, 10, 0.03) for back in (16, 13, 10))
    scores = tuple(
        Scores(method, horizons, 40, rel_mae, rel_mae - 0.1, 1.1, 52.0, 81.0, 95.0)
        for method, ratios in {FINAL: (0.8, 0.7), "prophet": (0.9, 0.65), "drift": (1.0, 1.0)}.items()
        for horizons, rel_mae in zip(("1-5", "6-10"), ratios, strict=True)
    )
    final = drawn_quantiles(series, FINAL, known, horizon)
    return SeriesForecast(
        series=series,
        forecasts={
            FINAL: final,
            "prophet": drawn_quantiles(series, "prophet", known, horizon, 0.025),
            "drift": drawn_quantiles(series, "drift", known, horizon, 0.03),
        },
        weights={"prophet": 0.4, "drift": 0.6},
        scores=scores,
        past=past,
        splits=drawn_splits(series, final) if series.period_type == "year" else {},
        notes=("2020 and 2021 were weighed as years of the pandemic.",),
    )


def drawn_splits(series: Series, final: QuantileForecast) -> dict[str, Split]:
    """Return a split by year: more people, older people, and less risk."""
    base = float(series.counts[-5:].mean())
    years = range(final.origin + 1, final.origin + 1 + len(final.median))
    span = f"{final.origin - 4}-{final.origin}"
    return {
        str(year): Split(
            "shapley",
            span,
            str(year),
            base=base,
            growth=0.9 * change,
            ageing=0.3 * change,
            risk=-0.2 * change,
            projected=True,
        )
        for year, change in zip(years, final.median - base, strict=True)
    }
