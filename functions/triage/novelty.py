"""Whether a photo is like those the model learned from: its distance from them, and on which side of them it lies."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FIELDS = ("mean", "axes", "domain_weights", "domain_bias")


@dataclass(frozen=True)
class Novelty:
    """The plane through the textures of the photos learned from, and the line in it between two kinds of photo.

    Attributes:
        mean: float32 (channels,), a point of the plane.
        axes: float32 (components, channels), orthonormal rows that span it.
        domain_weights: float32 (components,), of the coordinates in the plane.
        domain_bias: added to them.

    """

    mean: NDArray[np.float32]
    axes: NDArray[np.float32]
    domain_weights: NDArray[np.float32]
    domain_bias: float

    def distance(self, texture: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the distance of each texture (n, channels) from the plane, float64 (n,), at least 0.

        The residual of principal components (Jackson and Mudholkar 1979, Technometrics 21:341; the residual of ViM,
        Wang 2022, arXiv 2203.10807, section 3), square root.
        """
        away = self._away(texture)
        inside = away @ self.axes.T.astype(np.float64)
        return np.asarray(np.sqrt(np.maximum((away**2).sum(axis=1) - (inside**2).sum(axis=1), 0.0)))

    def clinical(self, texture: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return for each texture (n, channels) how clinical the photo looks, float64 (n,): above 0 more than not."""
        inside = self._away(texture) @ self.axes.T.astype(np.float64)
        return np.asarray(inside @ self.domain_weights.astype(np.float64) + self.domain_bias)

    def _away(self, texture: NDArray[np.floating]) -> NDArray[np.float64]:
        return np.asarray(texture, dtype=np.float64) - self.mean

    def to_bytes(self) -> bytes:
        """Return the numbers as a .npz, axes in float16: the same numbers, the same bytes."""
        target = io.BytesIO()
        np.savez(
            target,
            mean=self.mean.astype(np.float32),
            axes=self.axes.astype(np.float16),
            domain_weights=self.domain_weights.astype(np.float32),
            domain_bias=np.float32(self.domain_bias),
        )
        return target.getvalue()

    @classmethod
    def from_bytes(cls, stored: bytes) -> Novelty:
        """Read what `to_bytes` wrote.

        Raises:
            ValueError: when it is something else.

        """
        with np.load(io.BytesIO(stored), allow_pickle=False) as arrays:
            missing = [name for name in _FIELDS if name not in arrays]
            if missing:
                message = f"novelty.npz lacks {', '.join(missing)}"
                raise ValueError(message)
            mean, axes, weights = (arrays[name].astype(np.float32) for name in _FIELDS[:3])
            bias = float(arrays["domain_bias"])
        if axes.ndim != 2 or mean.shape != axes.shape[1:] or weights.shape != axes.shape[:1]:  # noqa: PLR2004
            message = f"novelty.npz has shapes that disagree: {mean.shape}, {axes.shape}, {weights.shape}"
            raise ValueError(message)
        return cls(mean, axes, weights, bias)
