"""What is refused, and as what: wrong formats, bombs, polyglots, torn files, noise. Nothing else ever comes out."""

from __future__ import annotations

import io
import time
import zlib
from random import Random
from typing import TYPE_CHECKING, NoReturn

import numpy as np
import pillow_heif
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile, WebPImagePlugin

from functions.common.problems import (
    PhotoAmbiguous,
    PhotoAnimated,
    PhotoEmpty,
    PhotoFormatUnsupported,
    PhotoTooManyBytes,
    PhotoTooManyPixels,
    PhotoTooSmall,
    PhotoUnreadable,
)
from functions.triage.pixels import MAX_BYTES, MAX_PIXELS, MIN_SIDE, square_pixels
from tests.triage import photos
from tests.triage.fuzz_pixels import outcome
from tests.triage.photos import (
    box,
    encoded,
    heic,
    jpeg,
    mutated,
    picture,
    png,
    png_chunk,
    readable_photo,
    readable_photos,
    webp,
    with_chunk,
    with_segment,
    with_size_in_header,
    zip_archive,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from functions.common.problems import PhotoRejected

    Writer = Callable[..., bytes]

SIZE = 64
WRITERS: dict[str, Writer] = {"png": png, "jpeg": jpeg, "webp": webp, "heic": heic}

# Time is generous: this says that no input costs more than its share, on a busy machine too.
ENOUGH_S = 10.0
# Examples leave no folder behind, and a run is the same as the one before.
repeatable = settings(
    database=None,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def refuse(photo: bytes, reason: type[PhotoRejected]) -> PhotoRejected:
    """Assert that a photo is refused for this very reason, with a sentence for a person."""
    with pytest.raises(reason) as refusal:
        square_pixels(photo, SIZE)
    assert type(refusal.value) is reason
    assert refusal.value.detail.endswith(".")
    return refusal.value


# Formats


OTHER_FORMATS = {
    "gif": encoded(picture(), "GIF"),
    "bmp": encoded(picture(), "BMP"),
    "tiff": encoded(picture(), "TIFF"),
    "avif": encoded(picture(), "AVIF"),
    "avif that calls itself mif1": encoded(picture(), "AVIF").replace(b"ftypavif", b"ftypmif1", 1),
    "jpeg 2000": encoded(picture(), "JPEG2000"),
    "ico": encoded(picture(), "ICO"),
    "svg": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="200" height="200"/>',
    "pdf": encoded(picture(), "PDF"),
    "mp4": photos.video(),
    "zip": zip_archive(),
    "html": b"<!doctype html><html><body>a photo</body></html>",
    "text": b"a mole on the left arm, 6 mm",
    "data url": b"data:image/png;base64,iVBORw0KGgo=",
    "a wav": b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(28),
    "one byte": b"\xff",
    "a jpeg's first two bytes": b"\xff\xd8",
    "spaces before a png": b"  " + png(),
    "zeros": bytes(1000),
}


@pytest.mark.parametrize("photo", OTHER_FORMATS.values(), ids=OTHER_FORMATS.keys())
def test_another_format_is_refused_by_its_content(photo: bytes) -> None:
    refuse(photo, PhotoFormatUnsupported)


def test_no_bytes_are_no_photo() -> None:
    refuse(b"", PhotoEmpty)


def test_a_heic_may_call_itself_by_its_structure_alone() -> None:
    photo = heic()
    renamed = photo.replace(b"ftypheic", b"ftypmif1", 1)
    assert renamed != photo
    assert np.array_equal(square_pixels(renamed, SIZE), square_pixels(photo, SIZE))


# Limits


def test_a_file_at_the_limit_of_bytes_is_read_and_one_byte_more_is_refused() -> None:
    at_limit = with_chunk(png(), b"abCd", bytes(MAX_BYTES - len(png()) - 12))
    assert len(at_limit) == MAX_BYTES
    assert outcome(at_limit) == "pixels"
    refusal = refuse(at_limit + b"\x00", PhotoTooManyBytes)
    assert f"{MAX_BYTES:,}" in refusal.detail


@pytest.fixture
def no_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every decoding of pixels fail, and with it the test."""

    def fail(*_arguments: object) -> NoReturn:
        pytest.fail("a pixel was decoded")

    for kind in (Image.Image, ImageFile.ImageFile, WebPImagePlugin.WebPImageFile, pillow_heif.HeifImageFile):
        monkeypatch.setattr(kind, "load", fail)
    monkeypatch.setattr(pillow_heif.HeifImage, "load", fail)


BOMBS = {
    f"{name} of {width} x {height}": with_size_in_header(write(), width, height)
    for name, write in WRITERS.items()
    for width, height in ((8000, 5001), (10_000, 10_000), (16_000, 16_000))
} | {
    "png of 2^31 - 1 squared": with_size_in_header(png(), 2**31 - 1, 2**31 - 1),
    "jpeg of 65,535 squared": with_size_in_header(jpeg(), 65_535, 65_535),
    "one row of 40,000,001": with_size_in_header(png(), MAX_PIXELS + 1, 1),
}


@pytest.mark.usefixtures("no_decoder")
@pytest.mark.parametrize("photo", BOMBS.values(), ids=BOMBS.keys())
def test_too_many_pixels_are_refused_by_the_header_before_one_is_decoded(photo: bytes) -> None:
    refuse(photo, PhotoTooManyPixels)


def test_a_photo_at_the_limit_of_pixels_is_read() -> None:
    photo = png(Image.new("1", (8000, 5000), 1))
    assert (square_pixels(photo, SIZE) == 255).all()


@pytest.mark.parametrize("size", [(1, 5000), (5000, 1), (MIN_SIDE - 1, 400), (400, MIN_SIDE - 1), (1, 1)])
@pytest.mark.parametrize("write", [png, jpeg, webp], ids=["png", "jpeg", "webp"])
def test_a_side_under_the_floor_is_too_small(write: Writer, size: tuple[int, int]) -> None:
    refusal = refuse(write(Image.new("RGB", size)), PhotoTooSmall)
    assert f"{size[0]} x {size[1]}" in refusal.detail


def test_a_small_heic_is_too_small() -> None:
    refuse(heic(Image.new("RGB", (64, 300))), PhotoTooSmall)


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS.keys())
def test_the_smallest_side_allowed_is_read(write: Writer) -> None:
    assert outcome(write(Image.new("RGB", (MIN_SIDE, MIN_SIDE)))) == "pixels"


# Several pictures


def frames(mode: str = "RGB") -> list[Image.Image]:
    return [picture(mode).rotate(angle) for angle in (90, 180)]


def heic_of_several() -> bytes:
    file = pillow_heif.from_pillow(picture())
    for frame in frames():
        file.add_from_pillow(frame)
    target = io.BytesIO()
    file.save(target)
    return target.getvalue()


ANIMATIONS: dict[str, Writer] = {
    "apng": lambda: png(save_all=True, append_images=frames()),
    "apng with a still before it": lambda: png(save_all=True, append_images=frames(), default_image=True),
    "webp": lambda: webp(save_all=True, append_images=frames()),
    "heic of several photos": heic_of_several,
    "heif sequence": lambda: box(b"ftyp", b"hevc\0\0\0\0msf1hevc") + box(b"moov", bytes(64)),
    "msf1 sequence": lambda: box(b"ftyp", b"msf1\0\0\0\0msf1hevc") + box(b"moov", bytes(64)),
}


@pytest.mark.usefixtures("no_decoder")
@pytest.mark.parametrize("name", ["heif sequence", "msf1 sequence"])
def test_a_sequence_is_refused_by_its_brand(name: str) -> None:
    refuse(ANIMATIONS[name](), PhotoAnimated)


@pytest.mark.parametrize("write", ANIMATIONS.values(), ids=ANIMATIONS.keys())
def test_several_pictures_are_not_one_photo(write: Writer) -> None:
    refuse(write(), PhotoAnimated)


# Two kinds of file in one


HTML = b"<html><body><script>alert(1)</script></body></html>"
POLYGLOTS = {
    "jpeg and zip": jpeg() + zip_archive(),
    "png and zip": png() + zip_archive(),
    "webp and zip": webp() + zip_archive(),
    "heic and zip": heic() + zip_archive(),
    "jpeg, preview and zip": jpeg() + jpeg() + zip_archive(),
    "motion photo and zip": jpeg() + photos.video() + zip_archive(),
    "jpeg with a zip in its comment": with_segment(jpeg(), 0xFE, zip_archive()),
    "png with a zip in a chunk": with_chunk(png(), b"abCd", zip_archive()),
    "jpeg and text": jpeg() + b"and now for something different",
    "png and one byte": png() + b"\x01",
    "webp and two bytes": webp() + b"\x01\x02",
    "heic and noise": heic() + b"\xde\xad\xbe\xef" * 8,
    "heic and a box without a name": heic() + bytes(4) + b"\xff\xff\xff\xff" + HTML,
    "png and png": png() + png(),
    "png and jpeg": png() + jpeg(),
    "jpeg with a pdf header in its comment": with_segment(jpeg(), 0xFE, b"%PDF-1.7\n1 0 obj"),
    "png with a pdf header in its text": with_chunk(png(), b"tEXt", b"Comment\x00%PDF-1.4"),
    "jpeg with html in its comment": with_segment(jpeg(), 0xFE, HTML),
    "jpeg with php in its exif": with_segment(jpeg(), 0xE1, b"Exif\x00\x00<?php system($_GET['c']); ?>"),
    "jpeg with a shouted script": with_segment(jpeg(), 0xFE, b"<SCRIPT SRC=//example.com></SCRIPT>"),
    "png with a script in its text": with_chunk(png(), b"tEXt", b"Comment\x00" + HTML),
    "webp with a script in its xmp": webp(xmp=b"<x>" + HTML + b"</x>"),
    "heic with a script in its xmp": heic(xmp=b"<x>" + HTML + b"</x>"),
    "jpeg, preview and html": jpeg() + jpeg() + HTML,
}


@pytest.mark.usefixtures("no_decoder")
@pytest.mark.parametrize("photo", POLYGLOTS.values(), ids=POLYGLOTS.keys())
def test_a_file_that_is_more_than_a_photo_is_refused_undecoded(photo: bytes) -> None:
    refuse(photo, PhotoAmbiguous)


def test_the_xmp_of_an_editor_is_no_active_text() -> None:
    packet = b'<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF/></x:xmpmeta><?xpacket end="w"?>'
    for photo in (jpeg(xmp=packet), webp(xmp=packet), heic(xmp=packet)):
        assert packet in photo
        assert outcome(photo) == "pixels"


# Torn and wounded files


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS.keys())
def test_a_photo_cut_anywhere_is_unreadable(write: Writer) -> None:
    photo = write()
    offsets = {*range(16, 700, 13), *range(700, len(photo), len(photo) // 150), *range(len(photo) - 40, len(photo))}
    for offset in offsets:
        refuse(photo[:offset], PhotoUnreadable)


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS.keys())
def test_a_photo_cut_before_its_format_can_be_told_is_not_a_photo(write: Writer) -> None:
    for length in (1, 2):
        refuse(write()[:length], PhotoFormatUnsupported)


def test_a_progressive_jpeg_without_its_last_scan_is_cut_short() -> None:
    photo = readable_photo("progressive jpeg")
    refuse(photo[: photo.rindex(b"\xff\xda")], PhotoUnreadable)


def test_a_thumbnail_in_the_metadata_is_not_taken_for_the_photo() -> None:
    with_thumbnail = with_segment(jpeg(), 0xE1, b"Exif\x00\x00" + jpeg(picture().resize((160, 120))))
    assert np.array_equal(square_pixels(with_thumbnail, SIZE), square_pixels(jpeg(), SIZE))
    refuse(with_thumbnail[: len(with_thumbnail) // 2], PhotoUnreadable)


DAMAGED = {
    "png with a wrong checksum in its header": png()[:29] + b"\0\0\0\0" + png()[33:],
    "png whose pixels end too early": photos.png_of_rows(8, 2, [bytes(3 * 401)] * 299).replace(
        b"\x00\x00\x01\x2b\x08", b"\x00\x00\x01\x2c\x08"
    ),
    "png without pixels": png()[:33] + png_chunk(b"IEND", b""),
    "png that is only an end": png()[:8] + png_chunk(b"IEND", b""),
    "png of no width": with_size_in_header(png(), 0, 300),
    "jpeg without tables": jpeg()[:2] + jpeg()[jpeg().index(b"\xff\xc0") :],
    "jpeg without a frame": jpeg()[: jpeg().index(b"\xff\xc0")] + b"\xff\xd9",
    "jpeg that is only a start and an end": b"\xff\xd8\xff\xd9",
    "jpeg of five channels": jpeg().replace(
        b"\xff\xc0\x00\x11\x08\x01\x2c\x01\x91\x03", b"\xff\xc0\x00\x11\x08\x01\x2c\x01\x91\x05"
    ),
    "jpeg of twelve bits": jpeg().replace(b"\xff\xc0\x00\x11\x08", b"\xff\xc0\x00\x11\x0c"),
    "webp of nothing": b"RIFF\x04\x00\x00\x00WEBP",
    "webp with noise for pixels": webp()[:40] + bytes(len(webp()) - 40),
    "heic that is only a brand": box(b"ftyp", b"heic\0\0\0\0mif1heic"),
    "heic with noise for pixels": heic()[: heic().index(b"mdat") + 4] + bytes(len(heic()) - heic().index(b"mdat") - 4),
    "heic whose header tells another size": with_size_in_header(heic(), 4000, 3000),
}


@pytest.mark.parametrize("photo", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_photo_is_unreadable(photo: bytes) -> None:
    refuse(photo, PhotoUnreadable)


@repeatable
@given(st.binary(max_size=400))
def test_noise_is_refused(noise: bytes) -> None:
    assert outcome(noise) != "pixels"


BEGINNINGS = {
    "jpeg": b"\xff\xd8\xff",
    "png": b"\x89PNG\r\n\x1a\n",
    "png with a header": png()[:33],
    "webp": b"RIFF\x10\x00\x00\x00WEBP",
    "webp of a canvas": b"RIFF\xff\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00",
    "heic": box(b"ftyp", b"heic\0\0\0\0mif1heic"),
}


@settings(repeatable, max_examples=200)
@given(beginning=st.sampled_from(list(BEGINNINGS)), noise=st.binary(max_size=2000))
def test_noise_behind_the_beginning_of_a_photo_is_refused(beginning: str, noise: bytes) -> None:
    assert outcome(BEGINNINGS[beginning] + noise) not in {"pixels", "PhotoEmpty"}


@settings(repeatable, max_examples=700)
@given(name=st.sampled_from(list(readable_photos())), seed=st.integers(0, 2**32))
def test_a_wounded_photo_becomes_pixels_or_a_typed_refusal(name: str, seed: int) -> None:
    assert outcome(mutated(readable_photo(name), Random(seed)))  # noqa: S311 - nothing is secret here


# Cost


def a_jpeg_of_many_scans(scans: int) -> bytes:
    photo = readable_photo("progressive jpeg")
    last_scan = photo[photo.rindex(b"\xff\xda") : -2]
    return photo[:-2] + last_scan * scans + photo[-2:]


LABORIOUS = {
    "jpeg of fill bytes": jpeg()[:2] + b"\xff" * 4_000_000 + jpeg()[2:],
    "jpeg of fill bytes that end in nothing": jpeg()[:2] + b"\xff" * 4_000_000 + b"\x00",
    "jpeg of empty segments": jpeg()[:2] + b"\xff\xe1\x00\x02" * 1_000_000 + jpeg()[2:],
    "jpeg of segments without a length": jpeg()[:2] + b"\xff\xe1\x00\x00" * 1_000_000 + jpeg()[2:],
    "png of empty chunks": png()[:33] + png_chunk(b"abCd", b"") * 300_000 + png()[33:],
    "png of profiles that inflate": png()[:33]
    + png_chunk(b"iCCP", b"\x00\x00" + zlib.compress(bytes(10_000_000))) * 300
    + png()[33:],
    "heic of empty boxes": heic() + box(b"free", b"") * 500_000,
    "heic of boxes without a length": heic() + (bytes(4) + b"free") * 500_000,
    "jpeg of unfinished active text": with_segment(jpeg(), 0xFE, b"<scrip" * 10_000),
}


@pytest.mark.parametrize("photo", LABORIOUS.values(), ids=LABORIOUS.keys())
def test_a_file_made_to_cost_time_does_not(photo: bytes) -> None:
    assert len(photo) <= MAX_BYTES
    began = time.process_time()
    assert outcome(photo) in {"pixels", "PhotoUnreadable"}
    assert time.process_time() - began < ENOUGH_S


def test_a_jpeg_of_more_scans_than_any_encoder_writes_is_refused() -> None:
    assert outcome(a_jpeg_of_many_scans(20)) == "pixels"
    refuse(a_jpeg_of_many_scans(50), PhotoUnreadable)
