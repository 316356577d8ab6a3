"""Whether a photo can be judged at all: brightness, glare, sharpness and a spot in the frame, measured on its pixels.

Each check is one small function of the square that the network would see, so that a large photo pays no more than a
small one; all together take some two milliseconds. The thresholds are the card's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from functions.triage.card import QualityThresholds

Flaw = Literal["dark", "glare", "not_in_frame", "blurred"]

# Luma of ITU-R BT.601, section 2.5.1.
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
# From here on a channel is as good as full: the sensor saw more than it could hold.
_BLOWN = 245
_BRIGHT_PERCENTILE = 95
# Dermatoscopes darken the corners; the rim says nothing about the lens' focus.
_RIM = 8  # a side's part
_COARSE_STEP = 4
_BLOCKS, _BLOCK_RIM = 16, 3
# An edge four pixels wide in a plain picture of this contrast, in squared levels, is not told from none.
_LEAST_EDGE = 0.01


class Check(BaseModel):
    """One property of the photo, and whether it suffices."""

    model_config = ConfigDict(frozen=True)

    name: Flaw = Field(description="What the photo is called where it fails.")
    measured: float = Field(description="In the photo.")
    threshold: float = Field(description="From the card of the model.")
    passed: bool = Field(description="Whether the photo suffices.")


class Quality(BaseModel):
    """Whether the photo can be judged."""

    model_config = ConfigDict(frozen=True)

    passed: bool = Field(description="Every check passed.")
    checks: list[Check] = Field(description="In their order; empty where the model's card sets no thresholds.")

    @property
    def flaws(self) -> list[Flaw]:
        """The names of the checks that failed."""
        return [check.name for check in self.checks if not check.passed]


def quality_of(square: NDArray[np.uint8], thresholds: QualityThresholds | None) -> Quality:
    """Check one photo.

    Args:
        square: uint8 (size, size, 3) from `pixels.square_pixels`, of the card's `input_size`.
        thresholds: of the card; without them nothing is checked.

    """
    if thresholds is None:
        return Quality(passed=True, checks=[])
    luma = luma_of(square)
    found = [
        _at_least("dark", brightness(luma), thresholds.brightness_from),
        _at_most("glare", glare(square), thresholds.glare_to),
        _at_least("not_in_frame", contrast(square), thresholds.contrast_from),
        _at_least("blurred", sharpness(luma), thresholds.sharpness_from),
    ]
    return Quality(passed=all(check.passed for check in found), checks=found)


def luma_of(square: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the brightness of each pixel, float32 (size, size), 0..255."""
    return np.asarray(square.astype(np.float32) @ _LUMA)


def brightness(luma: NDArray[np.float32]) -> float:
    """Return the brightness, 0..255, that a twentieth of the pixels exceed: of the skin, not of the dark corners."""
    return float(np.percentile(luma[::2, ::2], _BRIGHT_PERCENTILE))


def glare(square: NDArray[np.uint8]) -> float:
    """Return the share of pixels, 0..1, of which all three channels are full: no colour is left in them."""
    return float((square.min(axis=-1) >= _BLOWN).mean())


def sharpness(luma: NDArray[np.float32]) -> float:
    """Return how much of the brightness's change over four pixels happens within one, in mean squares.

    Of the two directions the worse, as a shaken photo is blurred along one. About 1/16 for a smooth slope, above 1/2
    for noise, and the same for a faint and for a strong picture.
    """
    rim = len(luma) // _RIM
    inner = luma[rim:-rim, rim:-rim]
    return min(_fine_share(inner), _fine_share(inner.T))


def contrast(square: NDArray[np.uint8]) -> float:
    """Return how far the middle stands out from bare skin, in levels of colour (root mean square).

    The picture in 16 x 16 blocks, less the quadratic surface that fits it best (light falls off slowly and smoothly),
    within the middle 10 x 10 blocks. A spot, hairs or a pattern stand out; skin alone hardly.
    """
    side = len(square) // _BLOCKS
    used = square[: side * _BLOCKS, : side * _BLOCKS]
    sums = used.reshape(_BLOCKS, side, _BLOCKS * side, 3).sum(axis=1, dtype=np.uint32)
    blocks = sums.reshape(_BLOCKS, _BLOCKS, side, 3).sum(axis=2).reshape(-1, 3).astype(np.float32) / side**2
    left = (blocks - _SURFACE @ (_TO_SURFACE @ blocks)).reshape(_BLOCKS, _BLOCKS, 3)
    middle = left[_BLOCK_RIM:-_BLOCK_RIM, _BLOCK_RIM:-_BLOCK_RIM]
    return float(np.sqrt((middle**2).sum(axis=-1).mean()))


MEASURES: dict[Flaw, Callable[[NDArray[np.uint8]], float]] = {
    "dark": lambda square: brightness(luma_of(square)),
    "glare": glare,
    "not_in_frame": contrast,
    "blurred": lambda square: sharpness(luma_of(square)),
}


def _fine_share(luma: NDArray[np.float32]) -> float:
    fine, coarse = luma[1:] - luma[:-1], luma[_COARSE_STEP:] - luma[:-_COARSE_STEP]
    least = _LEAST_EDGE / _COARSE_STEP**2
    return (float(np.mean(fine * fine)) + least) / (float(np.mean(coarse * coarse)) + _LEAST_EDGE)


def _quadratic_surface() -> NDArray[np.float32]:
    y, x = (axis.ravel() for axis in np.mgrid[-1 : 1 : _BLOCKS * 1j, -1 : 1 : _BLOCKS * 1j])
    return np.stack([np.ones_like(x), y, x, y * y, x * x, x * y], axis=1).astype(np.float32)


_SURFACE = _quadratic_surface()
_TO_SURFACE = np.linalg.pinv(_SURFACE).astype(np.float32)


def _at_least(name: Flaw, measured: float, threshold: float) -> Check:
    return Check(name=name, measured=round(measured, 4), threshold=threshold, passed=measured >= threshold)


def _at_most(name: Flaw, measured: float, threshold: float) -> Check:
    return Check(name=name, measured=round(measured, 4), threshold=threshold, passed=measured <= threshold)
