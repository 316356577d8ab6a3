"""Photos that the tests draw and write themselves: every format and oddity that phones, cameras and attackers send.

The scene is smooth, so that lossy formats stay near it, and uneven, so that no turn or mirroring looks like another.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pillow_heif
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from random import Random

    from numpy.typing import NDArray

WIDTH, HEIGHT = 401, 300  # an odd margin: the centre square begins half a pixel in

# What must be done to the upright scene to store it under each EXIF orientation: the inverse of turning it upright.
STORED_AS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}

# Chromaticities as ICC profiles hold them: red, green and blue in XYZ under D50.
SRGB_PRIMARIES = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))
DISPLAY_P3_PRIMARIES = ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))
SWAPPED_PRIMARIES = (SRGB_PRIMARIES[2], SRGB_PRIMARIES[1], SRGB_PRIMARIES[0])


@cache
def scene(width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    """Draw skin that changes across the picture, and one soft dark spot off its centre; integers only."""
    y, x = np.mgrid[0:height, 0:width].astype(np.int64)
    x, y = x * WIDTH // width, y * HEIGHT // height
    shade = np.maximum(0, 90 - ((x - 170) ** 2 + (y - 110) ** 2) // 60)
    skin = np.stack([120 + x * 130 // WIDTH, 70 + y * 140 // HEIGHT, 190 - (x + y) * 120 // (WIDTH + HEIGHT)], axis=-1)
    drawn: NDArray[np.uint8] = (skin - shade[..., np.newaxis]).clip(0, 255).astype(np.uint8)
    drawn.setflags(write=False)
    return drawn


def alpha() -> NDArray[np.uint8]:
    """Return an opacity that falls from the left edge to the right."""
    ramp = 255 - np.arange(WIDTH) * 255 // (WIDTH - 1)
    return np.broadcast_to(ramp, (HEIGHT, WIDTH)).astype(np.uint8)


def picture(mode: str = "RGB") -> Image.Image:
    """Return the scene as a Pillow image; with the opacity above where the mode has one."""
    image = Image.fromarray(scene())
    if mode in {"RGBA", "LA"}:
        image = image.convert(mode.removesuffix("A")).convert(mode)
        image.putalpha(Image.fromarray(alpha()))
    return image.convert(mode)


def stored_as(orientation: int, image: Image.Image | None = None) -> Image.Image:
    """Return the picture as a camera held that way stores it."""
    image = picture() if image is None else image
    turn = STORED_AS[orientation]
    return image if turn is None else image.transpose(turn)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """Return an image as a file of Pillow's format `kind`."""
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def png(image: Image.Image | None = None, **options: Any) -> bytes:
    return encoded(image or picture(), "PNG", **options)


def jpeg(image: Image.Image | None = None, **options: Any) -> bytes:
    return encoded(image or picture(), "JPEG", **{"quality": 95, "subsampling": 0, **options})


def webp(image: Image.Image | None = None, **options: Any) -> bytes:
    return encoded(image or picture(), "WEBP", **{"quality": 95, **options})


def heic(image: Image.Image | None = None, **options: Any) -> bytes:
    target = io.BytesIO()
    pillow_heif.from_pillow(image or picture()).save(target, **{"quality": 95, **options})
    return target.getvalue()


def heic_of_mode(mode: str, pixels: bytes, **options: Any) -> bytes:
    """Return a HEIC of raw pixels in a mode that Pillow lacks: ten bits, multiplied alpha."""
    target = io.BytesIO()
    pillow_heif.encode(mode, (WIDTH, HEIGHT), pixels, target, **{"quality": 95, **options})
    return target.getvalue()


def ten_bit_heic() -> bytes:
    return heic_of_mode("RGB;16", (scene().astype("<u2") * 257).tobytes())


def heic_with_multiplied_alpha() -> bytes:
    opacity = alpha().astype(np.int64)[..., np.newaxis]
    colours = scene() * opacity // 255
    return heic_of_mode("RGBa", np.concatenate([colours, opacity], axis=-1).astype(np.uint8).tobytes(), chroma=444)


def exif_block(orientation: int = 1, *, located: bool = False) -> bytes:
    """Return an EXIF block, with an owner, a camera and a place where `located`."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    if located:
        exif[0x010F], exif[0xA430] = "Maker of cameras", "Owner McOwnerface"
        exif.get_ifd(0x8825).update({1: "N", 2: (59.0, 20.0, 1.5), 3: "E", 4: (18.0, 4.0, 7.25)})
    return exif.tobytes()


def broken_exif_block() -> bytes:
    """Return an EXIF block whose directory says more than it holds."""
    return b"Exif\x00\x00II*\x00\x08\x00\x00\x00\xff\x00" + struct.pack("<HHLL", 0x0110, 2, 1 << 20, 1 << 30)


def icc_profile(primaries: Sequence[Sequence[float]], gamma: float = 2.2) -> bytes:
    """Return a minimal display profile: a matrix and one curve (ICC.1:2001-04)."""

    def xyz(x: float, y: float, z: float) -> bytes:
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(65536 * value) for value in (x, y, z)))

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(256 * gamma)) + b"\0\0"
    name = b"drawn by a test\0"
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(name)) + name + bytes(78),
        b"cprt": b"text\0\0\0\0CC0\0",
        b"wtpt": xyz(0.9642, 1.0, 0.8249),
        **{name: xyz(*primary) for name, primary in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True)},
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
    }
    index, body = struct.pack(">I", len(tags)), b""
    for tag, value in tags.items():
        index += tag + struct.pack(">II", 128 + 4 + 12 * len(tags) + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    header = bytearray(128)
    header[0:4] = struct.pack(">I", 128 + len(index) + len(body))
    header[8:12] = b"\x02\x40\x00\x00"
    header[12:24] = b"mntrRGB XYZ "
    header[36:40] = b"acsp"
    header[68:80] = struct.pack(">3i", 63190, 65536, 54061)
    return bytes(header) + index + body


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_of_rows(depth: int, colour_type: int, rows: Sequence[bytes], *, before_pixels: bytes = b"") -> bytes:
    """Return a PNG of packed rows, for depths that Pillow does not write."""
    header = struct.pack(">IIBBBBB", WIDTH, len(rows), depth, colour_type, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\x00" + row for row in rows))
    chunks = png_chunk(b"IHDR", header) + before_pixels + png_chunk(b"IDAT", pixels) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def sixteen_bit_png() -> bytes:
    """Return a PNG of 16 bits a colour; the lower eight are noise, as in a scan."""
    wide = scene().astype(np.int64) * 256 + scene()[::-1]
    return png_of_rows(16, 2, [row.astype(">u2").tobytes() for row in wide])


def with_chunk(photo: bytes, name: bytes, body: bytes) -> bytes:
    """Return a PNG with one chunk more, behind its header."""
    behind_header = 8 + 25
    return photo[:behind_header] + png_chunk(name, body) + photo[behind_header:]


def with_segment(photo: bytes, marker: int, body: bytes) -> bytes:
    """Return a JPEG with one segment more, behind its start."""
    return photo[:2] + bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body + photo[2:]


def with_size_in_header(photo: bytes, width: int, height: int) -> bytes:
    """Return a PNG, JPEG, lossy WebP or HEIC whose header lies about its size; nothing else changes."""
    if photo.startswith(b"\x89PNG"):
        header = struct.pack(">II", width, height) + photo[24:29]
        return photo[:8] + png_chunk(b"IHDR", header) + photo[33:]
    if photo.startswith(b"\xff\xd8"):
        at = photo.index(b"\xff\xc0") + 5
        return photo[:at] + struct.pack(">HH", height, width) + photo[at + 4 :]
    if photo.startswith(b"RIFF"):
        at = photo.index(b"VP8 ") + 14
        return photo[:at] + struct.pack("<HH", width, height) + photo[at + 4 :]
    at = photo.index(b"ispe") + 8
    return photo[:at] + struct.pack(">II", width, height) + photo[at + 8 :]


def box(name: bytes, body: bytes) -> bytes:
    """Return a box of an ISO media file."""
    return struct.pack(">I", 8 + len(body)) + name + body


def video() -> bytes:
    """Return what a phone appends to a motion photo: the shell of an MP4."""
    return box(b"ftyp", b"mp42\0\0\0\0isommp42") + box(b"mdat", bytes(range(256)) * 8)


def zip_archive() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("run.sh", "echo hello")
    return target.getvalue()


def multi_picture_jpeg() -> bytes:
    """Return a photo and a smaller preview in one file, as stereo cameras and phones write them (MPO)."""
    return encoded(picture(), "MPO", save_all=True, append_images=[picture().resize((200, 150))], quality=95)


def transparent_palette_png() -> bytes:
    """Return a palette picture in which every colour has its own opacity."""
    return png(picture().quantize(64), transparency=bytes(255 - 2 * index for index in range(64)))


def colour_key_png() -> bytes:
    """Return a grey picture in which one grey is transparent."""
    return png(picture("L"), transparency=90)


def readable_photos() -> Mapping[str, Callable[[], bytes]]:
    """Return, by name, how to write every kind of photo that is read: the seeds of mutations."""
    return {
        "png": png,
        "rgba png": lambda: png(picture("RGBA")),
        "la png": lambda: png(picture("LA")),
        "palette png": lambda: png(picture().quantize(64)),
        "transparent palette png": transparent_palette_png,
        "colour key png": colour_key_png,
        "one bit png": lambda: png(picture("1")),
        "16-bit grey png": lambda: png(Image.fromarray(scene()[..., 1].astype(np.uint16) << 8)),
        "16-bit png": sixteen_bit_png,
        "png with profile": lambda: png(icc_profile=icc_profile(DISPLAY_P3_PRIMARIES)),
        "turned png": lambda: png(stored_as(6), exif=exif_block(6)),
        "jpeg": jpeg,
        "grey jpeg": lambda: jpeg(picture("L")),
        "cmyk jpeg": lambda: jpeg(picture("CMYK")),
        "progressive jpeg": lambda: jpeg(progressive=True),
        "jpeg with profile": lambda: jpeg(icc_profile=icc_profile(DISPLAY_P3_PRIMARIES)),
        "located jpeg": lambda: jpeg(stored_as(6), exif=exif_block(6, located=True)),
        "large jpeg": lambda: jpeg(Image.fromarray(scene(1600, 1200)), quality=80),
        "multi-picture jpeg": multi_picture_jpeg,
        "motion photo": lambda: jpeg() + video(),
        "webp": webp,
        "lossless webp": lambda: webp(lossless=True),
        "rgba webp": lambda: webp(picture("RGBA")),
        "webp with profile and exif": lambda: webp(
            stored_as(6), icc_profile=icc_profile(DISPLAY_P3_PRIMARIES), exif=exif_block(6)
        ),
        "heic": heic,
        "turned heic": lambda: heic(stored_as(6), exif=exif_block(6)),
        "rgba heic": lambda: heic(picture("RGBA")),
        "ten-bit heic": ten_bit_heic,
        "heic with multiplied alpha": heic_with_multiplied_alpha,
        "heic with profile": lambda: heic(icc_profile=icc_profile(DISPLAY_P3_PRIMARIES)),
    }


@cache
def readable_photo(name: str) -> bytes:
    return readable_photos()[name]()


def mutated(photo: bytes, random: Random) -> bytes:
    """Return the photo with one to four random wounds; half of the PNGs get sound checksums again."""
    wounded = bytearray(photo)
    for _ in range(random.randint(1, 4)):
        # The structure is at the beginning, so half of the wounds go there.
        at = random.randrange(min(len(wounded), random.choice([600, 1 << 30])) or 1)
        length = random.choice([1, 2, 4, 16, 300, 20_000])
        part = wounded[at : at + length]
        match random.choice(["flip", "boundary", "random", "delete", "insert", "repeat", "truncate"]):
            case "flip":
                wounded[at : at + 1] = bytes(byte ^ 1 << random.randrange(8) for byte in part[:1])
            case "boundary":
                wounded[at : at + 4] = random.choice([b"\xff\xff\xff\xff", bytes(4), b"\x7f\xff\xff\xff", b"\0\0\0\1"])
            case "random":
                wounded[at : at + length] = random.randbytes(len(part))
            case "delete":
                del wounded[at : at + length]
            case "insert":
                wounded[at:at] = random.randbytes(length)
            case "repeat":
                wounded[at:at] = part
            case "truncate":
                del wounded[random.randrange(len(wounded) + 1) :]
    if photo.startswith(b"\x89PNG") and random.random() < 0.5:
        return with_sound_checksums(bytes(wounded))
    return bytes(wounded)


def with_sound_checksums(photo: bytes) -> bytes:
    """Return a PNG whose chunks all have the checksum of what they hold."""
    whole, at = photo[:8], 8
    while at + 12 <= len(photo):
        length = int.from_bytes(photo[at : at + 4], "big")
        if at + 12 + length > len(photo):
            break
        whole += png_chunk(photo[at + 4 : at + 8], photo[at + 8 : at + 8 + length])
        at += 12 + length
    return whole + photo[at:]
