"""The API's documents, opened as a mobile engineer would."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import Visit


@pytest.mark.parametrize("stage", ["", "/prod"])
def test_documents_open_with_every_operation(stage: str, visit: Visit, address: str) -> None:
    with visit(width=1280, path=f"{stage}/docs", base_url=f"{address}{stage}/") as page:
        operations = [
            f"{verb.upper()} {path}"
            for path, verbs in page.request.get("openapi.json").json()["paths"].items()
            for verb in verbs
        ]
        blocks = page.locator(".opblock-summary")
        expect(blocks).to_have_count(len(operations))
        shown = [text.split("\n")[:2] for text in blocks.all_inner_texts()]
        assert sorted(" ".join(each).replace("\u200b", "") for each in shown) == sorted(operations)
