"""What is chosen, and what a page says."""

from __future__ import annotations

import hashlib
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from functions.forecasts import words
from functions.forecasts.publication import SeriesEntry
from functions.forecasts.views import FIELDS, PAGE, choose, forecasts_page, report_index, report_page
from tests.forecasts.conftest import HOSTILE

if TYPE_CHECKING:
    from functions.forecasts.publication import Manifest, SeriesDocument
    from functions.forecasts.reader import Publications


class Balanced(HTMLParser):
    """Notes elements that are closed in another order than they were opened, and ids that come twice."""

    VOID = frozenset({"meta", "link", "img", "input", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "style" or name.startswith("on"):
                self.wrong.append(f"{tag} {name}")
            if name == "id" and value:
                if value in self.ids:
                    self.wrong.append(f"twice: {value}")
                self.ids.add(value)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"/{tag}")


def is_well_formed(html: str) -> None:
    parser = Balanced()
    parser.feed(html)
    assert (parser.wrong, parser.open) == ([], [])


def asked(**fields: str) -> dict[str, str | None]:
    return {name: fields.get(name) for name in FIELDS}


def test_without_a_wish_the_widest_series_is_shown(manifest: Manifest) -> None:
    landia = [one for one in manifest.series if one.country == "Landia"]
    assert choose(landia, asked()).entry.series_id == "drawn-land-both-melanoma-inc"


def test_every_series_can_be_chosen(manifest: Manifest) -> None:
    for entry in manifest.series:
        choice = choose(manifest.series, {name: getattr(entry, name) for name in FIELDS})
        assert (choice.entry, choice.unmet) == (entry, ())


def test_what_is_not_there_is_said_and_the_nearest_shown(manifest: Manifest) -> None:
    choice = choose(manifest.series, asked(country="Landia", region="North", sex="male", age_group="all"))
    assert choice.entry.series_id == "drawn-north-both-melanoma-inc-monthly"
    assert choice.unmet == ("sex: men",)


@given(st.fixed_dictionaries({name: st.none() | st.text(max_size=8) for name in FIELDS}))
def test_any_wish_has_an_answer(wish: dict[str, str | None]) -> None:
    entries = [entry(country=country, sex=sex) for country in ("A", "B") for sex in ("both", "female")]
    choice = choose(entries, wish)
    assert choice.entry in entries
    for select in choice.selects:
        assert [option.is_chosen for option in select.options].count(True) == 1


def entry(**fields: str) -> SeriesEntry:
    described = {
        "series_id": "a-series",
        "title": "A series",
        "country": "A",
        "region": "",
        "sex": "both",
        "age_group": "all",
        "cancer": "melanoma",
        "measure": "incidence",
        "period_type": "year",
        "first_period": "1990",
        "data_through": "2022",
        "forecast_through": "2032",
        "source": "S",
        "licence": "L",
    }
    return SeriesEntry.model_validate({**described, "files": {}, **fields})


def test_options_are_among_what_the_choices_before_leave(manifest: Manifest) -> None:
    choice = choose(manifest.series, asked(country="Landia", region="North"))
    options = {select.name: [option.value for option in select.options] for select in choice.selects}
    assert options["country"] == sorted(["Landia", HOSTILE])
    assert options["region"] == ["", "North", "Short"]
    assert options["sex"] == ["both"]


def test_a_field_that_nothing_differs_in_is_not_asked(manifest: Manifest) -> None:
    names = [select.name for select in choose(manifest.series, asked()).selects]
    assert names == ["country", "region", "cancer", "measure", "sex", "age_group"]


def test_every_page_is_well_formed_and_complete(publications: Publications, manifest: Manifest) -> None:
    for one in manifest.series:
        document = publications.document(manifest, one)
        choice = choose(manifest.series, {name: getattr(one, name) for name in FIELDS})
        html = forecasts_page(manifest, choice, document, pinned=False)
        is_well_formed(html)
        text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))
        for needed in (
            document.source.publisher,
            document.source.licence,
            document.source.citation,
            "as of 23 November 2026",
            document.data_through,
            document.version,
            *document.notes,
        ):
            assert needed in text, needed
        for file_format in ("csv", "parquet", "png", "hub.csv"):
            assert f'href="v1/forecasts/{document.series_id}.{file_format}?version={manifest.version}"' in html


def test_what_is_not_known_is_not_shown(publications: Publications, manifest: Manifest) -> None:
    (one,) = (one for one in manifest.series if "short" in one.series_id)
    html = forecasts_page(manifest, choose([one], asked()), publications.document(manifest, one), pinned=False)
    assert "not back-tested: the series is too short" in html
    assert "What the change is associated with" not in html
    assert "How good such forecasts were" not in html


def test_hostile_names_stay_text(publications: Publications, manifest: Manifest) -> None:
    (one,) = (one for one in manifest.series if "other" in one.series_id)
    choice = choose(manifest.series, asked(country=HOSTILE))
    html = forecasts_page(manifest, choice, publications.document(manifest, one), pinned=False)
    assert "<b>" not in html
    is_well_formed(html)


def test_a_report_needs_nothing_else(document: SeriesDocument) -> None:
    for html in (report_page(document, picture="a.png"), report_index([(document, "a.html")], [("b", "too short")])):
        is_well_formed(html)
        assert not re.search(r"<script|<link|src=|url\((?!#)", html)
        assert document.title in html


def test_nothing_is_said_to_be_caused(document: SeriesDocument, manifest: Manifest) -> None:
    html = forecasts_page(manifest, choose(manifest.series, asked()), document, pinned=False)
    said = re.findall(r"[^.]*\bcaus(?:e|es|ed|ing)\b[^.]*\.", re.sub(r"<[^>]+>", " ", html))
    assert [one.strip() for one in said] == ["Nothing here says what causes a change."]


def test_words() -> None:
    assert (
        words.title(
            cancer="scc",
            measure="mortality",
            sex="female",
            age_group="70+",
            country="C",
            region="R",
            period_type="month",
        )
        == "Squamous cell carcinoma, deaths: women aged 70 and over, R, C, by month"
    )
    assert [words.number(value) for value in (0, 7.4, 999, 1234, 98_765, 1_234_567)] == [
        "0",
        "7",
        "999",
        "1,230",
        "98,800",
        "1,230,000",
    ]
    assert words.ages("50-69") == "50 to 69"


def test_what_is_vendored_is_what_is_recorded() -> None:
    vendor = PAGE / "vendor"
    readme = (vendor / "README.md").read_text("utf-8")
    assert hashlib.sha256((vendor / "plotly-basic.min.js").read_bytes()).hexdigest() in readme
    assert (vendor / "plotly-LICENSE.txt").read_text("utf-8").startswith("MIT License")
