"""Nothing that a photo knows about a person comes out anywhere: not its metadata, its name, its pixels, its owner.

Telling photos go through every door, whole, damaged and into a program that stumbles; then all that was said, on
standard output and error and in every response, is searched for each secret in every spelling that programs use.
"""

from __future__ import annotations

import base64
import io
import json
import logging
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

import httpx2
import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from functions.triage import judging
from functions.triage.body import MAX_BODY_BYTES
from functions.triage.handler import handler
from functions.triage.routes import create_app
from functions.triage.scorer import load_scorer
from functions.triage.settings import TriageSettings
from tests.events import GATEWAYS, context, event
from tests.triage import photos
from tests.triage.forms import FORM, Part, form, photo_form
from tests.triage.served import served

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.triage.conftest import Ear, Said

OWNER = "Ottilie Quillfeather"
COMMENT = "left breast, worried since August"
PLACE = "Kvarngatan 17B, Visby"
FILE_NAME = "ottilie-quillfeather-left-breast.jpg"
LATITUDE, LONGITUDE = (57.0, 38.0, 48.7731), (18.0, 17.0, 32.9187)
SECRETS = (OWNER, COMMENT, PLACE, FILE_NAME, "Quillfeather", "Kvarngatan", "48.773", "32.918", "57.646", "18.292")


def telling_photo(kind: str = "JPEG") -> bytes:
    """Return a photo that tells who owns it, where it was taken, and what of, in every way its format has."""
    exif = Image.Exif()
    exif[0x010E], exif[0x013B], exif[0x8298] = COMMENT, OWNER, OWNER  # description, artist, copyright
    exif.get_ifd(0x8769).update({0xA430: OWNER, 0x9286: b"ASCII\0\0\0" + COMMENT.encode()})
    exif.get_ifd(0x8825).update({1: "N", 2: LATITUDE, 3: "E", 4: LONGITUDE})
    xmp = (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><dc:creator>{OWNER}</dc:creator><city>{PLACE}</city></x:xmpmeta>'.encode()
    )
    if kind == "HEIF":
        return photos.heic(exif=exif.tobytes(), xmp=xmp)
    photo = photos.encoded(photos.picture(), kind, exif=exif.tobytes(), quality=90)
    if kind == "JPEG":
        photo = photos.with_segment(photo, 0xFE, COMMENT.encode())
        photo = photos.with_segment(photo, 0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp)
        photo = photos.with_segment(photo, 0xED, b"Photoshop 3.0\0" + PLACE.encode())
    if kind == "PNG":
        photo = photos.with_chunk(photo, b"tEXt", b"Author\0" + OWNER.encode())
    return photo


def spellings(secret: bytes) -> set[str]:
    """Return how a program may write bytes: as text, escaped, in hexadecimal, in base64 wherever it begins."""
    text = secret.decode("latin-1")
    in_base64 = set()
    for before in range(3):  # what stands before it and behind it shares a character with it
        encoded = base64.b64encode(bytes(before) + secret).decode()
        in_base64.add(encoded[(0, 2, 3)[before] : 4 * (before + len(secret)) // 3])
    return {text, quote(secret), secret.hex(), secret.hex(" "), repr(secret)[2:-1], json.dumps(text)[1:-1], *in_base64}


def windows(photo: bytes) -> Iterable[bytes]:
    """Return pieces of a photo, from its beginning to its end."""
    step = max(1, len(photo) // 200)
    return (photo[at : at + 24] for at in range(0, len(photo) - 24, step))


def secrets_in(said: str, photo: bytes) -> set[str]:
    """Return each secret that was said."""
    told = {secret for secret in SECRETS if any(spelling in said for spelling in spellings(secret.encode()))}
    pieces = [piece for piece in windows(photo) if len(set(piece)) > 8]
    assert pieces
    shown = any(spelling in said for piece in pieces for spelling in spellings(piece))
    return told | ({"pixels"} if shown else set())


@pytest.fixture(scope="module")
def drawn(package: Path) -> TestClient:
    loaded = load_scorer(package)
    return TestClient(create_app(lambda: loaded, TriageSettings()), raise_server_exceptions=False)


@dataclass
class Asked:
    """A request to the predictions, and what must come of it."""

    name: str
    body: bytes
    media_type: str
    status: int

    @classmethod
    def all(cls) -> list[Self]:
        photo = telling_photo()
        cut = photo[: len(photo) // 2]
        return [
            cls("raw", photo, "image/jpeg", 200),
            cls("form", photo_form(photo, file_name=FILE_NAME, sex="female", site="palms/soles"), FORM, 200),
            cls("png", telling_photo("PNG"), "image/png", 200),
            cls("webp", telling_photo("WEBP"), "image/webp", 200),
            cls("heic", telling_photo("HEIF"), "image/heic", 200),
            cls("damaged", cut, "image/jpeg", 422),
            cls("damaged in a form", photo_form(cut, file_name=FILE_NAME), FORM, 422),
            cls("not a photo", (OWNER * 200).encode(), "image/jpeg", 415),
            cls("form cut short", photo_form(photo, file_name=FILE_NAME)[:-9], FORM, 400),
            cls("form without a boundary", photo_form(photo, file_name=FILE_NAME), "multipart/form-data", 400),
            cls("form of noise", OWNER.encode() + bytes(range(256)), FORM, 400),
            cls("photo as text", form(Part("photo", photo)), FORM, 400),
            cls("secret in a field", photo_form(photo, file_name=FILE_NAME, sex=OWNER, age=COMMENT), FORM, 422),
            cls(
                "secret in a further file", form(Part("photo", photo, FILE_NAME), Part("x", cut, FILE_NAME)), FORM, 422
            ),
            cls("too large", photo + bytes(MAX_BODY_BYTES), "image/jpeg", 413),
            cls("too large in a form", photo_form(photo + bytes(MAX_BODY_BYTES), file_name=FILE_NAME), FORM, 413),
            cls("as JSON", json.dumps({"name": OWNER}).encode(), "application/json", 400),
        ]


def test_the_photos_tell_what_is_searched_for() -> None:
    """If they did not, the tests below would find nothing for the wrong reason."""
    for kind in ("JPEG", "PNG", "WEBP", "HEIF"):
        assert OWNER in telling_photo(kind).decode("latin-1")
    with Image.open(io.BytesIO(telling_photo())) as opened:
        assert opened.getexif().get_ifd(0x8825)[2] == pytest.approx(LATITUDE)


@pytest.mark.parametrize("write", [str, lambda text: text.encode().hex(), quote])
def test_the_search_finds_a_secret_however_it_is_written(write: Any) -> None:
    assert OWNER in secrets_in(f"something {write(OWNER)} something", telling_photo())


@pytest.mark.parametrize("before", range(4))
def test_the_search_finds_a_secret_and_pixels_in_base64(before: int) -> None:
    photo = telling_photo()
    assert OWNER in secrets_in(base64.b64encode(bytes(before) + OWNER.encode() + b"and more").decode(), photo)
    assert "pixels" in secrets_in(base64.b64encode(bytes(before) + photo[-3000:-2000]).decode(), photo)
    assert "pixels" in secrets_in(repr(photo[before : before + 3000]), photo)
    assert secrets_in(base64.b64encode(bytes(range(256)) * 20).decode(), photo) == set()


@pytest.mark.parametrize("asked", Asked.all(), ids=lambda asked: asked.name)
def test_nothing_is_told_over_http(drawn: TestClient, ear: Ear, caplog: pytest.LogCaptureFixture, asked: Asked) -> None:
    # What a library would say, were someone to turn its logs on.
    caplog.set_level(logging.DEBUG)
    response = drawn.post(
        "/v1/predictions", content=asked.body, headers={"Content-Type": asked.media_type, "User-Agent": OWNER}
    )
    said = ear.heard()
    assert response.status_code == asked.status
    everything = said.out + said.err + caplog.text + response.text + repr(response.headers)
    assert secrets_in(everything, asked.body) == set()
    assert "palms/soles" not in everything
    assert_one_line_a_photo(said, judged=response.status_code == 200)


def assert_one_line_a_photo(said: Said, *, judged: bool) -> None:
    (line,) = said.lines
    assert line["message"] == ("photo judged" if judged else "request refused")
    known = {"level", "location", "message", "timestamp", "service", "request_id"}
    of_a_photo = {
        "prediction_id",
        "model_version",
        "photo_bytes",
        "risk_band",
        "reasons",
        "domain",
        "pixels_ms",
        "network_ms",
    }
    assert set(line) - known == (of_a_photo if judged else {"code"})
    for record in said.metrics:
        declared = record.pop("_aws")["CloudWatchMetrics"]
        assert [metrics["Dimensions"] for metrics in declared] == [[["service"]]]
        assert record.pop("service") in {"triage", "problems"}
        assert all(isinstance(value, float) for values in record.values() for value in values)
    assert said.err == ""


@pytest.mark.parametrize("gateway", GATEWAYS)
@pytest.mark.parametrize("asked", Asked.all()[:9], ids=lambda asked: asked.name)
def test_nothing_is_told_through_the_handler(gateway: str, asked: Asked, ear: Ear) -> None:
    sent = event(gateway, "/v1/predictions", asked.body, asked.media_type)
    handler(event(gateway, "/v1/health"), context())  # counts the cold start, if this is one
    ear.heard()
    answer = handler(sent, context())
    said = ear.heard()
    assert answer["statusCode"] == asked.status
    everything = said.out + said.err + json.dumps(answer)
    assert secrets_in(everything, asked.body) == set()
    for of_the_caller in ("203.0.113.7", "curl/8.7.1"):
        assert of_the_caller not in everything
    assert_one_line_a_photo(said, judged=asked.status == 200)


@pytest.mark.parametrize("where", ["over HTTP", "through the handler"])
def test_a_program_that_stumbles_tells_nothing(
    drawn: TestClient, ear: Ear, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    photo = telling_photo()
    body = photo_form(photo, file_name=FILE_NAME)

    def stumble(sent: bytes, *_: Any, **__: Any) -> Any:
        raise ValueError(f"{FILE_NAME}, {LATITUDE}, {sent!r}") from KeyError(OWNER)

    monkeypatch.setattr(judging, "answer_photo", stumble)
    if where == "over HTTP":
        response = drawn.post("/v1/predictions", content=body, headers={"Content-Type": FORM})
        status, answered = response.status_code, response.text
    else:
        answer = handler(event("http_default", "/v1/predictions", body, FORM), context())
        status, answered = answer["statusCode"], json.dumps(answer)
    said = ear.heard()
    assert (status, "internal_error" in answered) == (500, True)
    assert secrets_in(said.out + said.err + answered, photo) == set()
    assert [line["exception"] for line in said.lines] == ["ValueError"]


def test_a_server_tells_nothing_on_its_terminal(package: Path, tmp_path: Path) -> None:
    log = tmp_path / "out.txt"
    with log.open("w", encoding="utf-8") as out, served(out, TRIAGE_MODEL_DIR=str(package)) as server:
        answered = ""
        for asked in Asked.all():
            response = httpx2.post(
                f"{server.address}/v1/predictions", content=asked.body, headers={"Content-Type": asked.media_type}
            )
            assert response.status_code == asked.status
            answered += response.text
        httpx2.get(f"{server.address}/v1/health", params={"owner": "1"})
        httpx2.get(f"{server.address}/{quote(FILE_NAME)}")
        server.process.terminate()
        server.process.wait()
        assert server.process.stderr is not None
        assert server.process.stderr.read() == "", "no library speaks out of turn"
        said = log.read_text(encoding="utf-8")
    assert all(json.loads(line) for line in said.splitlines())
    assert "photo judged" in said
    for asked in Asked.all():
        assert secrets_in(said + answered, asked.body) == set()


def test_the_command_line_tells_its_caller_the_files_name_and_nothing_else(package: Path, tmp_path: Path) -> None:
    whole, cut = tmp_path / FILE_NAME, tmp_path / f"cut-{FILE_NAME}"
    whole.write_bytes(telling_photo())
    cut.write_bytes(telling_photo()[:-2000])
    ran = subprocess.run(
        [sys.executable, "-m", "functions", "predict", "--json", str(whole), str(cut)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TRIAGE_MODEL_DIR": str(package)},
    )
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [line.pop("file") for line in lines] == [str(whole), str(cut)]
    assert ["score" in line for line in lines] == [True, False]
    assert secrets_in(json.dumps(lines) + ran.stderr, whole.read_bytes()) == set()


class _Disk:
    """Hears of every file that Python opens for writing, while it is told to listen."""

    def __init__(self) -> None:
        self.listening = False
        self.written: list[str] = []
        sys.addaudithook(self._heard)  # stays for good, and costs next to nothing

    def _heard(self, name: str, arguments: tuple[Any, ...]) -> None:
        if not self.listening:
            return
        writes = name == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if writes or name.startswith(("tempfile.", "shutil.", "os.mkdir", "os.rename")):
            self.written.append(f"{name} {arguments}")


@pytest.fixture(scope="module")
def disk() -> _Disk:
    return _Disk()


def test_the_watch_over_the_disk_sees_a_large_spooled_file(disk: _Disk) -> None:
    import tempfile

    disk.written.clear()
    disk.listening = True
    with tempfile.SpooledTemporaryFile(max_size=10) as spooled:
        spooled.write(bytes(20))
    disk.listening = False
    assert disk.written


@pytest.mark.parametrize("through", ["raw", "form", "handler"])
def test_a_photo_of_four_megabytes_never_touches_a_disk(drawn: TestClient, disk: _Disk, through: str) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (1140, 1200, 3), dtype=np.uint8)
    photo = photos.png(Image.fromarray(noise), compress_level=1)
    assert 3.9e6 < len(photo) < MAX_BODY_BYTES
    body, media_type = (photo, "image/png") if through == "raw" else (photo_form(photo, file_name=FILE_NAME), FORM)
    sent = event("rest_stage", "/v1/predictions", body, media_type)
    disk.written.clear()
    disk.listening = True
    try:
        if through == "handler":
            status = handler(sent, context())["statusCode"]
        else:
            headers = {"Content-Type": media_type}
            status = drawn.post("/v1/predictions", content=body, headers=headers).status_code
    finally:
        disk.listening = False
    assert status == 200
    assert disk.written == []


_TRACED = """
import json, sys
from functions.triage import judging
from functions.triage.handler import handler
from tests.events import context

asked = json.load(sys.stdin)
statuses = [handler(asked, context())["statusCode"]]
answer_photo = judging.answer_photo

def stumble(sent, *_, **__):
    raise ValueError(repr(sent))

judging.answer_photo = stumble
statuses.append(handler(asked, context())["statusCode"])
print(statuses)
"""


def test_a_trace_tells_when_and_not_what(package: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        daemon.settimeout(30)
        ran = subprocess.run(
            [sys.executable, "-c", _TRACED],
            input=json.dumps(event("http_default", "/v1/predictions", photo_form(telling_photo()), FORM)),
            capture_output=True,
            text=True,
            check=True,
            env={
                **os.environ,
                "TRIAGE_MODEL_DIR": str(package),
                "TRIAGE_TRACING": "true",
                "LAMBDA_TASK_ROOT": "/var/task",
                "_X_AMZN_TRACE_ID": "Root=1-6921f0a5-3c1d5e7f9a0b2c4d6e8f0a1b;Parent=53995c3f42cd8ad8;Sampled=1",
                "AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{daemon.getsockname()[1]}",
            },
        )
        sent = [daemon.recv(65536).decode() for _ in range(2)]
    assert ran.stdout.splitlines()[-1] == "[200, 500]"
    assert all('"name": "## answer_photo"' in trace for trace in sent)
    assert secrets_in("".join(sent) + ran.stdout + ran.stderr, telling_photo()) == set()
