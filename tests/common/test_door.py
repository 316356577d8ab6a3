"""What takes too long is told to be so, whatever it is that takes the time."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest
from anyio import to_thread
from fastapi import FastAPI
from starlette.testclient import TestClient

from functions.common import door
from functions.triage import body, judging
from functions.triage.routes import create_app
from functions.triage.settings import TriageSettings
from tests.triage import packages, photos


@pytest.fixture
def hurried() -> TestClient:
    app = FastAPI()
    door.install(app, images="", forms="'none'", devices="", within_s=0.05)

    @app.get("/v1/waits")
    async def waits() -> None:
        await asyncio.sleep(20)

    @app.get("/v1/thread")
    async def thread() -> None:
        await to_thread.run_sync(threading.Event().wait, 2, abandon_on_cancel=True)

    @app.get("/v1/other")
    async def other() -> None:
        raise TimeoutError

    @app.get("/v1/quick")
    async def quick() -> str:
        return "done"

    return TestClient(app, raise_server_exceptions=False)


@pytest.mark.parametrize("path", ["/v1/waits", "/v1/thread"])
def test_a_request_that_takes_too_long_is_told_so(hurried: TestClient, path: str) -> None:
    answer = hurried.get(path)
    assert (answer.status_code, answer.json()["code"]) == (503, "took_too_long")
    assert answer.headers["X-Request-Id"] == answer.json()["request_id"]
    assert answer.headers["Content-Security-Policy"]


def test_a_servers_life_has_no_limit(hurried: TestClient) -> None:
    with hurried:
        time.sleep(0.2)
        assert hurried.get("/v1/quick").json() == "done"


def test_another_timeout_is_not_taken_for_it(hurried: TestClient) -> None:
    assert hurried.get("/v1/other").json()["code"] == "internal_error"
    assert hurried.get("/v1/quick").json() == "done"


def test_a_photo_that_takes_too_long_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    held = threading.Event()
    monkeypatch.setattr(door, "PREDICTION_WITHIN_S", 0.2)
    monkeypatch.setattr(judging, "answer_photo", lambda *_, **__: held.wait(20))
    scorer = packages.scorer()
    client = TestClient(create_app(lambda: scorer, TriageSettings()), raise_server_exceptions=False)
    answer = client.post("/v1/predictions", content=photos.jpeg(), headers={"Content-Type": "image/jpeg"})
    held.set()
    assert (answer.status_code, answer.json()["code"]) == (503, "took_too_long")


@pytest.mark.parametrize("media_type", ["image/jpeg", "application/json", "multipart/form-data; boundary=x"])
def test_a_body_that_does_not_come_is_told_so(monkeypatch: pytest.MonkeyPatch, media_type: str) -> None:
    monkeypatch.setattr(body, "_BODY_WITHIN_S", 0.05)
    scorer = packages.scorer()
    app = create_app(lambda: scorer, TriageSettings())
    sent: list[dict[str, Any]] = []
    first = True

    async def receive() -> dict[str, Any]:
        nonlocal first
        if not first:
            await asyncio.sleep(20)
        first = False
        return {"type": "http.request", "body": b"--x", "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/v1/predictions",
        "raw_path": b"/v1/predictions",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"content-type", media_type.encode())],
        "server": ("test", 80),
        "client": ("test", 1),
    }
    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 408
    assert b"request_too_slow" in sent[1]["body"]
