"""The report of a forecast run: pages that open from a folder, one a series and one for all, with a picture each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecasting.documents import documented, rows_by_series, version_of
from forecasting.pictures import forecast_picture
from functions.forecasts.publication import Source
from functions.forecasts.views import report_index, report_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    import pandas as pd

    from forecasting.result import LeftOut, SeriesForecast

NOT_STATED = "not stated in the counts table"


def write_report(
    forecasts: Sequence[SeriesForecast],
    folder: Path,
    *,
    created: datetime,
    table: pd.DataFrame,
    left_out: Iterable[LeftOut] = (),
    sources: Mapping[str, Source] | None = None,
    done: Callable[[int], None] = lambda _: None,
) -> Path:
    """Write the report, and return its first page.

    Args:
        forecasts: each series once.
        folder: made where it is not there; pages of the same names are written over.
        created: when the forecasts were made.
        table: the counts that they were made from; published rates and cases by age are taken from it.
        left_out: series that were not forecast, listed with their reasons.
        sources: licence and citation by the series' `source`; without one the report says that none is stated.
        done: told how many series are written.

    """
    folder.mkdir(parents=True, exist_ok=True)
    listed = []
    version = version_of(forecasts, created)
    rows = rows_by_series(table)
    for count, forecast in enumerate(sorted(forecasts, key=lambda one: one.series.series_id), start=1):
        series = forecast.series
        source = (sources or {}).get(series.source) or unknown_source(series.source)
        _, document = documented(forecast, rows.get(series.series_id), source, version=version, as_of=created)
        picture = f"{series.series_id}.png"
        address = f"{series.series_id}.html"
        (folder / picture).write_bytes(forecast_picture(document))
        (folder / address).write_text(report_page(document, picture=picture), "utf-8")
        listed.append((document, address))
        done(count)
    index = folder / "index.html"
    index.write_text(report_index(listed, [(one.series_id, one.reason) for one in left_out]), "utf-8")
    return index


def unknown_source(source: str) -> Source:
    """Return a source of which the counts table tells the name alone."""
    name = source or "unnamed"
    return Source(
        source=name, title=name, publisher=name, citation=name, url="", licence=NOT_STATED, licence_url="", remarks=()
    )
