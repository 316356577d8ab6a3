"""The scales on which methods are linear: counts as they are, their square roots, or their logarithms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Scale = Literal["raw", "sqrt", "log"]
# A period without a case has a logarithm too: half a case.
_LEAST_COUNT = 0.5
_HIGHEST_LOG = 50.0


def scaled(counts: NDArray[np.float64], scale: Scale) -> NDArray[np.float64]:
    """Return counts on a scale, same shape."""
    if scale == "log":
        return np.asarray(np.log(np.maximum(counts, _LEAST_COUNT)))
    return np.asarray(np.sqrt(counts) if scale == "sqrt" else counts, dtype=np.float64)


def unscaled(values: NDArray[np.float64], scale: Scale) -> NDArray[np.float64]:
    """Return counts, not negative, from values on a scale; quantiles stay quantiles."""
    if scale == "log":
        return np.asarray(np.exp(np.minimum(values, _HIGHEST_LOG)))
    least = np.maximum(values, 0.0)
    return np.asarray(least**2 if scale == "sqrt" else least)
