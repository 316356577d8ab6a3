"""The back-test of many series as files: every forecast, a summary, a table by horizon, a picture."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from rich.table import Table

from forecasting.backtest import COLUMNS, backtest_series, table_of
from forecasting.parallel import Failure, each
from forecasting.result import FINAL, LeftOut
from forecasting.scores import GROUPS, REFERENCE, by_series, over_panel, paired, scored, summary
from forecasting.table import period_label

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from forecasting.project import Job
    from forecasting.table import Series

_PER_HORIZON = {str(horizon): range(horizon, horizon + 1) for horizon in range(1, 11)}
_SHOWN = ("rel_mae", "rel_wis", "mase", "coverage_50", "coverage_80", "coverage_95")
_LARGE = 500.0
_PICTURE_INCHES, _DPI = (10.0, 4.0), 120


@dataclass(frozen=True)
class Backtest:
    """The forecasts of many series beside what came, one a row (`backtest.COLUMNS`), and who was left out."""

    table: pd.DataFrame
    series: tuple[Series, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def methods(self) -> list[str]:
        """The methods, the final one first."""
        return sorted(self.table["method"].unique(), key=lambda name: (name != FINAL, name))


def backtest(jobs: Sequence[Job], workers: int, done: Callable[[int], None] = lambda _: None) -> Backtest:
    """Back-test many series; one that fails or is too short is left out with the reason."""
    found = each(run_job, jobs, workers, done)
    parts, series, left_out = [], [], []
    for job, result in zip(jobs, found, strict=True):
        if isinstance(result, Failure):
            left_out.append(LeftOut(job.series.series_id, result.reason))
        else:
            parts.append(result)
            series.append(job.series)
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*COLUMNS])
    return Backtest(table, tuple(series), tuple(left_out))


def run_job(job: Job) -> pd.DataFrame:
    """Back-test one series, with constants that have not seen its place.

    Raises:
        SeriesRefused: too few periods.

    """
    return table_of(job.series, backtest_series(job.series, job.judging, compared=job.compared).forecasts)


def write(found: Backtest, folder: Path) -> dict[str, dict[str, dict[str, float]]]:
    """Write backtest.csv, summary.json, by_horizon.csv, by_series.csv and backtest.png; return the summary."""
    folder.mkdir(parents=True, exist_ok=True)
    series = by_series(found.table)
    document = summary(over_panel(series), found.methods)
    columns = [name for name in COLUMNS if name != "scale"]
    kinds = {one.series_id: one.period_type for one in found.series}
    rows = found.table[columns].copy()
    rows["origin"] = [
        period_label(int(origin), kinds[name]) for origin, name in zip(rows["origin"], rows["series_id"], strict=True)
    ]
    _csv(rows, folder / "backtest.csv")
    _csv(series, folder / "by_series.csv")
    _csv(by_horizon(found).reset_index(), folder / "by_horizon.csv")
    _text(folder / "summary.json", json.dumps(document, indent=2) + "\n")
    (folder / "backtest.png").write_bytes(picture(found))
    return document


def by_horizon(found: Backtest) -> pd.DataFrame:
    """Return the scores of each method and horizon, (method, horizons) by `over_panel`'s columns."""
    table = over_panel(by_series(found.table, _PER_HORIZON))
    order = [(method, str(step)) for method in found.methods for step in range(1, 11)]
    return table.reindex([key for key in order if key in table.index])


def summary_table(document: dict[str, dict[str, dict[str, float]]]) -> Table:
    """Return the summary as a table to print."""
    table = Table(title="Back-test: errors relative to a random walk with drift on logs; coverage in percent")
    table.add_column("method")
    for name in ("periods ahead", "MAE", "WIS", "MASE", "50 %", "80 %", "95 %"):
        table.add_column(name, justify="right")
    for horizons in GROUPS:
        for method, groups in document.items():
            if horizons in groups:
                row = groups[horizons]
                cells = [f"{row[name]:.3f}" for name in _SHOWN[:2]] + [f"{row['mase']:.2f}"]
                table.add_row(method, horizons, *cells, *(f"{row[name]:.0f}" for name in _SHOWN[3:]))
        table.add_section()
    return table


def further_figures(found: Backtest) -> list[str]:
    """Return, as sentences: the large series, the comparison by place, the error ten periods ahead."""
    series = by_series(found.table)
    large = [one.series_id for one in found.series if one.counts.mean() >= _LARGE]
    places = {one.series_id: one.place for one in found.series}
    said = []
    if large:
        panel = over_panel(series[series["series_id"].isin(large)]).loc[FINAL]
        errors = panel["rel_mae"].to_dict()
        figures = ", ".join(f"{errors[group]:.3f} ({group})" for group in GROUPS if group in errors)
        said.append(f"{len(large)} series with a mean of 500 and more: relative MAE {figures}")
    for other in found.methods:
        if other in (FINAL, REFERENCE):
            continue
        for group in GROUPS:
            if (series["horizons"] == group).any():
                ratio, low, high = paired(series, FINAL, other, places, group)
                said.append(f"{FINAL} to {other}, {group}: MAE {ratio:.3f} ({low:.3f} to {high:.3f} over places)")
    last = scored(found.table[(found.table["method"] == FINAL) & (found.table["horizon"] == max(GROUPS["6-10"]))])
    last = last[last["actual"] > 0]
    if len(last):
        relative = 100 * last["ae"] / last["actual"]
        each_series = relative.groupby(last["series_id"]).median()
        said.append(
            f"10 periods ahead the median absolute relative error is {relative.median():.1f} % over forecasts, "
            f"{each_series.median():.1f} % over series"
        )
    return said


def picture(found: Backtest) -> bytes:
    """Return a PNG: error and coverage by horizon, the final method beside the others."""
    import io

    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=_PICTURE_INCHES, dpi=_DPI, layout="constrained", facecolor="white")
    canvas = FigureCanvasAgg(figure)
    panels = figure.subplots(1, 3)
    table = by_horizon(found)
    for axes, name, title in zip(
        panels,
        ("rel_mae", "rel_wis", "coverage_80"),
        ("MAE, relative", "WIS, relative", "Counts inside the 80 % interval, %"),
        strict=True,
    ):
        for method in reversed(found.methods):
            rows = table.loc[method]
            final = method == FINAL
            axes.plot(
                rows.index.astype(int),
                rows[name],
                label=method,
                linewidth=2.4 if final else 1.0,
                color="#0069a6" if final else None,
                linestyle="-" if final else "--",
            )
        axes.set_title(title, loc="left", fontsize=9)
        axes.set_xlabel("periods ahead", fontsize=8)
        axes.tick_params(labelsize=8)
        axes.grid(axis="y", color="#d3dae1", linewidth=0.6)
    panels[-1].axhline(80, color="#14202b", linewidth=0.8)
    panels[0].legend(fontsize=7, frameon=False)
    buffer = io.BytesIO()
    # No date and no version: the same back-test gives the same bytes.
    canvas.print_figure(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def _csv(table: pd.DataFrame, path: Path) -> None:
    rounded = table.copy()
    for name in rounded.select_dtypes(np.floating).columns:
        rounded[name] = rounded[name].round(4)
    _text(path, rounded.to_csv(index=False, lineterminator="\n"))


def _text(path: Path, content: str) -> None:
    partial = path.with_name(f".partial-{path.name}")
    partial.write_text(content, "utf-8")
    partial.replace(path)
