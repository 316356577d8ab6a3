"""The pictures that the program makes of itself: `python -m tests.browser.pictures`.

The page's drawing and icons, and README's two pictures: the result on a phone, of the drawing, and the analysts' page.
"""

from __future__ import annotations

import io
import socket
import threading
from pathlib import Path

import uvicorn
from PIL import Image
from playwright.sync_api import sync_playwright

from functions.care.settings import CareSettings
from functions.forecasts.settings import ForecastsSettings
from functions.local import care_app, every_room, forecasts_app
from functions.triage.routes import create_app
from functions.triage.scorer import load_scorer
from functions.triage.settings import TriageSettings
from functions.triage.shell import PAGE
from tests.browser.conftest import CHROMIUM
from tests.browser.drawing import drawn_spot, webp

DOCS = Path(__file__).parents[2] / "docs"
LARGEST_BYTES = 300_000
_COLOURS = 192


def icon(side: int, *, is_maskable: bool) -> str:
    """Return an HTML page of the icon's size; a maskable one keeps its sign in the middle that no mask cuts away."""
    drawn = (PAGE / "icon.svg").read_text("utf-8")
    if is_maskable:
        drawn = drawn.replace(' rx="8"', "").replace('viewBox="0 0 32 32"', 'viewBox="-4 -4 40 40"')
        drawn = drawn.replace('<rect width="32" height="32"', '<rect x="-4" y="-4" width="40" height="40"')
    style = "margin:0;background:transparent"
    return f'<body style="{style}">{drawn.replace("<svg ", f"<svg style=display:block width={side} ")}</body>'


def smaller(png: bytes) -> bytes:
    """Return a picture with fewer colours."""
    target = io.BytesIO()
    image = Image.open(io.BytesIO(png)).convert("RGB")
    image.quantize(_COLOURS, dither=Image.Dither.NONE).save(target, "PNG", optimize=True)
    return target.getvalue()


def main() -> None:
    """Make all of them."""
    (PAGE / "drawing.webp").write_bytes(webp(drawn_spot()))
    DOCS.mkdir(exist_ok=True)
    scorer = load_scorer(threads=2)
    app = every_room(
        create_app(lambda: scorer, TriageSettings()), forecasts_app(ForecastsSettings()), care_app(CareSettings())
    )
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True).start()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM))
        for name, side, is_maskable in (("192", 192, False), ("512", 512, False), ("maskable-512", 512, True)):
            page = browser.new_page(viewport={"width": side, "height": side})
            page.set_content(icon(side, is_maskable=is_maskable))
            page.screenshot(path=PAGE / f"icon-{name}.png", omit_background=True)
        phone = browser.new_context(
            viewport={"width": 390, "height": 1180}, device_scale_factor=2, reduced_motion="reduce", locale="en"
        )
        page = phone.new_page()
        page.goto(address)
        page.locator("html.ready").wait_for()
        page.get_by_role("button", name="Try it with a drawing").click()
        page.locator(".gauge.zoned").wait_for()
        _write(DOCS / "phone.png", page.screenshot())
        desk = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce", locale="en")
        page = desk.new_page()
        page.goto(f"{address}/forecasts")
        page.wait_for_load_state("networkidle")
        _write(DOCS / "forecasts.png", page.screenshot())
        browser.close()
    server.should_exit = True


def _write(path: Path, png: bytes) -> None:
    small = smaller(png)
    if len(small) > LARGEST_BYTES:
        message = f"{path} would have {len(small):,} bytes; at most {LARGEST_BYTES:,} are wanted"
        raise ValueError(message)
    path.write_bytes(small)
    print(f"{path.relative_to(DOCS.parent)}: {len(small):,} bytes")


if __name__ == "__main__":
    main()
