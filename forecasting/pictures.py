"""Pictures of published series for slides and reports: PNG, the same bytes for the same document."""

from __future__ import annotations

import io
import textwrap
from typing import TYPE_CHECKING

import numpy as np

from functions.forecasts.chart import PANDEMIC_YEARS, time_of
from functions.forecasts.words import UNITS, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes

    from functions.forecasts.publication import SeriesDocument

_INK, _BLUE, _ORANGE = "#14202b", "#0069a6", "#b54200"
_BANDS = {95: "#d6e6f2", 80: "#a9cbe3", 50: "#71a9cf"}
_SIZE_INCHES, _DPI = (8.0, 4.5), 120
_COLOURS = 64
_LINE_LETTERS = 138


def forecast_picture(document: SeriesDocument) -> bytes:
    """Return a PNG, 960 x 540 pixels: counts, median, intervals, earlier forecasts, the sentence and the source."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, MaxNLocator
    from PIL import Image

    figure = Figure(figsize=_SIZE_INCHES, dpi=_DPI, facecolor="white")
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0.085, 0.19, 0.895, 0.64))
    _draw(axes, document)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.xaxis.set_major_locator(MaxNLocator(12, integer=True))
    axes.tick_params(colors=_INK, labelsize=8, length=3)
    axes.grid(axis="y", color="#d3dae1", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    period = "month" if document.period_type == "month" else "year"
    axes.set_title(f"{UNITS[document.measure]} a {period}", loc="left", fontsize=8, color=_INK)
    figure.legend(
        loc="upper left",
        bbox_to_anchor=(0.012, 0.935),
        ncols=8,
        fontsize=7,
        frameon=False,
        columnspacing=1.2,
        handlelength=1.8,
    )
    figure.text(0.02, 0.945, document.title, fontsize=11, fontweight="bold", color=_INK)
    lines = textwrap.wrap(document.sentence, _LINE_LETTERS)
    figure.text(0.02, 0.118, "\n".join(lines), fontsize=8, color=_INK, va="top", linespacing=1.35)
    source = f"{document.source.publisher}; {document.source.licence}. Forecast of {document.as_of:%Y-%m-%d}."
    figure.text(0.02, 0.015, textwrap.shorten(source, 150, placeholder=" ..."), fontsize=6.5, color="#4a5866")
    canvas.draw()  # type: ignore[no-untyped-call]
    drawn = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    pixels = Image.fromarray(drawn).convert("RGB")
    small = pixels.quantize(_COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    target = io.BytesIO()
    small.save(target, "PNG", optimize=True)
    return target.getvalue()


def _draw(axes: Axes, document: SeriesDocument) -> None:
    final = document.final
    last = document.last_known
    times = [time_of(last.period), *(time_of(point.period) for point in final.points)]
    for level, colour in _BANDS.items():
        low = [last.count, *(getattr(point, f"low_{level}") for point in final.points)]
        high = [last.count, *(getattr(point, f"high_{level}") for point in final.points)]
        axes.fill_between(
            times,
            low,
            high,
            color=colour,
            linewidth=0,
            label=f"{level} % interval" if level == max(_BANDS) else f"{level} %",
        )
    start = PANDEMIC_YEARS[0] - (0.5 if document.period_type == "year" else 0)
    end = PANDEMIC_YEARS[1] + (0.5 if document.period_type == "year" else 1)
    if time_of(document.data_through) >= PANDEMIC_YEARS[0]:
        axes.axvspan(start, end, color="#e8e5df", linewidth=0, zorder=0, label="pandemic years")
    for number_of in range(len(document.past)):
        axes.plot(
            *zip(*_from_origin(document, number_of), strict=True),
            color=_ORANGE,
            linewidth=0.9,
            linestyle=(0, (1, 1.5)),
            label="" if number_of else "earlier forecasts",
        )
    axes.plot(
        [time_of(one.period) for one in document.observed],
        [one.count for one in document.observed],
        color=_INK,
        linewidth=1.4,
        marker="o",
        markersize=2.4,
        label="counted",
    )
    provisional = [(time_of(one.period), one.count) for one in document.observed if one.provisional]
    if provisional:
        axes.plot(
            *zip(*provisional, strict=True), "o", color=_INK, markerfacecolor="white", markersize=4, label="provisional"
        )
    median = [last.count, *(point.median for point in final.points)]
    axes.plot(times, median, color=_BLUE, linewidth=1.6, linestyle=(0, (5, 2)), label="median")
    axes.annotate(
        number(median[-1]), (times[-1], median[-1]), (-4, 6), textcoords="offset points", ha="right", fontsize=8
    )


def _from_origin(document: SeriesDocument, number_of: int) -> Iterator[tuple[float, float]]:
    """Yield what was said at an earlier origin, from the count that was then the last."""
    one = document.past[number_of]
    yield from ((time_of(seen.period), seen.count) for seen in document.observed if seen.period == one.origin)
    yield from ((time_of(point.period), point.median) for point in one.points if point.period <= document.data_through)
