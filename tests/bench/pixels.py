"""How long a photo takes from bytes to square: what a phone sends, at the sizes that the models take.

    python -m tests.bench.pixels

Prints medians and minima in milliseconds; on a busy machine the minimum is nearer to the truth. The goal is a median
under 60 ms for a JPEG of 12 megapixels.
"""

from __future__ import annotations

import io
import statistics
import time
from dataclasses import dataclass

import numpy as np
import pillow_heif
from PIL import Image
from rich.console import Console
from rich.table import Table

from functions.triage.pixels import MAX_BYTES, square_pixels

SIZES = (224, 299)
ROUNDS = 11
PHONE = (4000, 3000)
SCREEN = (1200, 900)  # a PNG of a phone's photo is over the limit of bytes
NOISE = 6.0  # grey levels, as under a lamp in the evening


@dataclass(frozen=True)
class Figure:
    """How long one photo took at one size, in milliseconds."""

    photo: str
    width: int
    height: int
    photo_bytes: int
    size: int
    median_ms: float
    minimum_ms: float


def noisy_photo(width: int, height: int) -> Image.Image:
    """Draw shapes at every scale and a sensor's noise, so that it compresses as a photo does."""
    random = np.random.default_rng(12)
    drawn = np.full((height, width, 3), (205.0, 160.0, 140.0), dtype=np.float32)
    for cells, strength in ((4, 40), (16, 20), (64, 12), (256, 8)):
        coarse = random.normal(0, 1, (cells, cells, 3)).astype(np.float32)
        for channel in range(3):
            layer = Image.fromarray(coarse[..., channel]).resize((width, height), Image.Resampling.BICUBIC)
            drawn[..., channel] += strength * np.asarray(layer)
    drawn += random.normal(0, NOISE, (height, width, 1)).astype(np.float32)
    return Image.fromarray(drawn.clip(0, 255).astype(np.uint8))


def photos() -> dict[str, bytes]:
    """Return what is timed, each within the limit of bytes."""
    phone = noisy_photo(*PHONE)
    jpeg, progressive, webp, heic, png = (io.BytesIO() for _ in range(5))
    phone.save(jpeg, "JPEG", quality=85)
    phone.save(progressive, "JPEG", quality=85, progressive=True)
    phone.save(webp, "WEBP", quality=80, method=0)
    pillow_heif.from_pillow(phone).save(heic, quality=50)
    noisy_photo(*SCREEN).save(png, "PNG")
    written = {"JPEG": jpeg, "JPEG, progressive": progressive, "WebP": webp, "HEIC": heic, "PNG": png}
    return {name: file.getvalue() for name, file in written.items()}


def measure() -> list[Figure]:
    """Time every photo at every size, after one round to warm up."""
    figures = []
    for name, photo in photos().items():
        if len(photo) > MAX_BYTES:
            raise ValueError(f"{name}: {len(photo):,} bytes are over the limit of {MAX_BYTES:,}")
        width, height = SCREEN if name == "PNG" else PHONE
        for size in SIZES:
            square_pixels(photo, size)
            times = []
            for _ in range(ROUNDS):
                began = time.perf_counter()
                square_pixels(photo, size)
                times.append(1000 * (time.perf_counter() - began))
            figures.append(Figure(name, width, height, len(photo), size, statistics.median(times), min(times)))
    return figures


def table(figures: list[Figure]) -> Table:
    """Return the figures as one table."""
    shown = Table(title="From bytes to square")
    shown.add_column("photo")
    for column in ("pixels", "MB", "size", "median ms", "minimum ms"):
        shown.add_column(column, justify="right")
    for figure in figures:
        shown.add_row(
            figure.photo,
            f"{figure.width} x {figure.height}",
            f"{figure.photo_bytes / 1e6:.1f}",
            str(figure.size),
            f"{figure.median_ms:.1f}",
            f"{figure.minimum_ms:.1f}",
        )
    return shown


if __name__ == "__main__":
    Console().print(table(measure()))
