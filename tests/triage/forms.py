"""Forms as browsers, apps and attackers send them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

BOUNDARY = "----drawn-by-a-test"
FORM = f"multipart/form-data; boundary={BOUNDARY}"


class Part(NamedTuple):
    """One field: a file where it has a file name, else text."""

    name: str
    value: bytes
    file_name: str | None = None
    media_type: str | None = None


def form(*parts: Part) -> bytes:
    """Return the body of a form (RFC 7578)."""
    return b"".join([*_written(parts), f"--{BOUNDARY}--\r\n".encode()])


def photo_form(photo: bytes, *, file_name: str = "photo.jpg", **fields: str) -> bytes:
    """Return a form with one photo and further fields."""
    told = [Part(name, value.encode()) for name, value in fields.items()]
    return form(Part("photo", photo, file_name, "image/jpeg"), *told)


def _written(parts: Iterable[Part]) -> Iterable[bytes]:
    for part in parts:
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{part.name}"'
        if part.file_name is not None:
            head += f'; filename="{part.file_name}"'
        if part.media_type is not None:
            head += f"\r\nContent-Type: {part.media_type}"
        yield head.encode() + b"\r\n\r\n" + part.value + b"\r\n"
