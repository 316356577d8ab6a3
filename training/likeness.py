"""Which photos show the same picture: a perceptual hash that outlives re-encoding, resizing, mirrors and turns.

The signs of the lowest 16 x 16 coefficients of the discrete cosine transform of 64 x 64 grey levels, as in the hash
PDQ (Facebook, "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm", 2019), with zero in the place
of the median as threshold: so a mirror turns the bits of odd frequencies over, and a quarter turn also swaps the axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# Side in pixels of the squares that are hashed.
SIDE = 64
_FREQUENCIES = 16
BITS = _FREQUENCIES * _FREQUENCIES
# Copies (JPEG down to quality 20, half and double size, mirrors, turns, other light and colours, 1 % less rim)
# differ by up to 32 bits. Photos of other lesions seldom do: small round spots on bare skin, mostly.
COPY_BITS = 32
# Copies with 3 % less rim or turned by 2 degrees differ by more; so near to a test photo of another lesion come 0.02 %
# of the photos, in any of their eight positions. tests/real/test_deliveries.py measures all of these.
ALIKE_BITS = 44
# Below this spread of grey levels a picture has no shape, and the signs are those of noise.
_LEAST_SPREAD = 1.0
# ITU-R BT.601-7, 2.5.1: the grey level that a colour has.
_GREY = np.array([0.299, 0.587, 0.114], dtype=np.float32)
# Rows compared at a time: some 16 MB of products.
_BLOCK = 2048

_COSINES = np.cos(np.pi * np.arange(_FREQUENCIES)[:, None] * (2 * np.arange(SIDE)[None, :] + 1) / (2 * SIDE)).astype(
    np.float32
)


class Twin(NamedTuple):
    """Two rows whose photos are alike, and by how many of `BITS` bits they differ in the nearest position."""

    one: int
    other: int
    bits: int


def likeness(square: NDArray[np.uint8]) -> str:
    """Return the hash of a photo.

    Args:
        square: uint8 of shape (SIDE, SIDE, 3), sRGB, as `pixels.square_pixels` gives it.

    Returns:
        `BITS` bits as 64 hexadecimal digits; empty where the picture is of one shade and has no shape to compare.

    """
    grey = square.astype(np.float32) @ _GREY
    if float(grey.std()) < _LEAST_SPREAD:
        return ""
    coefficients = _COSINES @ grey @ _COSINES.T
    coefficients[0, 0] = 0.0  # the mean shade, which light and exposure change
    return np.packbits(coefficients > 0).tobytes().hex()


def twins(new: Sequence[str], known: Sequence[str]) -> list[Twin]:
    """Return the pairs of a new and a known photo that differ by at most `ALIKE_BITS` in one of a square's positions.

    Args:
        new: hashes from `likeness`; an empty one is like none.
        known: the same.

    Returns:
        For each pair its places in `new` and `known`, by these places.

    """
    here, there = _present(new), _present(known)
    if not here.size or not there.size:
        return []
    standing = _signs(known, there).reshape(len(there), BITS)
    found: list[Twin] = []
    for first in range(0, len(here), _BLOCK):
        turned = _positions(_signs(new, here[first : first + _BLOCK]))
        for start in range(0, len(there), _BLOCK):
            block = standing[start : start + _BLOCK].T
            # Of signs +1 and -1, the product counts what agrees less what differs.
            nearest = turned[0] @ block
            for position in turned[1:]:
                np.maximum(nearest, position @ block, out=nearest)
            rows, columns = np.nonzero(nearest >= BITS - 2 * ALIKE_BITS)
            found.extend(
                Twin(int(here[first + one]), int(there[start + other]), (BITS - int(nearest[one, other])) // 2)
                for one, other in zip(rows, columns, strict=True)
            )
    return sorted(found)


def _present(hashes: Sequence[str]) -> NDArray[np.int64]:
    return np.array([row for row, digits in enumerate(hashes) if digits], dtype=np.int64)


def _signs(hashes: Sequence[str], rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return +1 or -1 a bit, float32 of shape (rows, 16, 16)."""
    digits = b"".join(bytes.fromhex(hashes[row]) for row in rows)
    bits = np.unpackbits(np.frombuffer(digits, np.uint8))
    return (2.0 * bits.reshape(len(rows), _FREQUENCIES, _FREQUENCIES) - 1.0).astype(np.float32)


def _positions(signs: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Return the signs of the eight mirrored and turned pictures, each float32 of shape (rows, BITS)."""
    mirror = np.where(np.arange(_FREQUENCIES) % 2, -1.0, 1.0).astype(np.float32)
    upright = np.ones_like(mirror)
    return [
        (standing * down[:, None] * across[None, :]).reshape(len(signs), BITS)
        for standing in (signs, signs.transpose(0, 2, 1))
        for down in (upright, mirror)
        for across in (upright, mirror)
    ]
