"""What makes the page an app: camera, questions, languages, offline, what is taken along, care, and its weight."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect, sync_playwright

from functions.triage.advice import Block, advice
from functions.triage.golden import drawn_photos
from functions.triage.language import LANGUAGES, Language, catalogue
from functions.triage.shell import PAGE, service_worker
from tests.browser.conftest import CACHE, CHROMIUM
from tests.browser.states import PREDICTIONS, answering, choose
from tests.browser.test_look import overflow, violations

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request, Route

    from tests.browser.conftest import Visit

CARE = "**/v1/care?*"
# The whole shell with the words of one language, as they lie on the disk.
LARGEST_SHELL_BYTES = 120_000
A_SITE: dict[str, Any] = {
    "phone": "+1 312 555 0100",
    "name": "A hospital that is drawn here",
    "address": "1 Main Street, Chicago, IL, 60601",
    "distance_km": 3.2,
    "ask": [{"name": "ask_dermatology", "text": "Ask for dermatology."}],
    "url": "https://hospital.example/",
    "attribution": "Drawn here, 2026-11, CC0",
}


def words(language: Language) -> dict[str, str]:
    return catalogue(language)


def test_the_pages_english_is_the_catalogues() -> None:
    html = (PAGE / "index.html").read_text("utf-8")
    shown = dict(re.findall(r'data-t="([^"]+)"[^>]*>([^<]*)<', html))
    assert {key: " ".join(text.split()) for key, text in shown.items()} == {key: words("en")[key] for key in shown}


def test_every_key_that_the_scripts_ask_for_is_in_the_catalogue() -> None:
    scripts = "".join(file.read_text("utf-8") for file in PAGE.glob("*.js"))
    html = (PAGE / "index.html").read_text("utf-8")
    asked = {f"page.{key}" for key in re.findall(r'\bt\(\s*"([a-z_.]+)"', scripts)}
    assert asked - words("en").keys() == set()
    named = set(re.findall(r'"((?:camera|care|result|problem|flags|along|keep)\.[a-z_]+)"', scripts))
    troubles = set(re.findall(r'trouble\("([a-z_]+)"', scripts))
    used = asked | {f"page.{key}" for key in named} | set(re.findall(r'data-t="([^"]+)"', html))
    used |= {f"page.problem.{name}{part}" for name in troubles for part in ("", "_title")}
    assert {key for key in words("en") if key.startswith("page.")} - used == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_fits_and_is_asked_of_the_service(
    language: Language, visit: Visit, photos: dict[str, Path], axe_source: str
) -> None:
    with visit(locale="en-GB") as page:
        page.get_by_label("Language").select_option(language)
        expect(page.get_by_role("heading", level=1)).to_have_text(words(language)["page.ask.title"])
        assert page.evaluate("document.documentElement.lang") == language
        page.locator(".aside details").evaluate("details => details.open = true")
        assert overflow(page) == []
        page.set_viewport_size({"width": 320, "height": 844})
        assert overflow(page) == []
        page.screenshot(path=CACHE / "screenshots" / f"language-{language}-ask.png", full_page=True)
        choose(page, photos["spot"])
        expect(page.locator("#result")).to_be_visible()
        assert page.locator("#answer-title").inner_text() == advice(Block.LOW, language).headline
        expect(page.locator("#band")).to_have_text(words(language)["band.low"])
        assert overflow(page) == []
        page.screenshot(path=CACHE / "screenshots" / f"language-{language}-answer.png", full_page=True)
        assert violations(page, axe_source) == []


def test_the_browsers_language_is_spoken_and_a_choice_is_remembered(visit: Visit) -> None:
    with visit(locale="es-MX") as page:
        expect(page.get_by_role("heading", level=1)).to_have_text(words("es")["page.ask.title"])
        page.locator("#language").select_option("hi")
        page.reload()
        expect(page.get_by_role("heading", level=1)).to_have_text(words("hi")["page.ask.title"])


def test_what_was_noticed_goes_with_the_photo_and_decides(visit: Visit, photos: dict[str, Path]) -> None:
    with visit() as page:
        page.get_by_label(words("en")["page.flags.growing_firm"]).check()
        with page.expect_request(PREDICTIONS) as sent:
            choose(page, photos["spot"])
        assert "growing_firm=true" in sent.value.url
        assert "changing" not in sent.value.url
        expect(page.get_by_role("heading", level=1)).to_have_text(advice(Block.URGENT_BY_ANSWERS).headline)
        page.get_by_role("button", name="Check another photo").click()
        expect(page.get_by_label(words("en")["page.flags.growing_firm"])).not_to_be_checked()


def keep_what_is_sent(page: Page) -> None:
    """Let the page keep what it sends, as the browser does not tell the body of a request made of a file."""
    page.evaluate(
        """() => {
          const ask = fetch;
          window.fetch = (to, how) => {
            window.sent = how?.body ?? window.sent;
            return ask(to, how);
          };
        }"""
    )


def what_was_sent(page: Page) -> bytes:
    return bytes(page.evaluate("async () => [...new Uint8Array(await window.sent.arrayBuffer())]"))


def test_no_metadata_leaves_the_device(visit: Visit, tmp_path: Path) -> None:
    secret = "Jane Doe's garden"  # noqa: S105 - what a photo may give away
    exif = Image.Exif()
    exif[0x010E] = secret
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    with Image.open(io.BytesIO(drawn_photos()["large uneven spot"])) as image:
        image.convert("RGB").save(tmp_path / "photo.jpg", exif=exif, comment=secret)
    with visit() as page:
        keep_what_is_sent(page)
        choose(page, tmp_path / "photo.jpg")
        expect(page.locator("#result")).to_be_visible()
        body = what_was_sent(page)
        assert secret.encode() in (tmp_path / "photo.jpg").read_bytes()
        with Image.open(io.BytesIO(body)) as arrived:
            assert dict(arrived.getexif()) == {}
        assert secret.encode() not in body
        assert b"photo.jpg" not in body


@pytest.mark.parametrize("how", ["drop", "paste"])
def test_a_photo_can_be_dropped_or_pasted(how: str, visit: Visit) -> None:
    with visit(width=1280) as page:
        page.locator("html.ready").wait_for()
        page.evaluate(
            """async ([bytes, how]) => {
              const files = new DataTransfer();
              files.items.add(new File([new Uint8Array(bytes)], "spot.png", {type: "image/png"}));
              dispatchEvent(how === "drop" ? new DragEvent("drop", {dataTransfer: files, cancelable: true})
                                           : new ClipboardEvent("paste", {clipboardData: files}));
            }""",
            [list(drawn_photos()["large uneven spot"]), how],
        )
        expect(page.locator("#result")).to_be_visible()


def test_the_drawing_is_called_a_drawing(visit: Visit) -> None:
    with visit() as page:
        page.get_by_role("button", name="Try it with a drawing").click()
        expect(page.locator("#drawn")).to_be_visible()
        expect(page.locator("#result")).to_be_visible()


def test_the_page_opens_without_a_network_and_keeps_no_answer(
    visit: Visit, photos: dict[str, Path], address: str
) -> None:
    with visit() as page:
        page.evaluate("navigator.serviceWorker.ready.then(() => null)")
        choose(page, photos["spot"])
        expect(page.locator("#result")).to_be_visible()
        kept = page.evaluate(
            """async () => (await Promise.all((await caches.keys()).map(async name =>
                 (await (await caches.open(name)).keys()).map(({url}) => new URL(url).pathname)))).flat()"""
        )
        assert "/" in kept
        assert "/page/app.js" in kept
        assert [path for path in kept if "/v1/" in path] == []
        page.context.set_offline(offline=True)
        page.goto(address)
        page.locator("html.ready").wait_for()
        expect(page.get_by_role("heading", level=1)).to_have_text(words("en")["page.ask.title"])
        page.context.set_offline(offline=False)


def test_the_app_can_be_installed(visit: Visit) -> None:
    with visit() as page:
        client = page.context.new_cdp_session(page)
        assert client.send("Page.getAppManifest")["errors"] == []
        page.evaluate("navigator.serviceWorker.ready.then(() => null)")
        found = client.send("Page.getInstallabilityErrors")["installabilityErrors"]
        assert [each["errorId"] for each in found if each["errorId"] != "in-incognito"] == []  # as all tests are


def test_what_the_worker_keeps_is_there_and_a_change_is_a_new_version() -> None:
    head, _, rest = service_worker().partition("\n")
    files = json.loads(rest.partition("\n")[0].removeprefix("const FILES = ").rstrip(";"))
    assert re.fullmatch(r'const VERSION = "[0-9a-f]{16}";', head)
    lies_at = {file: PAGE.parent / file.replace("page/words/", "words/") for file in files if file != "./"}
    assert [file for file, path in lies_at.items() if not path.is_file()] == []
    assert {"page/app.js", "page/style.css", "page/shrink.js"} <= set(files)


def test_a_file_for_the_doctor_holds_photo_score_model_and_date(
    visit: Visit, photos: dict[str, Path], address: str
) -> None:
    with visit(base_url=address) as page:
        page.get_by_label(words("en")["page.flags.changing"]).check()
        page.route(PREDICTIONS, answering_watch)
        choose(page, photos["spot"])
        expect(page.locator("#result")).to_be_visible()
        model = page.request.get("v1/model").json()["card"]["version"]
        with page.expect_download() as saved:
            page.get_by_role("button", name="File for my doctor").click()
        letter = Path(saved.value.path()).read_text("utf-8")
        assert 'src="data:image/jpeg;base64,' in letter
        for said in ("score 17 of 100 (Watch)", model, words("en")["page.flags.changing"], "not a diagnosis"):
            assert said in letter


def answering_watch(route: Route) -> None:
    from functions.triage.advice import RiskBand

    answering(RiskBand.WATCH)(route)


def test_a_reminder_is_a_calendar_file(visit: Visit, photos: dict[str, Path]) -> None:
    with visit() as page:
        choose(page, photos["spot"])
        expect(page.locator("#result")).to_be_visible()
        with page.expect_download() as saved:
            page.get_by_role("button", name="Remind me in a month").click()
        lines = Path(saved.value.path()).read_bytes().decode().split("\r\n")
        assert lines[0] == "BEGIN:VCALENDAR"
        assert lines[-2:] == ["END:VCALENDAR", ""]
        assert any(line.startswith("DTSTART;VALUE=DATE:20") for line in lines)
        assert all(len(line.encode()) <= 75 for line in lines)


def test_a_photo_is_kept_only_when_asked_compared_and_erased(visit: Visit, photos: dict[str, Path]) -> None:
    with visit() as page:
        for name, times in (("spot", 0), ("other spot", 1)):
            choose(page, photos[name])
            expect(page.locator("#result")).to_be_visible()
            page.get_by_role("button", name="Keep on this device").click()
            expect(page.locator("#along-words")).to_contain_text("Kept on this device only")
            expect(page.locator("#compare figure")).to_have_count(2 * times)
            page.get_by_role("button", name="Check another photo").click()
        expect(page.locator("#kept-list figure")).to_have_count(2)
        page.reload()
        expect(page.locator("#kept-list figure")).to_have_count(2)
        page.get_by_role("button", name="Erase them all").click()
        expect(page.locator("#kept")).to_be_hidden()
        page.reload()
        page.locator("html.ready").wait_for()
        expect(page.locator("#kept")).to_be_hidden()


def test_places_to_go_are_shown_with_the_phone_first(visit: Visit, photos: dict[str, Path], axe_source: str) -> None:
    asked: list[Request] = []

    def care(route: Route) -> None:
        asked.append(route.request)
        found = {"near": "60601 Chicago", "sites": [A_SITE], "notes": [{"name": "call_first", "text": "Call first."}]}
        route.fulfill(json={**found, "attribution": []})

    with visit(permissions=["geolocation"], geolocation={"latitude": 41.88432, "longitude": -87.63245}) as page:
        page.route(CARE, care)
        choose(page, photos["spot"])
        page.get_by_label("Country").select_option("US")
        page.get_by_label("Postal code or city").fill("60601")
        page.get_by_label("Only places known to be affordable").check()
        page.get_by_role("button", name="Find places").click()
        site = page.locator("#care-list li")
        expect(site).to_contain_text("A hospital that is drawn here")
        expect(site.locator("> :first-child")).to_have_attribute("href", "tel:+13125550100")
        expect(page.locator("#care-words")).to_have_text("Near 60601 Chicago. Call first.")
        assert "postal_code=60601&country=US" in asked[0].url
        assert "affordable=true" in asked[0].url
        with page.expect_response(CARE):
            page.get_by_role("button", name="Use where I am").click()
        expect(site).to_have_count(1)
        # Rounded to a twentieth of a degree before it leaves.
        assert re.search(r"latitude=41\.90&longitude=-87\.65", asked[-1].url)
        assert violations(page, axe_source) == []
        page.get_by_role("button", name="Check another photo").click()
        expect(page.get_by_label("Postal code or city")).to_have_value("")


@pytest.mark.parametrize(("country", "place"), [("US", "60601"), ("KE", "Nairobi"), ("DE", "Heidelberg")])
def test_from_the_first_page_to_places_that_ship(
    country: str, place: str, visit: Visit, photos: dict[str, Path]
) -> None:
    with visit(locale="en-US") as page:
        choose(page, photos["spot"])
        page.get_by_label("Country").select_option(country)
        page.get_by_label("Postal code or city").fill(place)
        page.get_by_role("button", name="Find places").click()
        site = page.locator("#care-list li").first
        expect(site).to_contain_text("km away")
        expect(site).to_contain_text("dermatology")
        expect(page.locator("#care-words")).to_contain_text("Near")
        assert overflow(page) == []
        page.screenshot(path=CACHE / "screenshots" / f"care-{country}.png", full_page=True)


def test_a_place_that_is_not_known_is_told_in_words(visit: Visit, photos: dict[str, Path]) -> None:
    with visit() as page:
        page.route(CARE, lambda route: route.fulfill(status=404, json={"code": "place_unknown", "detail": "-"}))
        choose(page, photos["spot"])
        page.get_by_role("button", name="Find places").click()
        expect(page.locator("#care-words")).to_have_text("Write a postal code or a city.")
        page.get_by_label("Postal code or city").fill("Nowhere")
        page.get_by_role("button", name="Find places").click()
        expect(page.locator("#care-words")).to_contain_text("No place was found there.")


def test_on_paper_the_answer_stands_alone(visit: Visit, photos: dict[str, Path]) -> None:
    with visit() as page:
        choose(page, photos["spot"])
        expect(page.locator("#result")).to_be_visible()
        page.emulate_media(media="print")
        for hidden in ("header", "footer", "#care", "#share", "#again"):
            expect(page.locator(hidden)).to_be_hidden()
        expect(page.locator("#disclaimer")).to_be_visible()
        page.pdf(path=CACHE / "screenshots" / "answer.pdf", format="A4")


def camera_film(folder: Path) -> Path:
    """Return a film of one picture that Chromium takes for a camera: mid-grey skin with a dark spot."""
    y = np.full((480, 640), 150, np.uint8)
    y[180:300, 250:390] = 60
    film = folder / "camera.y4m"
    chroma = np.full(480 * 640 // 4, 128, np.uint8).tobytes()
    film.write_bytes(b"YUV4MPEG2 W640 H480 F10:1 Ip A1:1 C420jpeg\n" + 5 * (b"FRAME\n" + y.tobytes() + 2 * chroma))
    return film


def test_the_camera_shows_a_guide_and_takes_a_photo(address: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}; apt-get install chromium brings it")
    film = camera_film(tmp_path_factory.mktemp("camera"))
    arguments = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]
    page_of = _with_camera(address, arguments)
    assert page_of["hint"] == words("en")["page.camera.fill"]
    assert page_of["sent"] == (480, 480)
    assert page_of["stopped"]


def _with_camera(address: str, arguments: list[str]) -> dict[str, Any]:
    """Take a photo in a browser of its own, as a camera's film is given to a whole browser; return what was seen."""
    import threading

    seen: dict[str, Any] = {}

    def work() -> None:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=arguments)
            context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
            page = context.new_page()
            page.goto(address)
            _shoot(page, seen)
            browser.close()

    thread = threading.Thread(target=work)  # beside the event loop of the package's own browser
    thread.start()
    thread.join(timeout=90)
    return seen


def _shoot(page: Page, seen: dict[str, Any]) -> None:
    page.locator("html.ready").wait_for()
    page.locator("#take").tap()
    page.locator("#shoot:not([disabled])").wait_for()
    seen["hint"] = page.locator("#hint").inner_text()
    page.screenshot(path=CACHE / "screenshots" / "camera.png")
    keep_what_is_sent(page)
    with page.expect_response(PREDICTIONS):
        page.locator("#shoot").tap()
    with Image.open(io.BytesIO(what_was_sent(page))) as photo:
        seen["sent"] = photo.size
    page.locator("#answer").wait_for()
    seen["stopped"] = page.evaluate("document.getElementById('video').srcObject === null")


def test_the_page_is_light(browser: Browser, address: str) -> None:
    """Bytes and layout shifts are promised; the time to the first paint is only printed, as machines are noisy."""
    loaded: dict[str, int] = {}
    context = browser.new_context(viewport={"width": 390, "height": 844}, device_scale_factor=2, is_mobile=True)
    page = context.new_page()
    page.on("response", lambda response: loaded.update({response.url: len(response.body())}))
    client = context.new_cdp_session(page)
    client.send("Network.enable")
    # A slow 4G line and a phone with a quarter of this processor, as Lighthouse throttles.
    line = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 750e3 / 8}
    client.send("Network.emulateNetworkConditions", line)
    client.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver(list => { for (const each of list.getEntries())"
        " if (!each.hadRecentInput) window.shift += each.value; }).observe({type: 'layout-shift', buffered: true});"
    )
    page.goto(address)
    page.locator("html.ready").wait_for()
    page.wait_for_load_state("networkidle")
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    shift = page.evaluate("window.shift")
    total = sum(loaded.values())
    print(f"\nfirst paint {paint:.0f} ms, {total:,} bytes in {len(loaded)} files, layout shift {shift:.3f}")
    context.close()
    assert total < LARGEST_SHELL_BYTES
    assert shift == 0
