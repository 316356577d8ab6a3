"""How long forecasts take: ours with their back-test, against a plain loop of Prophet as it comes.

`python -m tests.bench.forecasting [every]` takes every so many-th of the recommended series; 1 is all.
"""

from __future__ import annotations

import resource
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from forecasting.backtest import HORIZON, origins
from forecasting.disturbances import adjusted
from forecasting.ensemble import members
from forecasting.forecast_files import forecasts_of
from forecasting.members import Known
from forecasting.members.prophet import DefaultProphet
from forecasting.panel import read_panel
from forecasting.parallel import processors
from forecasting.project import jobs
from forecasting.selection import selected
from forecasting.table import Series, read_counts

REGISTRIES = Path(__file__).parents[2] / "../shared/data/registries"
_SAMPLE = 6


def speed(every: int = 1) -> Table:
    """Forecast and back-test the series as `forecast` does, then run default Prophet at the same origins."""
    if not REGISTRIES.is_dir():
        return Table(title="Forecasts are not timed: the registries' files are not in ../shared/data")
    series, _ = selected(read_counts(REGISTRIES / "counts.csv.gz"), REGISTRIES / "series.csv")
    series = series[::every]
    workers = processors()
    started, before = time.perf_counter(), _processor_seconds()
    found = forecasts_of(jobs(series, read_panel(), HORIZON), workers)
    ours, ours_busy = time.perf_counter() - started, _processor_seconds() - before
    DefaultProphet().project(Known(series[0].counts, int(series[0].periods[-1])), HORIZON)
    started, before = time.perf_counter(), _processor_seconds()
    _default_prophet(series)
    theirs, theirs_busy = time.perf_counter() - started, _processor_seconds() - before
    table = Table(title=f"Back-test and ten years to come of {len(found.made)} series")
    table.add_column("what")
    table.add_column("seconds", justify="right")
    table.add_column("of processors", justify="right")
    table.add_row(f"ours, {workers} processes, their imports included", f"{ours:.1f}", f"{ours_busy:.1f}")
    table.add_row("Prophet as it comes, a plain loop over the same origins", f"{theirs:.1f}", f"{theirs_busy:.1f}")
    table.add_row("times faster", f"{theirs / ours:.1f}", f"{theirs_busy / ours_busy:.1f}")
    table.add_section()
    for method, seconds in _parts(series[:: max(len(series) // _SAMPLE, 1)]).most_common():
        table.add_row(f"one fit and forecast by {method}", f"{seconds:.4f}")
    return table


def _processor_seconds() -> float:
    """Return what this process and those that it started and that ended have used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _default_prophet(series: list[Series]) -> None:
    for one in series:
        for length in origins(len(one.counts)):
            DefaultProphet().project(Known(one.counts[:length], int(one.periods[length - 1])), HORIZON)


def _parts(series: list[Series]) -> Counter[str]:
    """Return the mean seconds of each method, its first run left out."""
    seconds: Counter[str] = Counter()
    methods = members(read_panel().everywhere)
    known = [Known(adjusted(one, len(one.counts)).counts, int(one.periods[-1])) for one in series]
    for method in methods:
        method.project(known[0], HORIZON)
        times = []
        for one in known:
            started = time.perf_counter()
            method.project(one, HORIZON)
            times.append(time.perf_counter() - started)
        seconds[method.name] = float(np.mean(times))
    return seconds


if __name__ == "__main__":
    Console(width=110).print(speed(int(sys.argv[1]) if len(sys.argv) > 1 else 1))
