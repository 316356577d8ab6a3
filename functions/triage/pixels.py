"""The one preprocessing, for training and serving alike: the bytes of a photo to a square of sRGB.

A pure function of its arguments. The format is judged by content; limits are checked from the header,
before a pixel is decoded; only pixels leave, so no EXIF, GPS, ICC comment or file name can. The JPEG and
PNG decoders see no metadata at all: what is broken there cannot cost the photo, nor make them warn.
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image, ImageCms
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile
from pillow_heif import HeifImageFile

from functions.common.problems import (
    PhotoAmbiguous,
    PhotoAnimated,
    PhotoEmpty,
    PhotoFormatUnsupported,
    PhotoRejected,
    PhotoTooManyBytes,
    PhotoTooManyPixels,
    PhotoTooSmall,
    PhotoUnreadable,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from PIL.ImageFile import ImageFile

# What the upload door takes; a request carries less (`body.MAX_BODY_BYTES`).
MAX_BYTES = 16 * 1024 * 1024
MAX_PIXELS = 40_000_000
MIN_SIDE = 100

# An encoder's progressive JPEG has some ten scans; each costs a walk over the whole picture.
_MAX_SCANS = 50
_MAX_PROFILE_BYTES = 1024 * 1024

# ISO/IEC 23008-12, annex B: HEVC in a still picture, in a sequence; "mif1" alone does not say which codec.
_HEVC_STILL = frozenset({b"heic", b"heix", b"heim", b"heis"})
_SEQUENCE = frozenset({b"hevc", b"hevx", b"hevm", b"hevs", b"msf1"})
_BOX_HEADER = 8
_HEIF_SIZE = re.compile(rb"ispe\x00{4}(.{4})(.{4})", re.DOTALL)  # ISO/IEC 23008-12, 6.5.3
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_PIXEL_CHUNKS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
# What a browser, a shell or a server would run if the file were taken for text.
_ACTIVE_TEXT = re.compile(rb"<(?:script[\s>]|\?php\s|!doctype\s|html[\s>])", re.IGNORECASE)
_ZIP_END = b"PK\x05\x06\x00\x00\x00\x00"  # APPNOTE 6.3, 4.3.16: the end of a directory on one disk
# A PDF reader looks for its header in the first kilobyte (ISO 32000-1, appendix H.3, note 13).
_PDF_HEADER_WINDOW = 1024
# ITU T.81, B.1.1: in a scan's data FF is followed by 00 or a restart marker; FF and 01 stand before no segment.
_JPEG_MARKER = re.compile(rb"\xff([^\x00\x01\xff\xd0-\xd7])")
_JPEG_SOS, _JPEG_EOI, _JPEG_APP1, _JPEG_APP2 = 0xDA, 0xD9, 0xE1, 0xE2
# APP0 (JFIF) and APP14 (Adobe) tell how the colours are stored; the other APPn and comments are metadata.
_JPEG_METADATA = frozenset({*range(0xE1, 0xEE), 0xEF, 0xFE})

# EXIF 2.32, tag 0x0112: how the stored picture must be turned to stand upright.
_ORIENTATION_TAG, _SHORT = 0x0112, 3
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class _Picture(NamedTuple):
    """What the decoder is given, where the picture ends in the file, and the metadata that matters to pixels."""

    data: bytes
    end: int
    exif: bytes = b""
    icc_profile: bytes = b""


def square_pixels(photo: bytes, size: int) -> NDArray[np.uint8]:
    """Decode a photo and return its upright centre square.

    Args:
        photo: the file's bytes: JPEG, PNG, WebP or HEIC/HEIF, at most `MAX_BYTES`.
        size: side of the result in pixels.

    Returns:
        uint8 array of shape (size, size, 3), sRGB, 0..255; transparent parts lie on white.

    Raises:
        PhotoRejected: one of its subclasses; no other exception leaves.

    """
    decoder, read = _sniff(photo)
    picture = read(photo)
    _refuse_second_kinds(photo, picture.end, decoder)
    try:
        with decoder(io.BytesIO(picture.data)) as image:
            _check_header(image)
            return _decode_square(image, picture, size)
    except PhotoRejected:
        raise
    except Image.DecompressionBombError as error:
        raise _too_many_pixels() from error
    except Exception as error:  # decoders raise anything on hostile bytes
        raise PhotoUnreadable("The photo is damaged or incomplete. Take or export it again.") from error


def _sniff(photo: bytes) -> tuple[type[ImageFile], Callable[[bytes], _Picture]]:
    """Return the decoder and the reader of the format by the first bytes; check the size in bytes."""
    if not photo:
        raise PhotoEmpty("The request has no photo in it. Send the bytes of one photo.")
    if len(photo) > MAX_BYTES:
        raise PhotoTooManyBytes(
            f"The file has {len(photo):,} bytes; at most {MAX_BYTES:,} are taken. Send a smaller copy."
        )
    if photo.startswith(b"\xff\xd8\xff"):
        return JpegImageFile, _read_jpeg
    if photo.startswith(_PNG_SIGNATURE):
        return PngImageFile, _read_png
    if photo[:4] == b"RIFF" and photo[8:12] == b"WEBP":
        return WebPImageFile, _read_webp
    if photo[4:8] == b"ftyp":
        brands = photo[8 : int.from_bytes(photo[:4], "big")]
        major = brands[:4]
        if major in _SEQUENCE:
            raise _animated()
        if major in _HEVC_STILL or (major == b"mif1" and any(brand in brands for brand in _HEVC_STILL)):
            return HeifImageFile, _read_heif
    raise PhotoFormatUnsupported("The file is none of JPEG, PNG, WebP and HEIC. Send a photo in one of these.")


def _refuse_second_kinds(photo: bytes, end: int, decoder: type[ImageFile]) -> None:
    """Refuse a file that another program would take for another kind of file."""
    ambiguous = (
        b"%PDF-" in photo[:_PDF_HEADER_WINDOW]
        or _ZIP_END in photo
        or _ACTIVE_TEXT.search(photo) is not None
        or not _is_known_trailer(photo[end:], decoder)
    )
    if ambiguous:
        raise PhotoAmbiguous("The file carries more than a photo. Take or export the photo again.")


def _is_known_trailer(trailer: bytes, decoder: type[ImageFile]) -> bool:
    """Whether what follows the picture is what phones put there: padding, further JPEGs, a short video."""
    if not trailer.strip(b"\x00"):
        return True
    if decoder is not JpegImageFile:
        return False
    is_further_picture = trailer.lstrip(b"\x00").startswith(b"\xff\xd8\xff")  # CIPA DC-007, gain maps
    is_motion_photo = trailer[4:8] == b"ftyp"
    is_samsung_block = trailer.endswith(b"SEFT")
    return is_further_picture or is_motion_photo or is_samsung_block


def _read_jpeg(photo: bytes) -> _Picture:
    """Split the first picture at its markers (ITU T.81, B.1.1) and leave its metadata out."""
    kept, exif = [photo[:2]], b""
    icc_parts: list[bytes] = []
    at, first_scan, scans = 2, 0, 0
    while found := _JPEG_MARKER.search(photo, at):
        marker = found[1][0]
        if marker == _JPEG_EOI:
            icc_profile = b"".join(part[14:] for part in sorted(icc_parts))
            return _Picture(b"".join([*kept, photo[first_scan : found.end()]]), found.end(), exif, icc_profile)
        length = int.from_bytes(photo[found.end() : found.end() + 2], "big")
        at = found.end() + max(length, 2)
        if marker == _JPEG_SOS:
            scans += 1
            first_scan = first_scan or found.start()
            if scans > _MAX_SCANS:
                raise PhotoUnreadable(f"The JPEG has more than {_MAX_SCANS} scans. Take or export the photo again.")
        elif first_scan:
            continue  # tables between scans
        elif marker not in _JPEG_METADATA:
            kept.append(photo[found.start() : at])
        elif marker == _JPEG_APP1 and photo.startswith(b"Exif\x00\x00", found.end() + 2):
            exif = exif or photo[found.end() + 8 : at]
        elif marker == _JPEG_APP2 and photo.startswith(b"ICC_PROFILE\x00", found.end() + 2):
            icc_parts.append(photo[found.end() + 2 : at])
    raise _cut_short()


def _read_png(photo: bytes) -> _Picture:
    """Split the file at its chunks (PNG third edition, 5.3) and leave its metadata out."""
    kept, exif, iccp = [_PNG_SIGNATURE], b"", b""
    at = len(_PNG_SIGNATURE)
    while at + 12 <= len(photo):
        name = photo[at + 4 : at + 8]
        end = at + 12 + int.from_bytes(photo[at : at + 4], "big")
        if name in _PNG_PIXEL_CHUNKS:
            kept.append(photo[at:end])
        elif name == b"eXIf":
            exif = exif or photo[at + 8 : end - 4]
        elif name == b"iCCP":
            iccp = iccp or photo[at + 8 : end - 4]
        elif name == b"acTL" and int.from_bytes(photo[at + 8 : at + 12], "big") > 1:
            raise _animated()
        at = end
        if name == b"IEND" and end <= len(photo):
            return _Picture(b"".join(kept), end, exif, _inflated_profile(iccp))
    raise _cut_short()


def _inflated_profile(iccp: bytes) -> bytes:
    """Return the profile of an iCCP chunk (PNG third edition, 11.3.2.3); empty where it is absent or broken."""
    _, _, compressed = iccp.partition(b"\x00")
    try:
        return zlib.decompressobj().decompress(compressed[1:], _MAX_PROFILE_BYTES)
    except zlib.error:
        return b""


def _read_webp(photo: bytes) -> _Picture:
    """Find the end of the RIFF chunk, padded to an even length (RFC 9649, 2.3)."""
    length = int.from_bytes(photo[4:8], "little")
    end = 8 + length + (length & 1)
    if end > len(photo):
        raise _cut_short()
    return _Picture(photo[:end], end)


def _read_heif(photo: bytes) -> _Picture:
    """Find the end of the last top-level box (ISO/IEC 14496-12, 4.2)."""
    at = 0
    while at + _BOX_HEADER <= len(photo) and photo[at + 4 : at + 8].isalnum():
        length = int.from_bytes(photo[at : at + 4], "big")
        if length == 1:
            length = int.from_bytes(photo[at + 8 : at + 16], "big")
        elif length == 0:  # to the end of the file
            length = len(photo) - at
        if length < _BOX_HEADER:
            break
        at += length
    if at > len(photo) or 0 < len(photo) - at < _BOX_HEADER:
        raise _cut_short()
    # A crop (clap) tells Pillow a smaller size than is decoded; the size before it stands here.
    for width, height in _HEIF_SIZE.findall(photo):
        if int.from_bytes(width, "big") * int.from_bytes(height, "big") > MAX_PIXELS:
            raise _too_many_pixels()
    return _Picture(photo[:at], at)


def _check_header(image: ImageFile) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise _too_many_pixels()
    if min(width, height) < MIN_SIDE:
        raise PhotoTooSmall(
            f"The photo is {width} x {height} pixels; each side needs at least {MIN_SIDE}. Send a larger one."
        )
    if getattr(image, "n_frames", 1) > 1:
        raise _animated()


def _cut_short() -> PhotoUnreadable:
    return PhotoUnreadable("The photo is cut short. Send the whole file.")


def _animated() -> PhotoAnimated:
    return PhotoAnimated("The file holds several pictures or an animation. Send one still photo.")


def _too_many_pixels() -> PhotoTooManyPixels:
    return PhotoTooManyPixels(f"The photo has more than {MAX_PIXELS // 1_000_000} megapixels. Send a smaller copy.")


def _decode_square(stored: ImageFile, picture: _Picture, size: int) -> NDArray[np.uint8]:
    if isinstance(stored, JpegImageFile):
        # The JPEG decoder scales by 1/2, 1/4 or 1/8 as it decodes; twice the size keeps the resize honest.
        stored.draft(None, (2 * size, 2 * size))
    stored.load()
    image = _in_resizable_mode(stored)
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    image = image.resize(
        (size, size), Image.Resampling.BICUBIC, box=(left, top, left + side, top + side), reducing_gap=3.0
    )
    # A HEIC is turned by its own properties as it is decoded, whatever its EXIF says (ISO/IEC 23008-12, 6.5.10).
    if not isinstance(stored, HeifImageFile):
        turn = _UPRIGHT.get(_orientation(picture.exif or stored.info.get("exif", b"")))
        image = image if turn is None else image.transpose(turn)
    if image.mode in {"RGBA", "LA"}:
        image = _on_white(image)
    image = _to_srgb(image, picture.icc_profile or stored.info.get("icc_profile", b""))
    return np.array(image, dtype=np.uint8)


def _orientation(exif: bytes) -> int:
    """Return the EXIF orientation (TIFF 6.0, section 2); 1 where the block is absent or broken."""
    tiff = exif.removeprefix(b"Exif\x00\x00")
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    try:
        (directory,) = struct.unpack_from(f"{order}L", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, directory)
        for entry in range(entries):
            tag, kind, _, value = struct.unpack_from(f"{order}HHLH", tiff, directory + 2 + 12 * entry)
            if tag == _ORIENTATION_TAG and kind == _SHORT:
                return int(value)
    except struct.error:
        pass  # the pixels are still good
    return 1


def _in_resizable_mode(image: Image.Image) -> Image.Image:
    """Return the picture in a mode whose pixels can be averaged: L, LA, RGB, RGBA or CMYK."""
    if image.mode == "I;16":  # the upper eight bits are what a screen shows
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in {"RGBa", "La"}:  # colours already multiplied by their alpha
        return image.convert(image.mode.upper())
    if "transparency" in image.info:
        return image.convert("RGBA")
    if image.mode in {"1", "P"}:
        return image.convert("L" if image.mode == "1" else "RGB")
    return image


def _on_white(image: Image.Image) -> Image.Image:
    white = Image.new(image.mode, image.size, "white")
    return Image.alpha_composite(white, image).convert(image.mode.removesuffix("A"))


def _to_srgb(image: Image.Image, icc_profile: bytes) -> Image.Image:
    """Convert to sRGB by the embedded profile where it has one that fits, else by the mode alone."""
    if icc_profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(icc_profile))
            converted = ImageCms.profileToProfile(image, source, _srgb(), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            converted = None  # a broken profile, or one of another colour space: the pixels are still good
        if converted is not None:
            return converted
    return image.convert("RGB")


@lru_cache(maxsize=1)
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
