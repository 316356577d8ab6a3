"""The one preprocessing, for training and serving alike: the bytes of a photo to a square of sRGB.

A pure function of its arguments. The format is judged by content; limits are checked from the header,
before a pixel is decoded; only pixels leave, so no EXIF, GPS, ICC comment or file name can.
"""

from __future__ import annotations

import io
import re
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pillow_heif
from PIL import Image, ImageCms
from PIL import WebPImagePlugin as _WebP  # noqa: F401 - unless it is loaded, the first WebP makes Pillow load all formats

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
    from numpy.typing import NDArray

# API Gateway hands a Lambda at most 6 MB of JSON, in which base64 makes 4 bytes of 3.
MAX_BYTES = 4 * 1024 * 1024
MAX_PIXELS = 40_000_000
MIN_SIDE = 100

_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"hevc", b"hevx"})
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# What a browser, a shell or a server would run if the file were taken for text.
_ACTIVE_TEXT = re.compile(rb"<script[\s>]|<\?php\s|<!doctype\s|<html[\s>]", re.IGNORECASE)
_BOX_HEADER = 8
_ZIP_END = b"PK\x05\x06"
_ZIP_END_LENGTH = 22
# A PDF reader looks for its header in the first kilobyte (ISO 32000-1, appendix H.3, note 13).
_PDF_HEADER_WINDOW = 1024
# In the entropy-coded data of a JPEG, FF is followed by 00 or a restart marker (ITU T.81, B.1.1).
_JPEG_NEXT_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")
_JPEG_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_JPEG_SOS, _JPEG_EOI = 0xDA, 0xD9

# EXIF 2.32, tag 0x0112: how the stored picture must be turned to stand upright.
_ORIENTATION_TAG = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

pillow_heif.register_heif_opener(thumbnails=False)


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
    kind = _sniff(photo)
    _refuse_second_kinds(photo, kind)
    try:
        with Image.open(io.BytesIO(photo), formats=[kind]) as image:
            _check_header(image)
            square = _decode_square(image, size)
    except PhotoRejected:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels() from error
    except Exception as error:  # decoders raise anything on hostile bytes
        raise PhotoUnreadable("The photo is damaged or incomplete. Take or export it again.") from error
    return square


def _sniff(photo: bytes) -> str:
    """Return Pillow's name of the format by the first bytes; check the size in bytes."""
    if not photo:
        raise PhotoEmpty("The request has no photo in it. Send the bytes of one photo.")
    if len(photo) > MAX_BYTES:
        raise PhotoTooManyBytes(
            f"The file has {len(photo):,} bytes; at most {MAX_BYTES:,} are taken. Send a smaller copy."
        )
    if photo.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if photo.startswith(_PNG_SIGNATURE):
        return "PNG"
    if photo[:4] == b"RIFF" and photo[8:12] == b"WEBP":
        return "WEBP"
    if photo[4:8] == b"ftyp" and photo[8:12] in _HEIF_BRANDS:
        return "HEIF"
    raise PhotoFormatUnsupported("The file is none of JPEG, PNG, WebP and HEIC. Send a photo in one of these.")


def _refuse_second_kinds(photo: bytes, kind: str) -> None:
    """Refuse a file that is cut short, or that another program would take for another kind of file."""
    end = {"JPEG": _end_of_jpeg, "PNG": _end_of_png, "WEBP": _end_of_webp, "HEIF": _end_of_heif}[kind](photo)
    if end is None or end > len(photo):
        raise PhotoUnreadable("The photo is cut short. Send the whole file.")
    ambiguous = (
        b"%PDF-" in photo[:_PDF_HEADER_WINDOW]
        or _ends_as_zip(photo)
        or _ACTIVE_TEXT.search(photo) is not None
        or not _is_known_trailer(photo, end, kind)
    )
    if ambiguous:
        raise PhotoAmbiguous("The file carries more than a photo. Take or export the photo again.")


def _ends_as_zip(photo: bytes) -> bool:
    """Whether the file ends in a ZIP directory record (APPNOTE 6.3, 4.3.16) whose length fits."""
    at = photo.rfind(_ZIP_END + bytes(4))  # a single-volume archive: both volume numbers are 0
    comment_length = int.from_bytes(photo[at + 20 : at + 22], "little")
    return at >= 0 and at + _ZIP_END_LENGTH + comment_length <= len(photo)


def _is_known_trailer(photo: bytes, end: int, kind: str) -> bool:
    """Whether what follows the picture is what phones put there: padding, further JPEGs, a short video."""
    trailer = photo[end:]
    if not trailer.strip(b"\x00"):
        return True
    if kind != "JPEG":
        return False
    is_further_picture = trailer.lstrip(b"\x00").startswith(b"\xff\xd8\xff")  # CIPA DC-007, gain maps
    is_motion_photo = trailer[4:8] == b"ftyp"
    is_samsung_block = trailer.endswith(b"SEFT")
    return is_further_picture or is_motion_photo or is_samsung_block


def _end_of_jpeg(photo: bytes) -> int | None:
    """Return the offset behind the first picture's EOI marker (ITU T.81, B.2.1); None when it has none."""
    at = 2
    while at + 2 <= len(photo):
        found = _JPEG_NEXT_MARKER.search(photo, at)
        if found is None:
            return None
        marker = found.group(1)[0]
        at = found.end()
        if marker == _JPEG_EOI:
            return at
        if marker not in _JPEG_STANDALONE:
            length = int.from_bytes(photo[at : at + 2], "big")
            at += max(length, 2)
    return None


def _end_of_png(photo: bytes) -> int | None:
    """Return the offset behind the IEND chunk (PNG third edition, 5.3)."""
    at = len(_PNG_SIGNATURE)
    while at + 12 <= len(photo):
        length = int.from_bytes(photo[at : at + 4], "big")
        name = photo[at + 4 : at + 8]
        at += 12 + length
        if name == b"IEND":
            return at
    return None


def _end_of_webp(photo: bytes) -> int:
    """Return the offset behind the RIFF chunk, padded to an even length (RFC 9649, 2.3)."""
    length = int.from_bytes(photo[4:8], "little")
    return 8 + length + (length & 1)


def _end_of_heif(photo: bytes) -> int | None:
    """Return the offset behind the last top-level box (ISO/IEC 14496-12, 4.2)."""
    at = 0
    while at + _BOX_HEADER <= len(photo):
        length = int.from_bytes(photo[at : at + 4], "big")
        if length == 0:  # to the end of the file
            return len(photo)
        if length == 1:
            length = int.from_bytes(photo[at + 8 : at + 16], "big")
        if length < _BOX_HEADER or not photo[at + 4 : at + 8].isalnum():
            return at
        at += length
    return at


def _check_header(image: Image.Image) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise _too_many_pixels()
    if min(width, height) < MIN_SIDE:
        raise PhotoTooSmall(
            f"The photo is {width} x {height} pixels; each side needs at least {MIN_SIDE}. Send a larger one."
        )
    # A JPEG's further pictures are gain maps and previews of the same photo; the first is the photo.
    if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:
        raise PhotoAnimated("The file holds several pictures or an animation. Send one still photo.")


def _too_many_pixels() -> PhotoTooManyPixels:
    return PhotoTooManyPixels(f"The photo has more than {MAX_PIXELS // 1_000_000} megapixels. Send a smaller copy.")


def _decode_square(image: Image.Image, size: int) -> NDArray[np.uint8]:
    # The JPEG decoder scales by 1/2, 1/4 or 1/8 as it decodes; twice the size keeps the resize honest.
    image.draft(None, (2 * size, 2 * size))
    image.load()
    orientation = _orientation(image)
    icc_profile = image.info.get("icc_profile")
    image = _in_resizable_mode(image)
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    image = image.resize(
        (size, size), Image.Resampling.BICUBIC, box=(left, top, left + side, top + side), reducing_gap=3.0
    )
    if orientation in _UPRIGHT:
        image = image.transpose(_UPRIGHT[orientation])
    if image.mode in {"RGBA", "LA"}:
        image = _on_white(image)
    image = _to_srgb(image, icc_profile)
    return np.asarray(image, dtype=np.uint8).copy()


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation; 1 where the EXIF block is absent or broken, as the pixels are still good."""
    try:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:
        return 1


def _in_resizable_mode(image: Image.Image) -> Image.Image:
    """Return the picture in a mode whose pixels can be averaged: L, LA, RGB, RGBA or CMYK."""
    mode = image.mode
    if mode in {"L", "RGB", "RGBA", "LA", "CMYK"}:
        if mode in {"L", "RGB"} and "transparency" in image.info:
            return image.convert("RGBA")
        return image
    if mode == "P":
        return image.convert("RGBA" if "transparency" in image.info else "RGB")
    if mode.startswith("I"):  # 16 bits of grey; the upper eight are what a screen shows
        wide = np.asarray(image).astype(np.int64)
        return Image.fromarray(np.clip(wide >> 8, 0, 255).astype(np.uint8))
    if mode == "1":
        return image.convert("L")
    return image.convert("RGB")


def _on_white(image: Image.Image) -> Image.Image:
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, image).convert("RGB")


def _to_srgb(image: Image.Image, icc_profile: bytes | None) -> Image.Image:
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
