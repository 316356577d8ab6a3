"""The analysts' page in Chromium: every screen, with and without JavaScript, on paper, by keyboard, and to axe."""

from __future__ import annotations

import datetime as dt
import re
import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from playwright.sync_api import expect

from forecasting.publish import publish
from functions.common.storage import FolderStorage
from functions.forecasts.reader import Publications
from functions.forecasts.routes import create_app
from tests.browser.conftest import PATIENCE_MS
from tests.browser.test_look import SCHEMES, SCREENSHOTS, _take_picture, violations
from tests.forecasting.drawn import SOURCES, drawn_forecast

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
MONTHLY = "/forecasts?region=North"
# Plotly follows the screen a moment later.
FITS = "() => document.querySelector('.plot .main-svg').getBoundingClientRect().right <= innerWidth"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve drawn forecasts on a loopback port."""
    root = tmp_path_factory.mktemp("published")
    forecasts = [
        drawn_forecast(),
        drawn_forecast("drawn-land-female-melanoma-inc", sex="female"),
        drawn_forecast("drawn-north-both-melanoma-inc-monthly", region="North", monthly=True),
    ]
    publish(forecasts, str(root), SOURCES, created=dt.datetime(2026, 11, 23, 6, tzinfo=dt.UTC))
    app = create_app(Publications(FolderStorage(root), refresh_s=0))
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)
    listener.close()


@contextmanager
def visiting(browser: Browser, house: str, path: str = "/forecasts", **settings: Any) -> Iterator[Page]:
    """Open a page; what leaves the house, fails in it or breaks its policy fails the test."""
    is_phone = settings.get("viewport", DESKTOP)["width"] < 768
    chosen = {"viewport": DESKTOP, "is_mobile": is_phone, "has_touch": is_phone, "reduced_motion": "reduce", **settings}
    context = browser.new_context(**chosen)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    complaints: list[str] = []
    page.on("request", lambda request: complaints.extend([request.url] * (not request.url.startswith(house))))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.extend([message.text] * (message.type in {"error", "warning"})))
    page.goto(house + path)
    yield page
    context.close()
    assert complaints == []


def explored(page: Page) -> None:
    """Wait until the chart can be explored, which a page on a touch screen is asked for."""
    button = page.get_by_role("button", name="Explore the chart")
    if page.evaluate("matchMedia('(hover: hover) and (pointer: fine)').matches"):
        expect(button).to_be_hidden(timeout=PATIENCE_MS)
    else:
        button.click()
    expect(page.locator(".plot .main-svg").first).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("#explore-state")).to_contain_text("chart for the numbers", timeout=PATIENCE_MS)


@pytest.mark.parametrize("path", ["/forecasts", MONTHLY])
def test_nothing_sticks_out_and_axe_finds_nothing(browser: Browser, house: str, axe_source: str, path: str) -> None:
    name = "forecasts-monthly" if path == MONTHLY else "forecasts"
    for viewport in (PHONE, DESKTOP):
        with visiting(browser, house, path, viewport=viewport) as page:
            explored(page)
            page.locator("details").evaluate_all("all => all.forEach(each => each.open = true)")
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme)
                assert violations(page, axe_source) == [], f"{viewport}, {scheme}"
                for width in (320, 390, 768) if viewport is PHONE else (1280,):
                    page.set_viewport_size({"width": width, "height": viewport["height"]})
                    page.wait_for_function(FITS)
                    assert settled(page) == [], f"{width} px, {scheme}"
                page.set_viewport_size(viewport)
                _take_picture(page, f"{name}-{viewport['width']}-{scheme}")


def settled(page: Page) -> list[str]:
    """Return what still sticks out when the chart has had time to follow the screen's width, which it does late."""
    end = time.monotonic() + PATIENCE_MS / 1e3
    while (found := inside(page)) and time.monotonic() < end:
        page.wait_for_timeout(50)
    return found


def inside(page: Page) -> list[str]:
    """Return what sticks out of the screen sideways, but for tables: each is scrolled in a frame of its own."""
    found = page.evaluate(
        """() => [...document.querySelectorAll("body *")]
             .filter(each => !each.closest(".table > *, .unseen, .replaced, .skip, #js-plotly-tester"))
             .filter(each => each.getBoundingClientRect().width > 0)
             .filter(each => {
               const {left, right} = each.getBoundingClientRect();
               return left < -0.5 || right > document.documentElement.clientWidth + 0.5;
             })
             .map(each => `${each.tagName} ${each.id || each.getAttribute("class")}`)"""
    )
    wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return [str(each) for each in found] + (["the page scrolls sideways"] if wide else [])


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP])
def test_without_javascript_the_page_is_whole(browser: Browser, house: str, viewport: dict[str, int]) -> None:
    with visiting(browser, house, viewport=viewport, java_script_enabled=False) as page:
        charts = page.get_by_role("img", name=re.compile("Melanoma of the skin, new cases"))
        assert charts.count() == 3  # the forecast, the causes, the back-test: one drawing of each
        expect(page.get_by_role("heading", level=1)).to_have_text(
            "Melanoma of the skin, new cases: women and men, Landia"
        )
        expect(page.get_by_role("cell", name="1,760 to 2,610").first).to_be_visible()
        expect(page.get_by_role("button", name="Explore the chart")).to_be_hidden()
        page.get_by_label("Sex").select_option("female")
        page.get_by_role("button", name="Show").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("women, Landia")
        page.screenshot(path=SCREENSHOTS / f"forecasts-plain-{viewport['width']}.png", full_page=True)


def test_pointing_at_a_year_tells_of_that_year_alone(browser: Browser, house: str) -> None:
    with visiting(browser, house) as page:
        explored(page)
        area = page.locator(".plot .nsewdrag").bounding_box()
        assert area
        said = set()
        year = ""
        for share in (0.2, 0.5, 0.74, 0.77, 0.8, 0.99):
            # One event a move: with several, the chart may still tell of a year on the way.
            page.mouse.move(area["x"] + share * area["width"], area["y"] + area["height"] / 2)
            expect(page.locator(".plot .hoverlayer text").first).to_be_attached()
            expect(page.locator(".plot .hoverlayer text").first).not_to_have_text(year)
            year, *lines = page.locator(".plot .hoverlayer text").all_text_contents()
            counted = [line for line in lines if line.startswith("counted")]
            assert bool(counted) == (int(year) <= 2022)
            assert ("median" in "".join(lines)) == (int(year) > 2022)
            said.add(year)
        assert len(said) == 6
        assert "2032" in said


def test_other_methods_can_be_laid_beside(browser: Browser, house: str) -> None:
    with visiting(browser, house) as page:
        explored(page)
        lines = page.locator(".plot .scatterlayer .js-line")
        before = lines.count()
        page.get_by_role("checkbox", name="Random walk with drift, on square roots").check()
        expect(lines).to_have_count(before + 2)  # from the last count, and on
        page.get_by_role("checkbox", name="Random walk with drift, on square roots").uncheck()
        expect(lines).to_have_count(before)


def test_choosing_a_place_leaves_what_is_published_there(browser: Browser, house: str) -> None:
    with visiting(browser, house) as page:
        expect(page.get_by_label("Sex").get_by_role("option")).to_have_count(2)
        page.get_by_label("Region").select_option("North")
        expect(page.get_by_label("Sex").get_by_role("option")).to_have_count(1)
        page.get_by_role("button", name="Show").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("North, Landia, by month")


def test_what_cannot_be_loaded_can_be_tried_again(browser: Browser, house: str) -> None:
    context = browser.new_context(viewport=PHONE, is_mobile=True, has_touch=True)
    page = context.new_page()
    page.route("**/plotly-basic.min.js", lambda route: route.abort())
    page.goto(f"{house}/forecasts")
    button = page.get_by_role("button", name="Explore the chart")
    button.click()
    expect(page.get_by_text("The chart could not be loaded. Try again.")).to_be_visible()
    page.unroute("**/plotly-basic.min.js")
    button.click()
    expect(page.locator(".plot .main-svg").first).to_be_visible(timeout=PATIENCE_MS)
    context.close()


def test_on_a_phone_a_megabyte_is_not_loaded_unasked(browser: Browser, house: str) -> None:
    asked: list[str] = []
    context = browser.new_context(viewport=PHONE, is_mobile=True, has_touch=True)
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{house}/forecasts", wait_until="networkidle")
    assert not [url for url in asked if "plotly" in url]
    context.close()


def test_every_control_shows_its_focus_and_is_reached_by_keyboard(browser: Browser, house: str) -> None:
    with visiting(browser, house) as page:
        explored(page)
        reached = []
        for _ in range(60):
            page.keyboard.press("Tab")
            found = page.evaluate(
                "(() => { const {activeElement: each} = document; return each === document.body ? null : "
                "[each.tagName, each.textContent.trim().slice(0, 30), getComputedStyle(each).outlineStyle] })()"
            )
            if found is None:
                break
            assert found[2] != "none", found
            reached.append(found[0])
        assert reached[0] == "A"
        assert {"SELECT", "BUTTON", "INPUT", "SUMMARY", "DIV"} <= set(reached)


def test_on_paper_the_charts_and_tables_are_there_and_the_controls_are_not(browser: Browser, house: str) -> None:
    with visiting(browser, house, color_scheme="dark") as page:
        explored(page)
        page.emulate_media(media="print", color_scheme="dark")
        expect(page.locator("form")).to_be_hidden()
        expect(page.locator(".plot")).to_be_hidden()
        expect(page.locator("#forecast .chart.wide")).to_be_visible()
        assert page.locator("#forecast .drawing").evaluate("each => each.getBoundingClientRect().width") > 500
        expect(page.get_by_role("cell", name="1,760 to 2,610").first).to_be_visible()
        assert page.evaluate("getComputedStyle(document.body).color") == "rgb(20, 32, 43)"
        assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"
        assert page.pdf(path=SCREENSHOTS / "forecasts.pdf", format="A4").startswith(b"%PDF")


def test_forced_colours_keep_the_lines(browser: Browser, house: str) -> None:
    with visiting(browser, house, forced_colors="active", viewport=PHONE) as page:
        stroke = page.locator(".chart.narrow .observed").first.evaluate("each => getComputedStyle(each).stroke")
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert stroke != paper
