"""Series that tests draw."""

from __future__ import annotations

import numpy as np

from forecasting.table import Series


def drawn(
    counts: np.ndarray, series_id: str = "drawn", *, last: int = 2015, period_type: str = "year", **fields: object
) -> Series:
    """Return a series of given counts; `last` is its last year, or the year of its last month, December."""
    end = last if period_type == "year" else 12 * last + 11
    values = {
        "source": "drawn",
        "country": "Norway",
        "region": "",
        "sex": "female",
        "cancer": "melanoma",
        "measure": "incidence",
        "provisional": np.zeros(len(counts), dtype=bool),
        **fields,
    }
    return Series(
        series_id=series_id,
        period_type=period_type,
        periods=np.arange(end - len(counts) + 1, end + 1),
        counts=np.asarray(counts, dtype=np.float64),
        population=np.full(len(counts), np.nan),
        **values,
    )


def growing(years: int = 30, level: float = 200.0, growth: float = 0.03, seed: int = 0) -> np.ndarray:
    """Draw Poisson counts about a growing level."""
    return np.random.default_rng(seed).poisson(level * np.exp(growth * np.arange(years))).astype(np.float64)
