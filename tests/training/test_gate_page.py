"""The page of a verdict: says the verdict first and everything behind it, and loads nothing from elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from tests.training.scored import NOW, answered, champion, drawn_logit, equal, facts, truths
from training.gate import Rules, Verdict, judge
from training.gate_page import verdict_page

_VOID = {"meta", "br", "link", "img", "input"}


class _Read(HTMLParser):
    """The text of a page in order; tags that do not close are a failure."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        assert self.open == []
        self.text = re.sub(r"\s+", " ", " ".join(self.words))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not {"src", "onclick"} & {name for name, _ in attrs}
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.words.append(data)


def _refused() -> Verdict:
    table = truths()
    bad = answered(table, drawn_logit(table, noise=2, apart=1.5))
    return judge(bad, champion(), facts(leaks=("<b>x</b> is a test photo",)), Rules(), now=NOW, draws=200)


def test_an_accepted_verdict_reads_as_one() -> None:
    verdict = judge(equal(), champion(), facts(), Rules(), now=NOW, draws=200)
    page = verdict_page(verdict)
    text = _Read(page).text
    assert text.index("Accepted") < text.index("What was asked")
    assert verdict.sentence in text
    for one in verdict.findings:
        assert one.title in text
        assert one.saw in text
        assert one.wanted in text
    for word in ("Medical lead", "Date and signature", "2026-11-23T06:00:00+00:00", "a" * 12, "b" * 12, "sex: female"):
        assert word in text
    assert page.count("<path") == 5 + 2
    assert len(page.encode()) < 100_000


def test_a_refused_one_says_why_first_and_cannot_be_signed_into_service() -> None:
    verdict = _refused()
    text = _Read(verdict_page(verdict)).text
    first = text[: text.index("What was asked")]
    for one in verdict.findings:
        if one.outcome == "refused":
            assert one.title in first
            assert one.saw in first
    assert "The candidate stays refused" in text
    assert "may serve in place" not in text


def test_what_was_told_is_text_and_no_markup() -> None:
    assert "<b>x</b>" not in verdict_page(_refused())
    assert "&lt;b&gt;x&lt;/b&gt;" in verdict_page(_refused())


def test_nothing_is_loaded_from_elsewhere() -> None:
    page = verdict_page(_refused())
    assert not re.search(r"https?://|//[a-z]|url\(|@import|<script|<link", page)


def test_tables_that_cannot_be_compared_still_give_a_page() -> None:
    verdict = judge(equal(400), champion(), facts(), Rules(), now=NOW, draws=200)
    text = _Read(verdict_page(verdict)).text
    assert "Not judged: It tells malignant from benign as well" in text
    assert "Figures side by side" not in text
