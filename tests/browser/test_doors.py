"""A photo too large for a request goes through the upload door, by a form that the page's policy allows."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pillow_heif
from PIL import Image
from playwright.sync_api import expect

from functions.triage.body import MAX_BODY_BYTES
from tests.browser.conftest import PATIENCE_MS
from tests.triage.served import served

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser


def test_a_photo_that_cannot_be_made_small_is_uploaded_and_judged(browser: Browser, tmp_path: Path) -> None:
    """Chromium cannot open HEIC, and so not shrink it."""
    noise = np.random.default_rng(7).integers(0, 256, (1800, 2400, 3), dtype=np.uint8)
    target = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(noise)).save(target, quality=95)
    photo = tmp_path / "large.heic"
    photo.write_bytes(target.getvalue())
    assert photo.stat().st_size > MAX_BODY_BYTES
    with served(None, "--aws-local") as server:
        context = browser.new_context()
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.goto(server.address)
        with page.expect_request("**/v1/predictions?*") as sent:
            page.locator("#gallery").set_input_files(photo)
        assert sent.value.header_value("content-type") == "application/json"
        expect(page.locator("#result")).to_be_visible()
        context.close()
    assert complaints == []
