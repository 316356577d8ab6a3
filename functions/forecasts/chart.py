"""Charts of a published series as SVG text: no script, no style of their own, classes for the page's style sheet.

Each chart is drawn for one width, as letters must not shrink with it: a page carries a wide and a narrow one and
shows one of them. Nothing is told by colour alone: lines differ in dashes, marks in form, areas in hatching.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from functions.forecasts.words import UNITS, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from functions.forecasts.publication import CauseSplit, MethodForecast, SeriesDocument

PANDEMIC_YEARS = (2020, 2021)
_MONTHS = 12
_GRID_LINES = 6  # about so many
_LETTER = 6.6  # width of a digit at the size of the axis labels


@dataclass(frozen=True)
class Shape:
    """The size of a chart, in units that are about a pixel of the screen that it is for."""

    classes: str
    width: int
    height: int
    ticks: int  # at most so many labels on the time axis


WIDE = Shape("wide", 760, 430, 12)
MIDDLE = Shape("wide middle", 540, 330, 8)  # two of them stand side by side
NARROW = Shape("narrow", 340, 300, 6)


@dataclass(frozen=True)
class _Frame:
    """Where values lie on the paper."""

    shape: Shape
    left: float
    first: float
    last: float
    low: float
    high: float
    top: float = 26
    right: float = 14
    bottom: float = 28

    def x(self, time: float) -> float:
        return self.left + (time - self.first) / (self.last - self.first) * (self.shape.width - self.left - self.right)

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.shape.height - self.bottom - share * (self.shape.height - self.bottom - self.top)


def forecast_chart(document: SeriesDocument, shape: Shape) -> str:
    """Draw what was counted, the median and the intervals of the forecast, and earlier forecasts as thin lines."""
    final = document.final
    points = final.points
    observed = [(time_of(one.period), one.count) for one in document.observed]
    top = max(*(count for _, count in observed), *(point.high_95 for point in points))
    frame = _frame(shape, observed[0][0], time_of(points[-1].period), 0, top)
    # The bands begin at the last count that the forecast knew.
    last = (time_of(document.last_known.period), document.last_known.count)
    times = [last[0], *(time_of(point.period) for point in points)]

    def band(level: int) -> str:
        low = [last[1], *(getattr(point, f"low_{level}") for point in points)]
        high = [last[1], *(getattr(point, f"high_{level}") for point in points)]
        there = [(frame.x(time), frame.y(value)) for time, value in zip(times, high, strict=True)]
        back = [(frame.x(time), frame.y(value)) for time, value in zip(times, low, strict=True)]
        return (
            f'<polygon class="band band-{level}" points="{_joined([*there, *reversed(back)])}"/>'
            f'<polyline class="edge edge-{level}" points="{_joined(there)}"/>'
            f'<polyline class="edge edge-{level}" points="{_joined(back)}"/>'
        )

    median = [last, *((time_of(point.period), point.median) for point in points)]
    end_x, end_y = frame.x(median[-1][0]), frame.y(median[-1][1])
    words = (
        f"{document.title}. Counted from {document.observed[0].period} to {document.data_through}, forecast to "
        f"{points[-1].period}. {document.sentence}"
    )
    parts = [
        _axes(document, frame),
        *(band(level) for level in (95, 80, 50)),
        *(_past_line(one, document, frame) for one in document.past),
        _line("observed", observed, frame),
        _counts(document, frame),
        _line("median", median, frame),
        f'<circle class="median-end" cx="{end_x:.1f}" cy="{end_y:.1f}" r="3.5"/>',
        f'<text class="value" x="{end_x - 6:.1f}" y="{end_y - 8:.1f}" text-anchor="end">{number(median[-1][1])}</text>',
    ]
    return _svg(shape, words, parts)


def back_test_chart(document: SeriesDocument, shape: Shape) -> str:
    """Draw what the method said at the last origins of the back-test, with 80 % intervals, against what came."""
    past = document.past
    first = min(time_of(one.origin) for one in past)
    start = first - (5 if document.period_type == "year" else _MONTHS)
    observed = [(time_of(one.period), one.count) for one in document.observed if time_of(one.period) >= start]
    tops = [point.high_80 for one in past for point in one.points]
    frame = _frame(shape, observed[0][0], observed[-1][0], 0, max(*tops, *(count for _, count in observed)))
    bands = []
    for one in past:
        kept = [point for point in one.points if time_of(point.period) <= observed[-1][0]]
        there = [(frame.x(time_of(point.period)), frame.y(point.high_80)) for point in kept]
        back = [(frame.x(time_of(point.period)), frame.y(point.low_80)) for point in reversed(kept)]
        bands.append(f'<polygon class="band band-past" points="{_joined([*there, *back])}"/>')
    origins = ", ".join(one.origin for one in past)
    words = f"{document.title}. What the same method would have said at {origins}, against what was counted."
    parts = [
        _axes(document, frame),
        *bands,
        *(_past_line(one, document, frame) for one in past),
        _line("observed", observed, frame),
        _counts(document, frame),
    ]
    return _svg(shape, words, parts)


def causes_chart(document: SeriesDocument, shape: Shape) -> str:
    """Draw the parts of the projected change, stacked from zero up and down, and their sum."""
    splits = document.causes
    parts_of = [(split.growth, split.ageing, split.risk) for split in splits]
    high = max(0.0, *(sum(max(part, 0) for part in parts) for parts in parts_of))
    low = min(0.0, *(sum(min(part, 0) for part in parts) for parts in parts_of))
    times = [time_of(split.period) for split in splits]
    frame = _frame(shape, times[0] - 0.6, times[-1] + 0.6, low, high)
    width = 0.7 * (frame.x(1) - frame.x(0))
    bars = []
    for time, parts in zip(times, parts_of, strict=True):
        up = down = 0.0
        for name, part in zip(("growth", "ageing", "risk"), parts, strict=True):
            start = up if part >= 0 else down
            up, down = (up + part, down) if part >= 0 else (up, down + part)
            y, end = sorted((frame.y(start), frame.y(start + part)))
            place = f'x="{frame.x(time) - width / 2:.1f}" y="{y:.1f}" width="{width:.1f}" height="{end - y:.1f}"'
            bars.append(
                f'<rect class="part {name}" {place}/><rect class="hatch {name}" fill="url(#hatch-{name})" {place}/>'
            )
    sums = [(time, split.total) for time, split in zip(times, splits, strict=True)]
    marks = "".join(
        f'<path class="total-mark" d="M{frame.x(time):.1f} {frame.y(total) - 4.5:.1f}l4.5 4.5-4.5 4.5-4.5-4.5z"/>'
        for time, total in sums
    )
    words = f"{document.title}. {causes_words(splits[-1], UNITS[document.measure])}"
    right, zero = shape.width - frame.right, frame.y(0)
    line = f'<line class="zero" x1="{frame.left:.1f}" x2="{right:.1f}" y1="{zero:.1f}" y2="{zero:.1f}"/>'
    drawn = [_axes(document, frame, change=True), *bars, line, _line("total", sums, frame), marks]
    return _svg(shape, words, drawn)


def causes_words(split: CauseSplit, unit: str) -> str:
    """Return a split as a sentence."""
    total, growth, ageing, risk = (
        f"{'−' if part < 0 else '+'}{number(abs(part))}"  # noqa: RUF001 - a minus sign
        for part in (split.total, split.growth, split.ageing, split.risk)
    )
    return (
        f"From {split.base_label} to {split.period} the {unit} a year are projected to change by {total}: "
        f"{growth} associated with the number of people, {ageing} with their ages, and {risk} with a change of "
        "risk at the same age."
    )


def time_of(period: str) -> float:
    """Return a period as a number of years: 2019 is 2019.0, 2019-07 is 2019.5."""
    year, _, month = period.partition("-")
    return int(year) + (int(month) - 1) / _MONTHS if month else float(year)


def _frame(shape: Shape, first: float, last: float, low: float, high: float) -> _Frame:
    step = _step((high - low) / _GRID_LINES)
    bottom, top = math.floor(low / step) * step, math.ceil(high / step) * step
    widest = max(len(_label(value)) for value in (bottom, top))
    return _Frame(shape, 12 + _LETTER * widest, first, last, bottom, max(top, bottom + step))


def _step(rough: float) -> float:
    """Return the least of 1, 2 and 5 times a power of ten that is not below `rough`."""
    power = 10.0 ** math.floor(math.log10(max(rough, 1.0)))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)


def _axes(document: SeriesDocument, frame: _Frame, *, change: bool = False) -> str:
    shape = frame.shape
    right = shape.width - frame.right
    parts = []
    step = _step((frame.high - frame.low) / _GRID_LINES)
    for count in range(round((frame.high - frame.low) / step) + 1):
        value = frame.low + count * step
        y = frame.y(value)
        parts.append(
            f'<line class="grid" x1="{frame.left:.1f}" x2="{right:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="tick" x="{frame.left - 6:.1f}" y="{y + 4:.1f}" text-anchor="end">{_label(value)}</text>'
        )
    span = frame.last - frame.first
    years = next(step for step in (1, 2, 5, 10, 20, 50) if span / step <= shape.ticks)
    first_year = math.ceil(frame.first / years) * years
    for year in range(first_year, math.floor(frame.last) + 1, years):
        x = frame.x(year)
        y = shape.height - frame.bottom
        anchor = "end" if x > right - 10 else "middle"
        parts.append(
            f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{y:.1f}" y2="{y + 5:.1f}"/>'
            f'<text class="tick" x="{x + (4 if anchor == "end" else 0):.1f}" y="{y + 19:.1f}" '
            f'text-anchor="{anchor}">{year}</text>'
        )
    unit = UNITS[document.measure]
    period = "month" if document.period_type == "month" else "year"
    title = f"change of {unit} a {period}" if change else f"{unit} a {period}"
    parts.append(f'<text class="tick" x="4" y="13">{title}</text>')
    return _pandemic(document, frame) * (not change) + "".join(parts)


def _pandemic(document: SeriesDocument, frame: _Frame) -> str:
    """Draw the strip of the pandemic years, where counts of them are shown."""
    half = 0.5 if document.period_type == "year" else 0.0
    end = PANDEMIC_YEARS[1] + (half or 1.0)
    start, end = max(PANDEMIC_YEARS[0] - half, frame.first), min(end, frame.last)
    if start >= end or time_of(document.data_through) < PANDEMIC_YEARS[0]:
        return ""
    x, width = frame.x(start), frame.x(end) - frame.x(start)
    height = frame.shape.height - frame.bottom - frame.top
    return (
        f'<rect class="pandemic" x="{x:.1f}" y="{frame.top:.1f}" width="{width:.1f}" height="{height:.1f}"/>'
        f'<text class="tick" x="{x + width / 2:.1f}" y="{frame.top - 4:.1f}" text-anchor="middle">pandemic</text>'
    )


def _counts(document: SeriesDocument, frame: _Frame) -> str:
    """Mark each count; what is provisional is hollow."""
    radius = 2.4 if document.period_type == "year" else 1.6
    return "".join(
        f'<circle class="{"provisional" if one.provisional else "count"}" cx="{frame.x(time_of(one.period)):.1f}" '
        f'cy="{frame.y(one.count):.1f}" r="{radius + one.provisional}"/>'
        for one in document.observed
        if time_of(one.period) >= frame.first
    )


def _past_line(one: MethodForecast, document: SeriesDocument, frame: _Frame) -> str:
    """Draw the median that was said at an earlier origin, from the count that was then the last; mark its end."""
    known = next((seen.count for seen in document.observed if seen.period == one.origin), None)
    start = [] if known is None else [(time_of(one.origin), known)]
    line = [*start, *((time_of(point.period), point.median) for point in one.points)]
    line = [(time, value) for time, value in line if time <= time_of(document.data_through)]
    if not line:
        return ""
    x, y = frame.x(line[-1][0]), frame.y(line[-1][1])
    return _line("past", line, frame) + (
        f'<rect class="past-end" x="{x - 2.5:.1f}" y="{y - 2.5:.1f}" width="5" height="5"/>'
    )


def _line(name: str, points: Iterable[tuple[float, float]], frame: _Frame) -> str:
    return f'<polyline class="{name}" points="{_joined((frame.x(time), frame.y(value)) for time, value in points)}"/>'


def _joined(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _label(value: float) -> str:
    return f"{value:,.0f}".replace("-", "−")  # noqa: RUF001 - a minus sign


# What hatches the parts of a change apart; one name for all charts of a page, as they are all the same.
PATTERNS = (
    '<svg class="unseen" width="0" height="0" aria-hidden="true" focusable="false"><defs>'
    '<pattern id="hatch-growth" width="6" height="6" patternUnits="userSpaceOnUse"><path d="M0 0"/></pattern>'
    '<pattern id="hatch-ageing" width="6" height="6" patternUnits="userSpaceOnUse">'
    '<path d="M-1 7L7-1M-1 1L1-1M5 7L7 5"/></pattern>'
    '<pattern id="hatch-risk" width="6" height="6" patternUnits="userSpaceOnUse">'
    '<circle cx="3" cy="3" r="1.3"/></pattern>'
    "</defs></svg>"
)


def _svg(shape: Shape, words: str, parts: Sequence[str]) -> str:
    return (
        f'<svg class="chart {shape.classes}" viewBox="0 0 {shape.width} {shape.height}" role="img" '
        f'aria-label="{escape(words)}">{"".join(parts)}</svg>'
    )


def both(draw: Callable[[SeriesDocument, Shape], str], document: SeriesDocument, large: Shape = WIDE) -> str:
    """Return a chart for large screens and one for narrow ones; the page shows one of them."""
    return draw(document, large) + draw(document, NARROW)
