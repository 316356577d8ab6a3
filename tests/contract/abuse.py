"""Requests that no honest client sends: mutated ones by the thousand, slow ones, broken ones."""

from __future__ import annotations

import http.client
import json
import random
import socket
import string
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from functions.common.problems import every_problem
from functions.triage.person import Person
from tests.triage.forms import FORM, photo_form
from tests.triage.photos import heic, jpeg, png, webp

if TYPE_CHECKING:
    from collections.abc import Iterator

CODES = {kind.code: kind.status for kind in every_problem()}
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW")
_TYPES = ("image/jpeg", "image/png", "application/json", "text/plain", "multipart/form-data", FORM, "image/", "")
_NAMES = ("explain", "lang", "age", "sex", "site", "city", "latitude", "country", "q", "cancer", "__proto__", "")
_VALUES = ("", "true", "1", "-1", "1e400", "NaN", "../../etc", "<script>", "%00", "\U0001f600", "a" * 2000, "x'--")


@dataclass(frozen=True)
class Sent:
    """One request."""

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def honest() -> list[Sent]:
    """Return requests that are answered well: what is then mutated."""
    small = png()
    told = {name: "true" for name in Person.model_fields if name in {"changing", "bleeding"}}
    return [
        Sent("POST", "/v1/predictions", {"Content-Type": "image/jpeg"}, jpeg(quality=60)),
        Sent("POST", "/v1/predictions?explain=true&lang=es", {"Content-Type": "image/png"}, small),
        Sent("POST", "/v1/predictions?age=60&sex=female", {"Content-Type": "image/webp"}, webp()),
        Sent("POST", "/v1/predictions", {"Content-Type": "image/heic"}, heic()),
        Sent("POST", "/v1/predictions", {"Content-Type": FORM}, photo_form(small, age="44", **told)),
        Sent(
            "POST",
            "/v1/predictions",
            {"Content-Type": "application/json"},
            json.dumps({"upload_id": "a" * 32}).encode(),
        ),
        Sent("POST", "/v1/uploads"),
        Sent("GET", "/v1/model"),
        Sent("GET", "/v1/health"),
        Sent("GET", "/"),
        Sent("GET", "/page/words/hi.json"),
        Sent("GET", "/openapi.json"),
        Sent("GET", "/v1/care?city=Nairobi"),
        Sent("GET", "/v1/care?latitude=52.5&longitude=13.4&limit=3"),
        Sent("GET", "/v1/forecasts"),
        Sent("GET", "/v1/forecasts?country=Australia"),
        Sent("GET", "/forecasts"),
        Sent("GET", "/v1/forecasts/aihw-australia-both-melanoma-inc.csv"),
    ]


def mutated(count: int, seed: int) -> Iterator[Sent]:
    """Yield requests that are nearly right, the same ones for a seed; each is one that HTTP allows."""
    draw = random.Random(seed)  # noqa: S311 - it draws tests
    bases = honest()
    for _ in range(count):
        sent = draw.choice(bases)
        for _ in range(draw.randint(1, 3)):
            sent = draw.choice(_MUTATIONS)(sent, draw)
        yield sent


def _other_method(sent: Sent, draw: random.Random) -> Sent:
    return Sent(draw.choice(_METHODS), sent.target, sent.headers, sent.body)


def _other_type(sent: Sent, draw: random.Random) -> Sent:
    return Sent(sent.method, sent.target, {**sent.headers, "Content-Type": draw.choice(_TYPES)}, sent.body)


def _another_header(sent: Sent, draw: random.Random) -> Sent:
    name = draw.choice(("Accept", "Authorization", "Cookie", "If-None-Match", "Range", "X-Forwarded-For", "Expect-CT"))
    value = draw.choice(("*", "bytes=0-99999999", '"x"', "\xe9\xff", "a" * 3000, "gzip;q=2", "Basic !"))
    return Sent(sent.method, sent.target, {**sent.headers, name: value}, sent.body)


def _another_parameter(sent: Sent, draw: random.Random) -> Sent:
    name, value = (_quoted(draw.choice(words), draw) for words in (_NAMES, _VALUES))
    return Sent(
        sent.method, f"{sent.target}{'&' if '?' in sent.target else '?'}{name}={value}", sent.headers, sent.body
    )


def _another_path(sent: Sent, draw: random.Random) -> Sent:
    path, mark, query = sent.target.partition("?")
    at = draw.randint(0, len(path))
    piece = draw.choice(("/", "..", "%2e%2e", "%00", "%ff", "//", ".json", "%F0%9F%98%80", ";a=b", "~", "x" * 500))
    return Sent(sent.method, f"/{(path[:at] + piece + path[at:]).lstrip('/')}{mark}{query}", sent.headers, sent.body)


def _flipped(sent: Sent, draw: random.Random) -> Sent:
    body = bytearray(sent.body)
    for _ in range(min(len(body), draw.choice((1, 8, 64)))):
        body[draw.randrange(len(body))] = draw.randrange(256)
    return Sent(sent.method, sent.target, sent.headers, bytes(body))


def _cut(sent: Sent, draw: random.Random) -> Sent:
    return Sent(sent.method, sent.target, sent.headers, sent.body[: draw.randint(0, len(sent.body))])


def _spliced(sent: Sent, draw: random.Random) -> Sent:
    at, other = draw.randint(0, len(sent.body)), draw.choice(honest_bodies())
    return Sent(sent.method, sent.target, sent.headers, sent.body[:at] + other[: draw.randint(0, len(other))])


def honest_bodies() -> list[bytes]:
    """Return bodies to splice into others."""
    if not _BODIES:
        _BODIES.extend([sent.body for sent in honest() if sent.body])
        _BODIES.extend((b"\x00" * 5000, b"{" * 500, b'{"upload_id": null}'))
    return _BODIES


_BODIES: list[bytes] = []


def _quoted(text: str, draw: random.Random) -> str:
    plain = string.ascii_letters + string.digits + "-._~"
    kept = plain if draw.random() < 0.5 else plain + "/<>'%&=+"
    return "".join(one if one in kept else "".join(f"%{byte:02X}" for byte in one.encode()) for one in text)


_MUTATIONS = (
    _other_method,
    _other_type,
    _another_header,
    _another_parameter,
    _another_path,
    _flipped,
    _flipped,
    _cut,
    _spliced,
)


class Client:
    """Sends requests over one connection, which it makes anew where the server closed it."""

    def __init__(self, port: int, timeout: float = 60) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)

    def send(self, sent: Sent) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers (names in lower case) and body."""
        try:
            return self._send(sent)
        except (http.client.RemoteDisconnected, ConnectionError):
            self._connection.close()  # an answer before the body's end closes it
            return self._send(sent)

    def _send(self, sent: Sent) -> tuple[int, dict[str, str], bytes]:
        headers = {name: value.encode("latin-1") for name, value in sent.headers.items()}
        self._connection.request(sent.method, sent.target, sent.body or None, headers)
        answer = self._connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def complaint(sent: Sent, status: int, headers: dict[str, str], body: bytes) -> str | None:
    """Return what is wrong with an answer: a failure of ours, or a refusal without its type."""
    where = f"{sent.method} {sent.target[:200]} {sent.headers}: {status}"
    if status >= 500:
        return f"{where} {body[:300]!r}"
    if status < 400 or sent.method == "HEAD":
        return None
    if headers.get("content-type") != "application/problem+json" or "x-request-id" not in headers:
        return f"{where} is no problem document: {body[:300]!r}"
    code = json.loads(body)["code"]
    return None if CODES.get(code) == status else f"{where} has the code {code}"


def slow_body(port: int, sent_bytes: int, patience_s: float) -> tuple[int, bytes]:
    """Send the start of a photo and then nothing; return status and body of the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=patience_s) as connection:
        head = "POST /v1/predictions HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nContent-Length: 90000\r\n\r\n"
        connection.sendall(head.encode() + bytes(sent_bytes))
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer.status, answer.read()


def broken(port: int, raw: bytes) -> bytes:
    """Send bytes and hang up; return what came back until then."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        found = b""
        try:
            while piece := connection.recv(65536):
                found += piece
        except (ConnectionError, TimeoutError):
            pass
    return found


BROKEN = (
    b"",
    b"\x00" * 100,
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST /v1/predictions HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"POST /v1/predictions HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nContent-Length: 20\r\n\r\n" + b"x" * 20,
    b"POST /v1/predictions HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nContent-Length: 5000\r\n\r\n\xff\xd8\xff",
    b"POST /v1/predictions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    b"POST /v1/predictions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Type: image/png\r\n\r\n5\r\nab",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 100_000 + b"\r\n\r\n",
)
