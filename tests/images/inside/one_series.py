"""A Lambda handler, in the forecasting image: forecast one series of those that ship."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import forecasting
from forecasting.panel import read_panel
from forecasting.project import jobs, project
from forecasting.selection import selected
from forecasting.table import read_counts

SAMPLE = Path(forecasting.__file__).parent / "samples" / "scotland_skin_cancer.csv"


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    series, _ = selected(read_counts(SAMPLE))
    (job,) = jobs(series[:1], read_panel(), event["horizon"])
    found = project(job)
    return {
        "series": found.series.series_id,
        "quantiles": {method: forecast.values.tolist() for method, forecast in found.forecasts.items()},
    }
