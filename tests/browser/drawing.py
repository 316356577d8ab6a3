"""A spot on skin, drawn by the program: for README's pictures, and for the page's visitors who have no photo.

It is a drawing and is called one wherever it is shown; what the model says of it means nothing.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFilter

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE = 640
_SKIN, _TAN, _BROWN, _DARK = (
    np.array(rgb, float) for rgb in ((200, 147, 152), (172, 93, 95), (118, 48, 47), (50, 30, 26))
)


def drawn_spot(seed: int = 44) -> Image.Image:
    """Return an RGB drawing of `SIDE` x `SIDE` pixels: skin, and a brown spot with a net of darker lines."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE - 0.5
    angle = np.arctan2(y, x)
    wobble = sum(0.045 / n * np.cos(n * angle + random.uniform(0, 6.3)) for n in range(2, 7))
    depth = 0.209 + wobble + 0.02 * _clouds(random, 40) - np.hypot(x * 0.92, y * 1.08)
    body = 1 / (1 + np.exp(-depth / 0.027))
    core = 1 / (1 + np.exp(-(depth - 0.10 + 0.05 * _clouds(random, 60)) / 0.05))
    # Lines around the holes of a net: the ridges of the skin, seen through a dermatoscope.
    net = np.clip(1.6 * np.abs(_clouds(random, 21)) ** 0.8, 0, 1)
    picture = _SKIN * (1 + 0.035 * _clouds(random, 90)[..., None] + 0.012 * _clouds(random, 4)[..., None])
    inner = _TAN + (_BROWN - _TAN) * core[..., None]
    inner += (_DARK - inner) * (0.606 * (1 - net) * (0.35 + 0.65 * core))[..., None]
    picture += (inner - picture) * body[..., None]
    picture += random.normal(0, 7.2, (SIDE, SIDE, 1))  # the grain of a camera, softened by its lens
    drawn = Image.fromarray(picture.clip(0, 255).astype(np.uint8))
    return drawn.filter(ImageFilter.GaussianBlur(2.34))


def webp(picture: Image.Image) -> bytes:
    """Return a drawing as WebP."""
    target = io.BytesIO()
    picture.save(target, "WEBP", quality=80, method=6)
    return target.getvalue()


def _clouds(random: np.random.Generator, grain: int) -> NDArray[np.float64]:
    """Return smooth noise of about unit spread whose bumps are `grain` pixels wide."""
    coarse = random.normal(size=(SIDE // grain + 3, SIDE // grain + 3)).astype(np.float32)
    wide = Image.fromarray(coarse).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    return np.asarray(wide, float)
