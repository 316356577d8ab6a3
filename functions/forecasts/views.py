"""Pages as HTML text, from documents alone: the analysts' page, and the parts of it that the report shows too."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from functions.forecasts import chart, words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from functions.forecasts.publication import Manifest, SeriesDocument, SeriesEntry

TEMPLATES = Path(__file__).parent / "templates"
PAGE = Path(__file__).parent / "page"
# What a visitor chooses by, in this order: each choice is among what the ones before it leave.
FIELDS = ("country", "region", "cancer", "measure", "sex", "age_group", "period_type", "source")
LABELS = {
    "country": "Country",
    "region": "Region",
    "cancer": "Cancer",
    "measure": "Measure",
    "sex": "Sex",
    "age_group": "Age",
    "period_type": "Period",
    "source": "Source",
}
_FIRST = {"region": "", "cancer": "melanoma", "measure": "incidence", "sex": "both", "age_group": "all"}
# A page with links to more series than this is heavy; the API lists them all.
_SHOWN_ENTRIES = 500


@dataclass(frozen=True)
class Option:
    """One value that can be chosen, and whether it is."""

    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True)
class Select:
    """One field of the form."""

    name: str
    label: str
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Choice:
    """The series that a visitor asked for, or the nearest to it."""

    entry: SeriesEntry
    selects: tuple[Select, ...]
    unmet: tuple[str, ...]  # what was asked for and is not there, in words


def choose(entries: Sequence[SeriesEntry], asked: Mapping[str, str | None]) -> Choice:
    """Return the series that fits what was asked best, field by field in the order of `FIELDS`.

    Args:
        entries: at least one.
        asked: by field; None where nothing was asked. An empty region asks for the whole country.

    """
    left = list(entries)
    selects, unmet = [], []
    for name in FIELDS:
        values = sorted({str(getattr(entry, name)) for entry in left})
        wanted = asked.get(name)
        first = _FIRST.get(name, values[0])
        chosen = wanted if wanted in values else first if first in values else values[0]
        if wanted is not None and wanted != chosen:
            unmet.append(f"{LABELS[name].lower()}: {_label(name, wanted)}")
        # Period and source are asked only where they are in doubt; the others keep their places.
        among = left if name in {"period_type", "source"} else entries
        if len({getattr(entry, name) for entry in among}) > 1:
            options = tuple(Option(value, _label(name, value), value == chosen) for value in values)
            selects.append(Select(name, LABELS[name], options))
        left = [entry for entry in left if getattr(entry, name) == chosen]
    return Choice(left[0], tuple(selects), tuple(unmet))


def forecasts_page(manifest: Manifest, choice: Choice, document: SeriesDocument, *, pinned: bool) -> str:
    """Return the analysts' page.

    Args:
        manifest: of the version that is shown.
        choice: what was chosen.
        document: of that series.
        pinned: whether the visitor asked for this version by name.

    """
    return (
        _environment()
        .get_template("forecasts.html")
        .render(
            manifest=manifest,
            choice=choice,
            document=document,
            pinned=pinned,
            listed=manifest.series[:_SHOWN_ENTRIES],
            **_drawings(document),
        )
    )


def problem_page(title: str, detail: str) -> str:
    """Return a page that says why there is no forecast to see."""
    return _environment().get_template("problem.html").render(title=title, detail=detail)


def report_page(document: SeriesDocument, *, picture: str) -> str:
    """Return one series of a report: a page that needs no other file but its picture."""
    return (
        _environment()
        .get_template("report_series.html")
        .render(document=document, picture=picture, style=_style(), **_drawings(document))
    )


def report_index(documents: Sequence[tuple[SeriesDocument, str]], left_out: Sequence[tuple[str, str]]) -> str:
    """Return the first page of a report.

    Args:
        documents: with the address of each one's page.
        left_out: series that were not forecast, with the reason.

    """
    return (
        _environment().get_template("report_index.html").render(documents=documents, left_out=left_out, style=_style())
    )


def _drawings(document: SeriesDocument) -> dict[str, Markup]:
    """Return the charts; they are SVG that this room wrote, with every text in it escaped."""
    empty = Markup("")
    past = Markup(chart.both(chart.back_test_chart, document, chart.MIDDLE)) if document.past else empty  # noqa: S704
    causes = Markup(chart.both(chart.causes_chart, document, chart.MIDDLE)) if document.causes else empty  # noqa: S704
    return {
        "patterns": Markup(chart.PATTERNS),  # noqa: S704
        "forecast_chart": Markup(chart.both(chart.forecast_chart, document)),  # noqa: S704
        "back_test_chart": past,
        "causes_chart": causes,
    }


def _label(name: str, value: str) -> str:
    names = {
        "cancer": words.CANCERS_IN_SHORT,
        "measure": words.MEASURES,
        "sex": words.SEXES,
        "period_type": words.PERIODS,
    }.get(name)
    if name == "age_group":
        return words.ages(value)
    if name == "region" and not value:
        return "whole country"
    return names.get(value, value) if names else value


@lru_cache(1)
def _environment() -> Environment:
    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals.update(words=words, causes_words=chart.causes_words)
    found.filters.update(number=words.number, signed=_signed, ratio=_ratio, percent=_percent)
    return found


@lru_cache(1)
def _style() -> Markup:
    return Markup((PAGE / "style.css").read_text("utf-8"))  # noqa: S704 - our own


def _signed(value: float) -> str:
    return f"{'−' if value < 0 else '+'}{words.number(abs(value))}"  # noqa: RUF001 - a minus sign


def _ratio(value: float | None) -> str:
    return "not known" if value is None else f"{value:.2f}"


def _percent(value: float | None) -> str:
    return "not known" if value is None else f"{value:.0f} %"
