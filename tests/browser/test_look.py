"""Every state, on every screen: nothing sticks out, nothing that axe finds, and a picture of each to look at."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import pytest
from playwright.sync_api import expect

from functions.triage.advice import RiskBand
from tests.browser.conftest import CACHE
from tests.browser.states import STATES

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.conftest import Visit

SCREENSHOTS = CACHE / "screenshots"
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTHS = (320, 390, 768, 1280)
NON_TEXT_CONTRAST = 3.0  # WCAG 2.2, 1.4.11
STROKE_WIDTH = "each => parseFloat(getComputedStyle(each).strokeWidth)"
# All of WCAG 2.2 at A and AA, and what axe's authors hold for good practice.
AXE_TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


def violations(page: Page, axe_source: str) -> list[str]:
    # The page's policy lets no foreign script tag in; evaluating in the page does not pass through it.
    page.evaluate(axe_source)
    found = page.evaluate(
        """tags => axe.run(document, {
             runOnly: {type: "tag", values: tags}, rules: {"target-size": {enabled: true}}
           }).then(({violations}) => violations.flatMap(({id, nodes}) =>
             nodes.map(({target, failureSummary}) => `${id}: ${target} ${failureSummary}`)))""",
        AXE_TAGS,
    )
    return [str(each) for each in found]


def overflow(page: Page) -> list[str]:
    """Return the elements that stick out of the screen sideways."""
    found = page.evaluate(
        """() => [...document.querySelectorAll("body *")]
             .filter(each => !each.closest(".unseen") && each.getBoundingClientRect().width > 0)
             .filter(each => {
               const {left, right} = each.getBoundingClientRect();
               return left < -0.5 || right > document.documentElement.clientWidth + 0.5;
             })
             .map(each => `${each.tagName} ${each.id || each.className}`)"""
    )
    wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return [str(each) for each in found] + (["the page scrolls sideways"] if wide else [])


@pytest.mark.parametrize("state", STATES)
def test_state(state: str, visit: Visit, photos: dict[str, Path], axe_source: str) -> None:
    with visit() as page:
        STATES[state](page, photos)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 844})
                assert overflow(page) == [], f"{width} px, {scheme}"
                _take_picture(page, f"{state.replace(' ', '-')}-{width}-{scheme}")
        page.locator("details").evaluate_all("all => all.forEach(details => { details.open = true; })")
        for width, scheme in ((1280, "dark"), (390, "dark"), (390, "light")):
            page.set_viewport_size({"width": width, "height": 844})
            page.emulate_media(color_scheme=scheme)
            assert overflow(page) == [], f"{width} px, {scheme}, all unfolded"
            assert violations(page, axe_source) == [], f"{width} px, {scheme}"


def test_asking_without_a_touch_screen(visit: Visit, axe_source: str) -> None:
    with visit(width=1280) as page:
        expect(page.get_by_label("Choose a photo")).to_be_visible()
        expect(page.get_by_label("Take a photo")).to_be_hidden()
        assert violations(page, axe_source) == []
        _take_picture(page, "asking-1280-mouse")


@pytest.mark.parametrize("state", ["asking", "urgent", "unreachable"])
def test_text_of_twice_the_size_fits(state: str, visit: Visit, photos: dict[str, Path]) -> None:
    with visit() as page:
        STATES[state](page, photos)
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 844})
            assert overflow(page) == [], f"at {width} px"
            if width == 390:
                _take_picture(page, f"{state}-{width}-twice-the-text")


@pytest.mark.parametrize("band", RiskBand)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_gauge_can_be_seen(band: RiskBand, scheme: str, visit: Visit, photos: dict[str, Path]) -> None:
    with visit(scheme=scheme) as page:
        STATES[band.value](page, photos)
        card = _colour(page, ".evidence", "backgroundColor")
        for part in (".value", ".pointer", ".zone-low", ".zone-watch", ".zone-urgent"):
            assert _contrast(_colour(page, part, "stroke"), card) >= NON_TEXT_CONTRAST, part
        # Not by colour alone: the zone of the band is the thick one.
        widths = {each: page.locator(f".zone-{each.value}").evaluate(STROKE_WIDTH) for each in RiskBand}
        assert max(widths, key=lambda each: float(widths[each])) is band


@pytest.mark.parametrize(("motion", "moves"), [("reduce", False), ("no-preference", True)])
def test_motion_is_the_visitors_choice(motion: str, moves: bool, visit: Visit, photos: dict[str, Path]) -> None:
    with visit(reduced_motion=motion) as page:
        STATES["working"](page, photos)
        assert (page.evaluate("document.getAnimations().length") > 0) is moves


def _colour(page: Page, selector: str, name: str) -> tuple[float, float, float]:
    found = page.locator(selector).evaluate(f"each => getComputedStyle(each).{name}")
    red, green, blue = re.findall(r"\d+", found)[:3]
    return float(red), float(green), float(blue)


def _contrast(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    """Return the contrast ratio (WCAG 2.2, "contrast ratio" and "relative luminance")."""
    darker, lighter = sorted(
        sum(
            weight * (value / 255 / 12.92 if value / 255 <= 0.04045 else ((value / 255 + 0.055) / 1.055) ** 2.4)
            for weight, value in zip((0.2126, 0.7152, 0.0722), colour, strict=True)
        )
        for colour in (one, other)
    )
    return (lighter + 0.05) / (darker + 0.05)


def _take_picture(page: Page, name: str) -> None:
    """Write a picture of the whole page; with `full_page` Chromium would forget that the screen is a touch screen."""
    size = page.viewport_size
    assert size
    page.set_viewport_size({**size, "height": page.evaluate("document.documentElement.scrollHeight")})
    page.screenshot(path=SCREENSHOTS / f"{name}.png")
    page.set_viewport_size(size)
