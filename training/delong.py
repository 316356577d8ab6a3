"""The difference of two AUROC on the same photos, with its standard error (DeLong 1988), computed by mid-ranks.

Sun and Xu 2014, "Fast Implementation of DeLong's Algorithm for Comparing the Areas Under Correlated Receiver Operating
Characteristic Curves", IEEE Signal Processing Letters 21:1389, equations 5 to 8. Photos are taken as independent, which
those of one lesion are not: the standard error is a little too small, and the gate decides by the bootstrap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm, rankdata

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Difference:
    """AUROC of the second score less that of the first, and its standard error; 0 where the scores order alike."""

    value: float
    standard_error: float

    def lower(self, alpha: float) -> float:
        """Return the lower end of the one-sided interval of confidence 1 - alpha."""
        return float(self.value - norm.ppf(1 - alpha) * self.standard_error)


def auroc_difference(truth: NDArray[np.bool_], first: NDArray[np.float64], second: NDArray[np.float64]) -> Difference:
    """Compare two scores of the same photos.

    Args:
        truth: (n,), at least two of both values.
        first: (n,), larger for yes.
        second: the same.

    """
    parts = [_placements(truth, score) for score in (first, second)]
    # Variances of the differences of the placements: the contrast (-1, 1) of DeLong's covariance matrix.
    of_malignant, of_benign = (parts[1][kind] - parts[0][kind] for kind in (0, 1))
    variance = of_malignant.var(ddof=1) / len(of_malignant) + of_benign.var(ddof=1) / len(of_benign)
    return Difference(float(of_malignant.mean()), float(np.sqrt(variance)))


def standard_error(truth: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    """Return the standard error of one score's AUROC; arguments as in `auroc_difference`."""
    of_malignant, of_benign = _placements(truth, score)
    return float(np.sqrt(of_malignant.var(ddof=1) / len(of_malignant) + of_benign.var(ddof=1) / len(of_benign)))


def _placements(
    truth: NDArray[np.bool_], score: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the share of benign photos below each malignant one, and of malignant above each benign one."""
    malignant, benign = score[truth], score[~truth]
    together = rankdata(np.concatenate([malignant, benign]))
    below = (together[: len(malignant)] - rankdata(malignant)) / len(benign)
    above = 1 - (together[len(malignant) :] - rankdata(benign)) / len(malignant)
    return below, above
