"""Charts hold every figure where it belongs, in well-formed SVG without script or style."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from functions.forecasts.chart import (
    MIDDLE,
    NARROW,
    WIDE,
    back_test_chart,
    causes_chart,
    causes_words,
    forecast_chart,
    time_of,
)
from functions.forecasts.publication import CauseSplit

if TYPE_CHECKING:
    from collections.abc import Callable

    from functions.forecasts.chart import Shape
    from functions.forecasts.publication import Manifest, SeriesDocument
    from functions.forecasts.reader import Publications

DRAWERS = (forecast_chart, back_test_chart, causes_chart)


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - drawn by the program itself


def points(element: ET.Element) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in element.attrib["points"].split())]


def of_class(svg: str, name: str) -> list[ET.Element]:
    return [one for one in parsed(svg).iter() if name in one.attrib.get("class", "").split()]


@pytest.mark.parametrize("shape", [WIDE, MIDDLE, NARROW])
@pytest.mark.parametrize("draw", DRAWERS)
def test_everything_lies_on_the_paper(
    draw: Callable[[SeriesDocument, Shape], str], shape: Shape, document: SeriesDocument
) -> None:
    root = parsed(draw(document, shape))
    for element in root.iter():
        assert element.tag in {"svg", "g", "line", "text", "polygon", "polyline", "circle", "rect", "path"}
        assert not {"style", "onload"} & set(element.attrib)
        if "points" in element.attrib:
            assert all(0 <= x <= shape.width and 0 <= y <= shape.height for x, y in points(element))
        if element.tag == "rect":
            assert float(element.attrib["width"]) >= 0
            assert float(element.attrib["height"]) >= 0


def test_every_series_can_be_drawn(publications: Publications, manifest: Manifest) -> None:
    for entry in manifest.series:
        found = publications.document(manifest, entry)
        parsed(forecast_chart(found, WIDE))


def test_bands_lie_within_each_other_and_hold_the_median(document: SeriesDocument) -> None:
    svg = forecast_chart(document, WIDE)
    (median,) = (points(one) for one in of_class(svg, "median"))
    outer = {x: (float("-inf"), float("inf")) for x, _ in median}
    for level in (95, 80, 50):
        (band,) = (points(one) for one in of_class(svg, f"band-{level}"))
        there, back = band[: len(median)], band[len(median) :][::-1]
        for (x, y), (_, high), (_, low) in zip(median, there, back, strict=True):
            assert outer[x][0] <= high <= y <= low <= outer[x][1]
            outer[x] = (high, low)


def test_heights_are_in_proportion_to_the_counts(document: SeriesDocument) -> None:
    svg = forecast_chart(document, WIDE)
    (line,) = (points(one) for one in of_class(svg, "observed"))
    ticks = {
        float(one.text.replace(",", "")): float(one.attrib["y"]) - 4
        for one in of_class(svg, "tick")
        if one.text
        and one.attrib.get("text-anchor") == "end"
        and re.fullmatch(r"[\d,]+", one.text)
        and float(one.attrib["x"]) < 100
    }
    (low, zero), (high, top) = min(ticks.items()), max(ticks.items())
    for (_, y), one in zip(line, document.observed, strict=True):
        assert low + (y - zero) / (top - zero) * (high - low) == pytest.approx(one.count, abs=0.01 * high)


def test_bars_of_the_causes_sum_to_the_change(document: SeriesDocument) -> None:
    svg = causes_chart(document, WIDE)
    (totals,) = (points(one) for one in of_class(svg, "total"))
    (zero,) = (float(one.attrib["y1"]) for one in of_class(svg, "zero"))
    bars = {
        name: [float(one.attrib["height"]) for one in of_class(svg, name) if "part" in one.attrib["class"]]
        for name in ("growth", "ageing", "risk")
    }
    for index, (_, y) in enumerate(totals):
        assert zero - y == pytest.approx(bars["growth"][index] + bars["ageing"][index] - bars["risk"][index], abs=0.31)


def test_pandemic_years_are_marked_where_they_were_counted(publications: Publications, manifest: Manifest) -> None:
    for entry in manifest.series:
        svg = forecast_chart(publications.document(manifest, entry), WIDE)
        assert len(of_class(svg, "pandemic")) == 1
        assert ">pandemic<" in svg
    found = publications.document(manifest, manifest.series[0])
    early = found.model_copy(update={"observed": found.observed[:20], "data_through": found.observed[19].period})
    assert "pandemic" not in forecast_chart(early, WIDE)


def test_provisional_counts_are_hollow(document: SeriesDocument) -> None:
    svg = forecast_chart(document, WIDE)
    assert len(of_class(svg, "provisional")) == 1
    assert len(of_class(svg, "count")) == len(document.observed) - 1


def test_the_description_says_what_is_shown(document: SeriesDocument) -> None:
    label = parsed(forecast_chart(document, WIDE)).attrib["aria-label"]
    assert document.title in label
    assert document.sentence in label
    assert "Counted from 1990 to 2022" in label


def test_hostile_names_stay_text(publications: Publications, manifest: Manifest) -> None:
    (entry,) = (one for one in manifest.series if "other" in one.series_id)
    root = parsed(forecast_chart(publications.document(manifest, entry), WIDE))
    assert '<b>"landia"</b>' in root.attrib["aria-label"]
    assert not [one for one in root.iter() if one.tag == "b"]


def test_causes_in_words_are_never_called_causes() -> None:
    split = CauseSplit(period="2032", base_label="2018-2022", base=100, growth=20, ageing=5, risk=-10)
    words = causes_words(split, "cases")
    assert words == (
        "From 2018-2022 to 2032 the cases a year are projected to change by +15: +20 associated with the number of "
        "people, +5 with their ages, and \N{MINUS SIGN}10 with a change of risk at the same age."
    )


@pytest.mark.parametrize(("period", "time"), [("2019", 2019.0), ("2019-01", 2019.0), ("2019-07", 2019.5)])
def test_time_of(period: str, time: float) -> None:
    assert time_of(period) == time
