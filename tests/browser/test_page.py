"""The phone page as a person uses it: a photo in, an answer or a reason out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from functions.common import problems
from functions.triage.advice import Reason, RiskBand, advice, block_of, block_without_score, disclaimer
from functions.triage.body import MAX_BODY_BYTES
from tests.browser.states import PREDICTIONS, STATES, answering, choose, explaining, unsure

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from playwright.sync_api import Page, Request, Route

    from tests.browser.conftest import Visit

WORDS = {RiskBand.LOW: "Low", RiskBand.WATCH: "Watch", RiskBand.URGENT: "Urgent"}


def number(score: float) -> str:
    return "<1" if score < 1 else ">99" if score >= 99.5 else f"{score + 1e-9:.0f}"


def ask_service(page: Page, photo: Path) -> dict[str, Any]:
    """Return what the API answers to a program that posts the photo."""
    response = page.request.post(
        "v1/predictions", data=photo.read_bytes(), headers={"Content-Type": f"image/{photo.suffix[1:]}"}
    )
    assert response.ok
    answer: dict[str, Any] = response.json()
    return answer


def expect_answer(page: Page, answer: dict[str, Any]) -> None:
    score, band = number(answer["score"]), RiskBand(answer["risk_band"])
    expect(page.locator("#gauge-number")).to_have_text(score)
    expect(page.get_by_role("img", name=f"Score {score} of 100: {WORDS[band]}")).to_be_visible()
    expect(page.locator("#band")).to_have_text(WORDS[band])
    shown = advice(block_of(band))
    title = page.get_by_role("heading", level=1)
    expect(title).to_have_text(shown.headline)
    expect(title).to_be_focused()
    expect(page.locator("#status")).to_have_text(f"Score {score} of 100: {WORDS[band]}.")
    for sentence in (shown.by_when, shown.next_step, *shown.warning_signs, disclaimer()):
        expect(page.get_by_text(sentence, exact=False)).to_be_visible()


def expect_problem(page: Page, title: str, detail: str, *, retriable: bool) -> None:
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text(title)
    expect(heading).to_be_focused()
    expect(page.locator("#status")).to_contain_text(detail)
    expect(page.locator("#problem-detail")).to_contain_text(detail)
    expect(page.locator("#band")).to_have_text("No score")
    expect(page.locator("#gauge-number")).to_have_text("\N{EN DASH}")
    expect(page.get_by_text("This says nothing about the spot.")).to_be_visible()
    expect(page.get_by_role("button", name="Send it again")).to_be_visible(visible=retriable)
    expect(page.get_by_role("button", name="Use another photo")).to_be_visible()
    expect(page.locator("#result")).to_be_hidden()


@pytest.mark.parametrize("path", ["/", "/prod/"])
def test_photo_in_answer_out(path: str, visit: Visit, photos: dict[str, Path], address: str) -> None:
    with visit(path=path, base_url=address + path) as page:
        answer = ask_service(page, photos["spot"])
        choose(page, photos["spot"])
        expect_answer(page, answer)
        expect(page.get_by_role("img", name="The middle square of your photo")).to_be_visible()
        # The zones of the bands are those of the model that answered.
        cutoffs = page.request.get("v1/model").json()["card"]["cutoffs"]
        expect(page.locator(".gauge")).to_contain_class("zoned")
        page.get_by_text("What the score means").click()
        expect(page.locator("#zones")).to_contain_text(f"Below {100 * cutoffs['low_below']:.1f} is Low")
        expect(page.locator("#provenance")).to_contain_text(answer["model"]["version"])


def test_real_photo_shows_the_score_of_the_api(visit: Visit, lesions: Path, address: str) -> None:
    photo = lesions / "originals" / "ISIC_0032936.jpg"
    if not photo.is_file():
        pytest.skip(f"no {photo.name} among the real photos")
    with visit(base_url=address) as page:
        with page.expect_response(PREDICTIONS) as answered:
            choose(page, photo)
        expect_answer(page, answered.value.json())
        # Made smaller on the device, the photo has nearly the score of the original.
        original = page.request.post("v1/predictions", data=photo.read_bytes(), headers={"Content-Type": "image/jpeg"})
        assert answered.value.json()["score"] == pytest.approx(original.json()["score"], abs=2)


@pytest.mark.parametrize(
    ("band", "score", "shown", "chance"),
    [
        (RiskBand.LOW, 0.0, "<1", "fewer than 1"),
        (RiskBand.LOW, 0.9, "<1", "fewer than 1"),
        (RiskBand.LOW, 1.0, "1", "about 1"),
        (RiskBand.WATCH, 17.3, "17", "about 17"),
        (RiskBand.URGENT, 99.4, "99", "about 99"),
        (RiskBand.URGENT, 100.0, ">99", "more than 99"),
    ],
)
def test_each_band_has_its_words(
    band: RiskBand, score: float, shown: str, chance: str, visit: Visit, photos: dict[str, Path]
) -> None:
    with visit() as page:
        page.route(PREDICTIONS, answering(band, score))
        choose(page, photos["spot"])
        expect_answer(page, {"score": score, "risk_band": band})
        expect(page.locator("#gauge-number")).to_have_text(shown)
        expect(page.locator("#chance")).to_contain_text(chance)


@pytest.mark.parametrize("reason", Reason)
def test_photo_that_cannot_be_judged_gets_no_score_and_a_way_on(
    reason: Reason, visit: Visit, photos: dict[str, Path]
) -> None:
    shown = advice(block_without_score(reason))
    with visit() as page:
        page.route(PREDICTIONS, unsure(reason))
        choose(page, photos["spot"])
        title = page.get_by_role("heading", level=1)
        expect(title).to_have_text(shown.headline)
        expect(title).to_be_focused()
        expect(page.locator("#status")).to_have_text(shown.headline)
        expect(page.locator("#band")).to_have_text("No score")
        expect(page.locator("#gauge-number")).to_have_text("\N{EN DASH}")
        expect(page.locator(".pointer")).to_be_hidden()
        for sentence in (shown.next_step, *shown.warning_signs, disclaimer()):
            expect(page.get_by_text(sentence)).to_be_visible()
        expect(page.get_by_text("Of 100 spots with this score")).to_be_hidden()
        expect(page.locator("#looked")).to_be_hidden()
        page.get_by_role("button", name="Take another photo").click()
        expect(page.locator("#ask")).to_be_visible()


def test_what_the_program_looked_at_is_shown_on_request(visit: Visit, photos: dict[str, Path]) -> None:
    with visit() as page:
        page.route(PREDICTIONS, explaining(is_clinical=False), times=1)
        choose(page, photos["spot"])
        switch = page.get_by_role("switch", name="Show what the program looked at")
        over = page.locator("#photo .map")
        expect(switch).not_to_be_checked()
        expect(over).to_be_hidden()
        switch.check()
        expect(over).to_be_visible()
        assert over.evaluate("image => image.decode().then(() => image.naturalWidth)") == 224
        expect(page.locator("#looked-words")).to_contain_text("malignancy most at the top left (orange)")
        places = [page.locator(each).bounding_box() for each in ("#photo", "#photo .map")]
        assert places[0] == places[1]
        switch.uncheck()
        expect(over).to_be_hidden()
        expect(page.locator("#looked-words")).to_be_hidden()


def test_clinical_photo_is_told_to_be_less_sure(visit: Visit, photos: dict[str, Path]) -> None:
    caution = advice(block_of(RiskBand.WATCH), is_clinical=True).caution
    assert caution
    with visit() as page:
        page.route(PREDICTIONS, explaining(is_clinical=True))
        choose(page, photos["spot"])
        expect(page.get_by_text(caution)).to_be_visible()
        page.unroute(PREDICTIONS)
        page.route(PREDICTIONS, answering(RiskBand.LOW))
        choose(page, photos["other spot"])
        expect(page.get_by_text(advice(block_of(RiskBand.LOW)).headline)).to_be_visible()
        expect(page.locator("#caution")).to_be_hidden()
        expect(page.locator("#looked-at")).not_to_be_checked()


def test_zones_of_another_model_are_not_shown(visit: Visit, photos: dict[str, Path]) -> None:
    def of_another_model(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, json={**response.json(), "sha256": "0" * 64})

    with visit() as page:
        page.route("**/v1/model", of_another_model)
        with page.expect_response("**/v1/model"):
            choose(page, photos["spot"])
        expect(page.locator("#result")).to_be_visible()
        expect(page.locator(".gauge")).not_to_contain_class("zoned")


@pytest.mark.parametrize(
    ("photo", "refusal", "detail"),
    [
        ("too small", problems.PhotoTooSmall, "60 x 40 pixels; each side needs at least 100"),
        ("not a photo", problems.PhotoFormatUnsupported, "none of JPEG, PNG, WebP and HEIC"),
    ],
)
def test_refusal_is_told_in_words(
    photo: str, refusal: type[problems.Problem], detail: str, visit: Visit, photos: dict[str, Path]
) -> None:
    with visit() as page:
        choose(page, photos[photo])
        expect_problem(page, refusal.title, detail, retriable=False)
        page.get_by_role("button", name="Use another photo").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Check a spot on your skin")
        choose(page, photos["spot"])
        expect(page.locator("#result")).to_be_visible()


def test_too_large_for_the_service_and_closed_to_the_browser(visit: Visit, photos: dict[str, Path]) -> None:
    with visit() as page:
        sent: list[Request] = []
        page.on("request", lambda request: sent.append(request))  # noqa: PLW0108 - a built-in takes no mark
        choose(page, photos["large and closed"])
        expect_problem(page, "The photo is too large to send", "cannot make it smaller", retriable=False)
        # The upload door was asked for, and there is none here: no photo was sent.
        assert [request.url.rpartition("/v1/")[2] for request in sent if request.method == "POST"] == ["uploads"]


SERVICE = ("The service cannot answer just now", "not about your photo")
UNREACHABLE = ("No answer came", "The connection may be weak")


@pytest.mark.parametrize(
    ("reply", "title", "detail"),
    [
        ({"status": 500, "json": {"title": "t", "detail": "d", "code": "internal_error"}}, *SERVICE),
        ({"status": 502, "json": {"message": "Internal server error"}}, *SERVICE),
        ({"status": 503, "content_type": "text/html", "body": "<h1>Service Unavailable</h1>"}, *SERVICE),
        ({"status": 403, "json": {"message": "Forbidden"}}, *SERVICE),
        # A hotel's network answers everything with its own page.
        ({"status": 200, "content_type": "text/html", "body": "<h1>Please log in</h1>"}, *SERVICE),
        ({"status": 429, "json": {"message": "Too Many Requests"}}, "Many people are asking just now", "in a minute"),
        (None, *UNREACHABLE),
    ],
)
def test_service_that_fails_is_told_in_words_and_can_be_asked_again(
    reply: dict[str, Any] | None, title: str, detail: str, visit: Visit, photos: dict[str, Path]
) -> None:
    with visit() as page:
        page.route(PREDICTIONS, lambda route: route.abort() if reply is None else route.fulfill(**reply))
        choose(page, photos["spot"])
        expect_problem(page, title, detail, retriable=True)
        page.unroute(PREDICTIONS)
        page.get_by_role("button", name="Send it again").click()
        expect(page.locator("#result")).to_be_visible()
        expect(page.get_by_role("heading", level=1)).to_be_focused()


def test_gateway_that_takes_no_photo_of_this_size(visit: Visit, photos: dict[str, Path]) -> None:
    with visit() as page:
        page.route(PREDICTIONS, lambda route: route.fulfill(status=413, json={"message": "Request Too Long"}))
        choose(page, photos["spot"])
        expect_problem(page, "The photo is too large to send", "choose a smaller one", retriable=False)


def test_offline_is_told_and_mended(visit: Visit, photos: dict[str, Path]) -> None:
    with visit() as page:
        STATES["offline"](page, photos)
        expect_problem(page, "You are offline", "Connect to the internet", retriable=True)
        page.get_by_role("button", name="Send it again").click()
        expect(page.locator("#result")).to_be_visible()


def test_long_wait_is_told_and_ends(visit: Visit, photos: dict[str, Path]) -> None:
    with visit() as page:
        page.clock.install()
        STATES["working"](page, photos)
        expect(page.locator("#status")).to_have_text("Looking at your photo … This takes a few seconds.")
        page.clock.fast_forward("00:10")
        expect(page.locator("#status")).to_contain_text("A slow connection can take a minute")
        page.clock.fast_forward("01:30")
        expect_problem(page, *UNREACHABLE, retriable=True)


def test_large_photo_is_shrunk_before_it_is_sent(visit: Visit, photos: dict[str, Path]) -> None:
    assert photos["large"].stat().st_size > MAX_BODY_BYTES
    with visit() as page:
        with page.expect_request(PREDICTIONS) as sent:
            choose(page, photos["large"])
        assert int(sent.value.header_value("content-length") or 0) in range(1, MAX_BODY_BYTES + 1)
        assert sent.value.header_value("content-type") == "image/jpeg"
        expect(page.locator("#result")).to_be_visible()


def test_photo_that_the_browser_cannot_show_is_sent_as_it_is(visit: Visit, photos: dict[str, Path]) -> None:
    with visit() as page:
        with page.expect_request(PREDICTIONS) as sent:
            choose(page, photos["phone"])
        assert sent.value.header_value("content-length") == str(photos["phone"].stat().st_size)
        expect(page.locator("#result")).to_be_visible()
        expect(page.get_by_text("This browser cannot show this kind of photo.")).to_be_visible()
        expect(page.locator("#photo img")).to_have_count(0)


def test_keyboard_is_enough(visit: Visit, photos: dict[str, Path]) -> None:
    with visit(width=1280) as page:
        # From here on the browser hands its choosers over; asked for with the key alone, that can come too late.
        page.on("filechooser", lambda _chooser: None)
        page.keyboard.press("Tab")
        expect(page.get_by_label("Language")).to_be_focused()
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        expect(page.get_by_label("It is new, or it is changing")).to_be_checked()
        for _ in range(4):
            page.keyboard.press("Tab")
        expect(page.get_by_label("Choose a photo")).to_be_focused()
        with page.expect_file_chooser() as chooser:
            page.keyboard.press("Enter")
        chooser.value.set_files(photos["spot"])
        expect(page.locator("#result")).to_be_visible()
        expect(page.get_by_role("heading", level=1)).to_be_focused()
        page.keyboard.press("Tab")
        if page.locator("#looked").is_visible():
            expect(page.locator("#looked-at")).to_be_focused()
            page.keyboard.press("Space")
            expect(page.locator("#photo .map")).to_be_visible()
            page.keyboard.press("Tab")
        for control in ("#care-country", "#care-place", "#care-affordable", "#care-form .button", "#care-here"):
            expect(page.locator(control)).to_be_focused()
            page.keyboard.press("Tab")
        for button in ("File for my doctor", "Print or save as PDF", "Remind me in a month", "Keep on this device"):
            expect(page.get_by_role("button", name=button)).to_be_focused()
            page.keyboard.press("Tab")
        expect(page.locator("#result summary")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#zones")).to_be_visible()
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="Check another photo")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_label("Choose a photo")).to_be_focused()


def test_without_a_camera_the_camera_app_is_offered(visit: Visit) -> None:
    with visit() as page:
        page.get_by_role("button", name="Take a photo").tap()
        expect(page.locator("#hint")).to_have_text("This page cannot use a camera here. Use the camera app.")
        expect(page.get_by_label("Camera app")).to_have_attribute("capture", "environment")
        with page.expect_file_chooser():
            page.get_by_label("Camera app").tap()


def test_second_photo_stops_the_first(visit: Visit, photos: dict[str, Path]) -> None:
    with visit() as page:
        page.route(PREDICTIONS, lambda _route: None, times=1)  # the first is never answered
        with page.expect_request(PREDICTIONS):
            choose(page, photos["spot"])
        expect(page.locator("#working")).to_be_visible()
        first = page.locator("#photo img:not(.map)").get_attribute("src")
        with page.expect_event("requestfailed"):
            choose(page, photos["other spot"])
        expect(page.locator("#result")).to_be_visible()
        assert page.locator("#photo img:not(.map)").get_attribute("src") != first


def test_cancelled_photo_is_not_answered(visit: Visit, photos: dict[str, Path]) -> None:
    with visit() as page:
        STATES["working"](page, photos)
        with page.expect_event("requestfailed"):
            page.get_by_role("button", name="Cancel").click()
        expect(page.locator("#ask")).to_be_visible()
        expect(page.locator("#answer")).to_be_hidden()
        expect(page.get_by_role("button", name="Take a photo")).to_be_focused()


def can_open(page: Page, address: str | None) -> bool:
    return bool(page.evaluate("address => fetch(address).then(() => true, () => false)", address))


@pytest.mark.parametrize("leaving", ["back", "away"])
def test_nothing_of_a_photo_stays(leaving: str, visit: Visit, photos: dict[str, Path]) -> None:
    with visit(bypass_csp=True) as page:  # the page's policy keeps even this test from opening the preview
        choose(page, photos["spot"])
        expect(page.locator("#result")).to_be_visible()
        preview = page.locator("#photo img:not(.map)").get_attribute("src")
        beside = page.context.new_page()
        beside.goto(page.url)
        assert can_open(beside, preview)
        if leaving == "back":
            page.go_back()
        else:  # what a browser tells a page that it keeps aside for Back
            page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
        expect(page.locator("#ask")).to_be_visible()
        expect(page.locator("#answer")).to_be_hidden()
        expect(page.locator("#photo img")).to_have_count(0)
        assert not can_open(beside, preview)
        assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]


def test_nothing_jumps_when_the_answer_comes(visit: Visit, photos: dict[str, Path]) -> None:
    places = """() => ["photo", "gauge", "band", "answer-title"].map(id => {
      const {left, top} = document.getElementById(id).getBoundingClientRect();
      return [left, top];
    })"""
    watch = """() => {
      window.shifts = [];
      new PerformanceObserver(list => window.shifts.push(...list.getEntries().map(each => each.value)))
        .observe({type: "layout-shift", buffered: false});
    }"""
    with visit() as page:
        held: list[Route] = []
        page.route(PREDICTIONS, lambda route: held.append(route))  # noqa: PLW0108 - a built-in takes no mark
        with page.expect_request(PREDICTIONS):
            choose(page, photos["spot"])
        expect(page.locator("#photo img:not(.map)")).to_be_visible()
        before = page.evaluate(places)
        page.evaluate(watch)
        held[0].continue_()
        expect(page.locator(".gauge.zoned")).to_be_visible()
        assert page.evaluate(places) == before
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert page.evaluate("window.shifts") == []


def test_page_says_so_where_scripts_are_off(visit: Visit) -> None:
    with visit(java_script_enabled=False) as page:
        expect(page.locator("noscript .notice")).to_be_visible()
        expect(page.get_by_text("Take a photo")).to_be_hidden()
