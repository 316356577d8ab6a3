"""The phone page's service worker: the page's own files, and a version that changes when any of them does."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path

from functions.triage.language import CATALOGUES, LANGUAGES

PAGE = Path(__file__).parent / "page"
_WORKER = "sw.js"
# Fetched by who asks for it; the icons by who installs the page.
_NOT_KEPT = {_WORKER, "drawing.webp", "icon-192.png", "icon-512.png", "icon-maskable-512.png"}


@lru_cache
def service_worker() -> str:
    """Return the worker's script, which begins with the list of the files that it keeps."""
    files = sorted(file for file in PAGE.iterdir() if file.is_file())
    digest = hashlib.sha256()
    for file in [*files, *sorted(CATALOGUES.glob("*.json"))]:
        digest.update(file.name.encode())
        digest.update(file.read_bytes())
    kept = ["./", *(f"page/{file.name}" for file in files if file.name not in {*_NOT_KEPT, "index.html"})]
    kept += [f"page/words/{language}.json" for language in LANGUAGES]
    head = f"const VERSION = {json.dumps(digest.hexdigest()[:16])};\nconst FILES = {json.dumps(kept)};\n"
    return head + (PAGE / _WORKER).read_text("utf-8")
