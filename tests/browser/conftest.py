"""The app on a loopback port, Chromium, axe-core, and pages that tolerate no outside request and no console error."""

from __future__ import annotations

import dataclasses
import io
import shutil
import socket
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pillow_heif
import pytest
import uvicorn
from PIL import Image
from playwright.sync_api import sync_playwright
from starlette.applications import Starlette
from starlette.routing import Mount

from functions.care.settings import CareSettings
from functions.forecasts.settings import ForecastsSettings
from functions.local import care_app, every_room, forecasts_app
from functions.triage.golden import drawn_photos
from functions.triage.routes import create_app
from functions.triage.settings import TriageSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from playwright.sync_api import Browser, ConsoleMessage, Page

    from functions.triage.scorer import Scorer

CHROMIUM = Path("/usr/bin/chromium")
CACHE = Path(__file__).parents[2] / ".cache"
AXE_VERSION = "4.14.1"
STAGE = "/prod"
# A local page answers at once, except while the processor is busy with something else.
PATIENCE_MS = 20_000


class Visit(Protocol):
    """Opens a page as one visitor would see it; what leaves the house or fails in it fails the test."""

    def __call__(
        self, *, width: int = 390, scheme: str = "light", path: str = "/", **context: Any
    ) -> AbstractContextManager[Page]: ...


@pytest.fixture(scope="package")
def address(scorer: Scorer) -> Iterator[str]:
    """Serve the app, at the root and below a stage as API Gateway does; return the root's address.

    The drawn photos are no skin to a model that knows what it does not know: here it answers all the same.
    """
    credulous = dataclasses.replace(
        scorer, novelty=None, card=scorer.card.model_copy(update={"novelty": None, "domain": None, "quality": None})
    )
    app = every_room(
        create_app(lambda: credulous, TriageSettings()), forecasts_app(ForecastsSettings()), care_app(CareSettings())
    )
    staged = Starlette(routes=[Mount(STAGE, app), Mount("/", app)])
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(staged, log_level="warning", access_log=False, lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)
    listener.close()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Start Chromium; it must end with this folder, as its driver's event loop stands in the way of other tests'."""
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}; apt-get install chromium brings it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM))
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser, address: str) -> Visit:
    @contextmanager
    def open_page(*, width: int = 390, scheme: str = "light", path: str = "/", **context: Any) -> Iterator[Page]:
        is_phone = width < 768
        settings = {
            "viewport": {"width": width, "height": 844 if is_phone else 900},
            "color_scheme": scheme,
            "device_scale_factor": 2 if is_phone else 1,
            "is_mobile": is_phone,
            "has_touch": is_phone,
            "reduced_motion": "reduce",
            **context,
        }
        opened = browser.new_context(**settings)
        opened.set_default_timeout(PATIENCE_MS)
        page = opened.new_page()
        complaints: list[str] = []
        page.on("request", lambda request: complaints.extend(_outside(request.url, address)))
        page.on("pageerror", lambda error: complaints.append(f"uncaught: {error}"))
        page.on("console", lambda message: complaints.extend(_worrying(message)))
        page.goto(address + path)
        yield page
        opened.close()
        assert complaints == []

    return open_page


def _outside(url: str, address: str) -> list[str]:
    return [] if url.startswith((f"{address}/", "blob:", "data:")) else [f"a request left the house: {url}"]


def _worrying(message: ConsoleMessage) -> list[str]:
    """Return what the console complains of, CSP violations included."""
    address = message.location["url"]
    was_arranged = message.text.startswith("Failed to load resource") and (
        "/v1/predictions?" in address
        or "/v1/uploads" in address
        or "/v1/care?" in address
        or "ERR_INTERNET_DISCONNECTED" in message.text
    )
    is_complaint = message.type in {"error", "warning"} and not was_arranged
    return [f"{message.type}: {message.text} at {address}"] if is_complaint else []


@pytest.fixture(scope="package")
def axe_source() -> str:
    """Return axe-core's source, from the cache or once from npm."""
    source = CACHE / "npm" / "node_modules" / "axe-core" / "axe.min.js"
    stamp = source.with_name("package.json")
    if not stamp.is_file() or f'"version": "{AXE_VERSION}"' not in stamp.read_text(encoding="utf-8"):
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("no npm to fetch axe-core with")
        install = [npm, "install", "--no-save", "--prefix", str(CACHE / "npm"), f"axe-core@{AXE_VERSION}"]
        done = subprocess.run(install, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            pytest.skip(f"npm cannot fetch axe-core: {done.stderr.strip().splitlines()[-1:]}")
    return source.read_text(encoding="utf-8")


@pytest.fixture(scope="package")
def photos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return files to choose, by what they are."""
    folder = tmp_path_factory.mktemp("photos")
    noise = np.random.default_rng(7).integers(0, 256, (1500, 2400, 3), dtype=np.uint8)
    contents = {
        "spot.png": drawn_photos()["large uneven spot"],
        "other spot.png": drawn_photos()["small even spot"],
        "too small.png": _encoded(np.full((40, 60, 3), 160, dtype=np.uint8)),
        "not a photo.svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        "large.png": _encoded(noise, compress_level=1),
        "large and closed.heic": b"\x00\x00\x00\x18ftypheic" + bytes(5 * 1024 * 1024),
        "phone.heic": _heic(),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return {Path(name).stem: folder / name for name in contents}


def _encoded(pixels: np.ndarray[Any, np.dtype[np.uint8]], **options: int) -> bytes:
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "PNG", **options)
    return target.getvalue()


def _heic() -> bytes:
    target = io.BytesIO()
    with Image.open(io.BytesIO(drawn_photos()["large uneven spot"])) as image:
        pillow_heif.from_pillow(image).save(target)
    return target.getvalue()
