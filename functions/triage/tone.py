"""The apparent tone of the skin around a spot: an angle in CIELAB, from pixels alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STRIDE_TO = 64  # pixels a side on which the tone is measured
_RING = 0.12  # of the side, on each edge: skin rather than lesion
# Of the ring by lightness: above hair, ink and dark corners, below glare.
_SKIN_QUANTILES = (0.5, 0.95)
_SRGB_LINEAR_UP_TO = 0.04045
_D65 = np.array([0.95047, 1.0, 1.08883])
_SRGB_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def typology_angle(square: NDArray[np.uint8]) -> float:
    """Return the individual typology angle of the skin around a lesion, degrees; larger is lighter.

    It is the median over those pixels of the photo's outer ring that lie between the 50th and the 95th percentile
    of the ring's lightness.

    Args:
        square: uint8 (side, side, 3), sRGB.

    """
    step = max(1, square.shape[0] // _STRIDE_TO)
    small = square[::step, ::step]
    width = max(1, round(_RING * small.shape[0]))
    is_ring = np.ones(small.shape[:2], dtype=bool)
    is_ring[width:-width, width:-width] = False
    lightness, _, yellowness = lab(small[is_ring]).T
    low, high = np.quantile(lightness, _SKIN_QUANTILES)
    is_skin = (lightness >= low) & (lightness <= high)
    return float(np.median(np.degrees(np.arctan2(lightness[is_skin] - 50, yellowness[is_skin]))))


def lab(colours: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return CIELAB (L 0..100, a, b; illuminant D65, CIE 15) of sRGB colours, uint8 (..., 3) (IEC 61966-2-1)."""
    encoded = np.asarray(colours, dtype=np.float64) / 255
    linear = np.where(encoded <= _SRGB_LINEAR_UP_TO, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    ratio = linear @ _SRGB_TO_XYZ.T / _D65
    delta = 6 / 29
    f = np.where(ratio > delta**3, np.cbrt(ratio), ratio / (3 * delta**2) + 4 / 29)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)
