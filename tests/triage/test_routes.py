"""The API from outside: every door gives the same answer, and every refusal is a typed problem."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import io
import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from starlette.testclient import TestClient

from functions.common.problems import ModelUnavailable
from functions.triage import answer, judging
from functions.triage.body import MAX_BODY_BYTES
from functions.triage.card import PersonEffect, QualityThresholds
from functions.triage.handler import handler
from functions.triage.routes import create_app
from functions.triage.scorer import load_scorer
from functions.triage.settings import TriageSettings
from tests.events import context, event
from tests.triage import packages, photos
from tests.triage.forms import FORM, Part, form, photo_form
from tests.triage.photos import heic, jpeg, png, webp

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from httpx2 import Response

    from functions.triage.scorer import Scorer
    from tests.triage.conftest import Ear

PHOTO = Part("photo", jpeg(), "photo.jpg", "image/jpeg")


@pytest.fixture(scope="module")
def drawn(package: Path) -> TestClient:
    """Return a client of the app with the small drawn package."""
    loaded = load_scorer(package)
    return TestClient(create_app(lambda: loaded, TriageSettings()), raise_server_exceptions=False)


def post(client: TestClient, body: bytes, media_type: str | None = "image/jpeg", **query: str | list[str]) -> Response:
    headers = {} if media_type is None else {"Content-Type": media_type}
    return client.post("/v1/predictions", content=body, headers=headers, params=query)


def refused(response: Response, status: int, code: str) -> str:
    """Check that a response is a problem, and return its detail."""
    problem = response.json()
    assert (response.status_code, problem["code"]) == (status, code)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert problem["status"] == status
    assert problem["type"] == f"urn:dermacast:problem:{code}"
    assert problem["request_id"] == response.headers["X-Request-Id"]
    detail: str = problem["detail"]
    assert detail.endswith(".")
    return detail


# The same answer through every door


def test_every_door_gives_the_same_answer(client: TestClient, tmp_path: Path) -> None:
    file = tmp_path / "photo.jpg"
    file.write_bytes(jpeg())
    ran = subprocess.run(
        [sys.executable, "-m", "functions", "predict", "--json", str(file)], capture_output=True, text=True, check=True
    )
    through = {
        "raw": post(client, jpeg()).json(),
        "form": post(client, photo_form(jpeg()), FORM).json(),
        "command line": json.loads(ran.stdout),
        **{
            gateway: json.loads(handler(event(gateway, "/v1/predictions", jpeg()), context())["body"])
            for gateway in ("rest_stage", "http_default")
        },
    }
    raw = through["raw"]
    for found in through.values():
        assert found["probability"] == pytest.approx(raw["probability"], abs=1e-6)
        assert found["diagnoses"] == pytest.approx(raw["diagnoses"], abs=1e-6)
        same = ("score", "label", "risk_band", "advice", "model", "disclaimer")
        assert [found[name] for name in same] == [raw[name] for name in same]
    assert len({found["prediction_id"] for found in through.values()}) == len(through)
    assert len({found["request_id"] for found in (raw, through["form"], through["command line"])}) == 3


@pytest.mark.parametrize(
    ("media_type", "write"),
    [("image/jpeg", jpeg), ("image/png", png), ("image/webp", webp), ("image/heic", heic), ("IMAGE/JPEG; q=1", jpeg)],
)
def test_a_photo_in_every_format(drawn: TestClient, media_type: str, write: Callable[[], bytes]) -> None:
    response = post(drawn, write(), media_type)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.json()["risk_band"] in {"low", "watch", "urgent"}


def test_what_a_photo_is_its_content_says_and_not_its_media_type(drawn: TestClient) -> None:
    as_png, as_jpeg = post(drawn, png(), "image/png"), post(drawn, png(), "image/jpeg")
    assert as_png.json()["probability"] == as_jpeg.json()["probability"]
    refused(post(drawn, b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"), 415, "photo_format_unsupported")


def test_the_photo_may_stand_anywhere_in_the_form(drawn: TestClient) -> None:
    response = post(drawn, form(Part("sex", b"male"), PHOTO, Part("site", b"anterior torso")), FORM)
    assert response.status_code == 200


# What may be told about the person


@pytest.mark.parametrize(
    "told", [{"sex": "female"}, {"age": "0"}, {"age": "120"}, {"site": "oral/genital"}, {"sex": "male", "age": "44"}]
)
def test_it_may_stand_in_the_address_or_in_the_form(drawn: TestClient, told: dict[str, str]) -> None:
    alone = post(drawn, jpeg()).json()["probability"]
    assert post(drawn, jpeg(), **told).json()["probability"] == alone
    assert post(drawn, photo_form(jpeg(), **told), FORM).json()["probability"] == alone


def test_what_is_told_reaches_the_answer_and_only_its_names_come_back() -> None:
    effect = PersonEffect(shrink=1.0, log_ratios={"sex": {"female": [1.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0]}})
    scorer = packages.scorer()
    knowing = dataclasses.replace(scorer, card=scorer.card.model_copy(update={"person": effect}))
    with TestClient(create_app(lambda: knowing, TriageSettings())) as client:
        alone = post(client, jpeg()).json()
        by_address = post(client, jpeg(), sex="female", age="44").json()
        by_form = post(client, photo_form(jpeg(), sex="female", age="44"), FORM).json()
    assert by_address["probability"] == by_form["probability"] > alone["probability"]
    assert (alone["used"], by_address["used"], by_form["used"]) == ([], ["sex"], ["sex"])


def test_it_may_stand_partly_here_and_partly_there(drawn: TestClient) -> None:
    assert post(drawn, photo_form(jpeg(), sex="female"), FORM, age="44").status_code == 200


def test_a_field_that_a_person_left_empty_is_absent(drawn: TestClient) -> None:
    assert post(drawn, photo_form(jpeg(), sex="", age="", site=""), FORM).status_code == 200


@pytest.mark.parametrize(
    "told", [{"sex": "other"}, {"age": "121"}, {"age": "-1"}, {"age": "4.5"}, {"age": "9" * 5000}, {"site": "nose"}]
)
def test_a_value_that_is_not_allowed_is_named(drawn: TestClient, told: dict[str, str]) -> None:
    (name,) = told
    for response in (post(drawn, jpeg(), **told), post(drawn, photo_form(jpeg(), **told), FORM)):
        detail = refused(response, 422, "parameter_invalid")
        assert detail.startswith(f"{name}: ")
        assert told[name] not in detail


def test_an_unknown_name_is_refused(drawn: TestClient) -> None:
    assert "patient" in refused(post(drawn, jpeg(), patient="1"), 422, "parameter_unknown")
    for fields in ({"patient": "1"}, {"patient": ""}, {"Sex": "male"}):
        (name,) = fields
        assert name in refused(post(drawn, photo_form(jpeg(), **fields), FORM), 422, "parameter_unknown")
    further_file = form(PHOTO, Part("scan", jpeg(), "scan.jpg"))
    assert "scan" in refused(post(drawn, further_file, FORM), 422, "parameter_unknown")


def test_a_name_given_twice_is_refused(drawn: TestClient) -> None:
    in_form = form(PHOTO, Part("sex", b"male"), Part("sex", b"male"))
    for response in (
        post(drawn, photo_form(jpeg(), sex="male"), FORM, sex="male"),
        post(drawn, in_form, FORM),
        post(drawn, jpeg(), sex=["male", "female"]),
    ):
        assert "Given more than once: sex" in refused(response, 422, "parameter_invalid")


def test_a_file_where_text_belongs_is_refused(drawn: TestClient) -> None:
    response = post(drawn, form(PHOTO, Part("sex", b"male", "sex.txt")), FORM)
    assert refused(response, 422, "parameter_invalid").startswith("sex: ")


# Why


def test_an_explanation_comes_only_when_it_is_asked_for(drawn: TestClient) -> None:
    assert post(drawn, jpeg()).json()["explanation"] is None
    assert post(drawn, jpeg(), explain="false").json()["explanation"] is None
    found = post(drawn, jpeg(), explain="true").json()
    assert found["explanation"]["media_type"] == "image/png"
    assert Image.open(io.BytesIO(base64.b64decode(found["explanation"]["data"]))).format == "PNG"
    assert post(drawn, photo_form(jpeg()), FORM, explain="true", age="44").json()["explanation"]


def test_explain_is_yes_or_no_once_and_in_the_address(drawn: TestClient) -> None:
    for value in ("why", "1", "yes", "True", ""):
        assert refused(post(drawn, jpeg(), explain=value), 422, "parameter_invalid").startswith("explain: ")
    refused(post(drawn, jpeg(), explain=["true", "true"]), 422, "parameter_invalid")
    refused(post(drawn, photo_form(jpeg(), explain="true"), FORM), 422, "parameter_unknown")


def test_a_photo_that_cannot_be_judged_is_an_answer_without_a_score(package: Path, ear: Ear) -> None:
    loaded = load_scorer(package)
    thresholds = QualityThresholds(
        brightness_from=60, glare_to=0.05, sharpness_from=0.0, contrast_from=0.0, chosen="here"
    )
    careful = dataclasses.replace(loaded, card=loaded.card.model_copy(update={"quality": thresholds}))
    client = TestClient(create_app(lambda: careful, TriageSettings()))
    response = post(client, png(Image.new("RGB", (120, 120), (9, 9, 9))))
    found = response.json()
    assert response.status_code == 200
    assert (found["risk_band"], found["reasons"], found["score"]) == ("unsure", ["dark"], None)
    said = ear.heard()
    assert (said.lines[0]["risk_band"], said.lines[0]["reasons"]) == ("unsure", ["dark"])
    (record,) = said.metrics
    assert (record["Band_unsure"], record["Reason_dark"]) == ([1.0], [1.0])
    assert not {"Score", "NetworkTime"} & record.keys()


# Bodies that are no photo


def test_an_empty_body(drawn: TestClient) -> None:
    refused(post(drawn, b""), 400, "photo_empty")
    refused(post(drawn, form(Part("photo", b"", "photo.jpg")), FORM), 400, "photo_empty")


@pytest.mark.parametrize(
    "media_type",
    [None, "", "application/octet-stream", "multipart/mixed; boundary=x", "text/plain"],
)
def test_a_wrong_media_type_is_named(drawn: TestClient, media_type: str | None) -> None:
    detail = refused(post(drawn, jpeg(), media_type), 415, "media_type_unsupported")
    assert (media_type or "of no stated type").partition(";")[0] in detail
    assert "image/*" in detail
    assert "multipart/form-data" in detail


@pytest.mark.parametrize("code", ["photo_too_small", "photo_unreadable", "photo_animated", "photo_ambiguous"])
def test_a_photo_that_cannot_be_judged_says_why(drawn: TestClient, code: str) -> None:
    small = Image.fromarray(np.zeros((50, 50, 3), np.uint8))
    photo = {
        "photo_too_small": lambda: png(small),
        "photo_unreadable": lambda: jpeg()[:-2000],
        "photo_animated": lambda: photos.encoded(
            photos.picture(), "WEBP", save_all=True, append_images=[photos.picture().rotate(90)]
        ),
        "photo_ambiguous": lambda: jpeg() + photos.zip_archive(),
    }[code]()
    refused(post(drawn, photo), 422, code)
    refused(post(drawn, photo_form(photo), FORM), 422, code)


# Forms that are none


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        pytest.param(photo_form(jpeg()), "multipart/form-data", id="no boundary stated"),
        pytest.param(photo_form(jpeg()), "multipart/form-data; boundary=another", id="another boundary"),
        pytest.param(b"", FORM, id="nothing"),
        pytest.param(b"\x00\xff" * 40, FORM, id="noise"),
        pytest.param(photo_form(jpeg())[:-8], FORM, id="cut in the last boundary"),
        pytest.param(photo_form(jpeg())[:5000], FORM, id="cut in the photo"),
        pytest.param(photo_form(jpeg())[:60], FORM, id="cut in a header"),
        pytest.param(photo_form(jpeg()).replace(b'name="photo"', b""), FORM, id="a part without a name"),
        pytest.param(form(PHOTO, *(Part(f"field{n}", b"") for n in range(40))), FORM, id="very many fields"),
        pytest.param(form(*(Part(f"file{n}", b"", "x") for n in range(40))), FORM, id="very many files"),
        pytest.param(photo_form(jpeg(), sex="male"), f"{FORM}; charset=undefined", id="a charset that decodes nothing"),
    ],
)
def test_a_form_that_cannot_be_read(drawn: TestClient, body: bytes, media_type: str) -> None:
    assert "form" in refused(post(drawn, body, media_type), 400, "multipart_malformed")


def test_two_photos(drawn: TestClient) -> None:
    detail = refused(post(drawn, form(PHOTO, PHOTO), FORM), 422, "parameter_invalid")
    assert "more than once: photo" in detail


@pytest.mark.parametrize("size", [1, 2_000_000])
def test_a_photo_as_a_plain_field(drawn: TestClient, size: int) -> None:
    detail = refused(post(drawn, form(Part("photo", b"x" * size)), FORM), 400, "photo_missing")
    assert "text, not a file" in detail


def test_a_form_without_a_photo(drawn: TestClient) -> None:
    assert "not in the form" in refused(post(drawn, form(Part("sex", b"male")), FORM), 400, "photo_missing")
    refused(post(drawn, form(Part("file", jpeg(), "photo.jpg")), FORM), 400, "photo_missing")


@given(st.binary(max_size=400))
@settings(max_examples=60, deadline=None)
def test_no_form_makes_it_stumble(drawn: TestClient, noise: bytes) -> None:
    good = photo_form(png(), sex="female")
    for body in (noise, good[:70] + noise + good[70:], good[:-20] + noise):
        assert post(drawn, body, FORM).status_code in {200, 400, 413, 415, 422}


# Limits


def noisy_photo(size: int) -> bytes:
    """Return a photo of exactly this many bytes: noise does not compress, and padding is allowed behind a PNG."""
    noise = np.random.default_rng(3).integers(0, 256, (1100, 1200, 3), dtype=np.uint8)
    photo = png(Image.fromarray(noise), compress_level=1)
    assert len(photo) <= size
    return photo + bytes(size - len(photo))


def test_a_photo_of_just_the_limit_is_judged_and_one_byte_more_is_not(drawn: TestClient) -> None:
    largest = noisy_photo(MAX_BODY_BYTES)
    assert post(drawn, largest).status_code == 200
    assert post(drawn, photo_form(largest, sex="female"), FORM).status_code == 200
    for response in (post(drawn, largest + b"\x00"), post(drawn, photo_form(largest + b"\x00"), FORM)):
        assert f"{MAX_BODY_BYTES:,}" in refused(response, 413, "photo_too_many_bytes")


@pytest.mark.parametrize("media_type", ["image/jpeg", FORM])
def test_no_more_is_read_than_the_limit(drawn: TestClient, media_type: str) -> None:
    chunk, given = 64 * 1024, []
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/v1/predictions",
        "root_path": "",
        "query_string": b"",
        "headers": [(b"content-type", media_type.encode())],
    }
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        given.append(chunk)
        return {"type": "http.request", "body": b"\xff" * chunk, "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    async def ask() -> None:
        await asyncio.wait_for(drawn.app(scope, receive, send), timeout=30)  # type: ignore[arg-type]

    asyncio.run(ask())
    assert sent[0]["status"] == 413
    assert sum(given) <= MAX_BODY_BYTES + 3 * chunk


def test_a_caller_who_goes_away_is_no_error(drawn: TestClient, ear: Ear) -> None:
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": "/v1/predictions",
        "query_string": b"",
        "headers": [(b"content-type", b"image/jpeg")],
    }
    waiting = [{"type": "http.request", "body": b"\xff\xd8", "more_body": True}, {"type": "http.disconnect"}]

    async def receive() -> Any:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(_message: Any) -> None:
        return

    asyncio.run(drawn.app(scope, receive, send))  # type: ignore[arg-type]
    said = ear.heard()
    assert (said.lines, said.err) == ([], "")


# What goes with every response


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/page/app.js", 200),
        ("GET", "/docs", 200),
        ("GET", "/openapi.json", 200),
        ("GET", "/v1/health", 200),
        ("GET", "/v1/model", 200),
        ("POST", "/v1/predictions", 415),
        ("GET", "/v1/predictions", 405),
        ("GET", "/nothing", 404),
    ],
)
def test_every_response_is_named_and_keeps_browsers_careful(
    drawn: TestClient, method: str, path: str, status: int
) -> None:
    response = drawn.request(method, path, headers={"X-Request-Id": "chosen by a caller"})
    assert response.status_code == status
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", response.headers["X-Request-Id"])
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert "geolocation=(self)" in response.headers["Permissions-Policy"]
    assert "max-age=" in response.headers["Strict-Transport-Security"]
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http:" not in policy
    assert "https:" not in policy
    assert ("'unsafe-inline'" in policy) is (path == "/docs")
    assert response.headers["Cache-Control"] == ("no-store" if path.startswith("/v1/") else "no-cache")


def test_no_two_requests_have_the_same_name(drawn: TestClient) -> None:
    assert len({drawn.get("/v1/health").headers["X-Request-Id"] for _ in range(5)}) == 5


# What is not there


@pytest.mark.parametrize(
    "path",
    ["/v2/predictions", "/v1", "/v1/health/", "/page/", "/page/none.js", "/page/%2e%2e/routes.py", "/redoc", "/%00"],
)
def test_an_unknown_address(drawn: TestClient, path: str) -> None:
    response = drawn.get(path, follow_redirects=False)
    assert "/docs" in refused(response, 404, "route_unknown")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/predictions", "POST"),
        ("DELETE", "/v1/predictions", "POST"),
        ("POST", "/v1/health", "GET"),
        ("PUT", "/v1/model", "GET"),
    ],
)
def test_a_method_that_a_route_does_not_take(drawn: TestClient, method: str, path: str, allowed: str) -> None:
    response = drawn.request(method, path)
    detail = refused(response, 405, "method_not_allowed")
    assert method in detail
    assert path in detail
    assert response.headers["Allow"] == allowed


@pytest.mark.parametrize("path", ["/v1/health", "/v1/model"])
def test_routes_without_parameters_take_none(drawn: TestClient, path: str) -> None:
    assert "verbose" in refused(drawn.get(path, params={"verbose": "1"}), 422, "parameter_unknown")


# Our own faults


NAME = "patient Bob"


class _Quoting(Exception):
    """What a library may raise: its message quotes what it was given."""


def test_an_unexpected_error_tells_where_and_not_what(
    drawn: TestClient, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_: Any, **__: Any) -> Any:
        raise _Quoting(NAME)

    monkeypatch.setattr(judging, "answer_photo", stumble)
    response = post(drawn, jpeg())
    refused(response, 500, "internal_error")
    said = ear.heard()
    assert NAME not in response.text + said.out + said.err
    (line,) = said.lines
    assert (line["level"], line["exception"], line["code"]) == ("ERROR", "_Quoting", "internal_error")
    assert line["request_id"] == response.headers["X-Request-Id"]
    assert any("stumble" in frame for frame in line["stack"])


def test_an_error_in_a_route_without_a_photo_is_one_too(ear: Ear) -> None:
    def stumble() -> Scorer:
        raise _Quoting(NAME)

    broken = TestClient(create_app(stumble, TriageSettings()), raise_server_exceptions=False)
    refused(broken.get("/v1/health"), 500, "internal_error")
    assert NAME not in ear.heard().out
    assert broken.get("/").status_code == 200


def test_without_a_model_the_service_says_so(ear: Ear) -> None:
    def absent() -> Scorer:
        raise ModelUnavailable("model.onnx of the model package 'model' is not the file in its manifest.")

    broken = TestClient(create_app(absent, TriageSettings()))
    for response in (post(broken, jpeg()), broken.get("/v1/health"), broken.get("/v1/model")):
        refused(response, 503, "model_unavailable")
    assert {line["level"] for line in ear.heard().lines} == {"ERROR"}


# What can be read


def test_the_health_names_the_model(drawn: TestClient, package: Path) -> None:
    manifest = json.loads((package / "manifest.json").read_text(encoding="utf-8"))
    assert drawn.get("/v1/health").json() == {
        "status": "ok",
        "model": {"version": "2026.11.22-drawn", "sha256": manifest["sha256"]["model.onnx"]},
    }


def test_the_card_is_shown_whole(drawn: TestClient, package: Path) -> None:
    found = drawn.get("/v1/model").json()
    assert found["card"] == json.loads((package / "card.json").read_text(encoding="utf-8"))
    assert found["sha256"] == drawn.get("/v1/health").json()["model"]["sha256"]


def test_a_prediction_shows_no_more_and_no_less_than_its_fields(drawn: TestClient) -> None:
    assert set(post(drawn, jpeg()).json()) == set(answer.Prediction.model_fields)


def test_the_documents_load_nothing_from_another_host(drawn: TestClient) -> None:
    docs = drawn.get("/docs").text
    assert re.findall(r"""(?:src|href|url)\s*[=:]\s*["'](?:https?:)?//""", docs) == []
    loaded = re.findall(r"""(?:src|href)="([^"]+)\"""", docs)
    assert len(loaded) == 3
    for address in loaded:
        assert drawn.get(address).status_code == 200


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/", "text/html"),
        ("/page/app.js", "text/javascript"),
        ("/page/style.css", "text/css"),
        ("/page/icon.svg", "image/svg"),
    ],
)
def test_the_page_is_there(drawn: TestClient, path: str, media_type: str) -> None:
    response = drawn.get(path)
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith(media_type)


def test_what_a_photo_told_is_counted_and_not_who(drawn: TestClient, ear: Ear) -> None:
    response = post(drawn, jpeg())
    said = ear.heard()
    (line,) = said.lines
    assert line["message"] == "photo judged"
    assert line["request_id"] == response.json()["request_id"]
    assert line["prediction_id"] == response.json()["prediction_id"]
    assert line["photo_bytes"] == len(jpeg())
    (record,) = said.metrics
    assert record["Photos"] == [1.0]
    assert record["Score"] == [response.json()["score"]]
    assert record[f"Band_{response.json()['risk_band']}"] == [1.0]


def test_base64_is_no_photo(drawn: TestClient) -> None:
    refused(post(drawn, base64.b64encode(jpeg())), 415, "photo_format_unsupported")
