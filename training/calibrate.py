"""Probabilities that mean what they say, and cut-offs with a guarantee."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from sklearn.metrics import log_loss

from functions.triage.card import Cutoffs
from functions.triage.scorer import softmax

if TYPE_CHECKING:
    from numpy.typing import NDArray

# The share of malignant photos that may fall in the band `low`, and of benign ones in `urgent`.
MALIGNANT_CALLED_LOW = 0.05
BENIGN_CALLED_URGENT = 0.10
_BIAS_PENALTY = 1e-3


@dataclass(frozen=True)
class Calibration:
    """What turns logits into probabilities: softmax(logits / temperature + biases)."""

    temperature: float
    biases: tuple[float, ...]


def calibration_of(logits: NDArray[np.floating], labels: NDArray[np.int64]) -> Calibration:
    """Fit one temperature and one bias a class to photos that the network has not learned from.

    Bias-corrected temperature scaling (Alexandari 2020, arXiv 1901.06852, section 3): the most likely
    values, the biases held towards 0 by a small square penalty. The biases take back what the class weights
    of training did to the prior; a temperature alone cannot (`training/EXPERIMENTS.md`).

    Args:
        logits: (n, classes).
        labels: (n,) class numbers.

    """
    classes = logits.shape[1]
    wide = np.asarray(logits, dtype=np.float64)

    def cost(values: NDArray[np.float64]) -> float:
        probabilities = softmax(wide * np.exp(-values[0]) + values[1:])
        likely = log_loss(labels, probabilities, labels=range(classes))
        return float(likely + _BIAS_PENALTY * (values[1:] ** 2).sum())

    found = minimize(cost, np.zeros(1 + classes), method="L-BFGS-B")
    return Calibration(float(np.exp(found.x[0])), tuple(float(value) for value in found.x[1:]))


def cutoffs_of(probability: NDArray[np.float64], is_malignant: NDArray[np.bool_]) -> Cutoffs:
    """Choose the bands' limits on photos that the network has not learned from.

    `low_below` is the k-th smallest P(malignant) among the n malignant photos, k = floor(0.05 (n + 1)): a
    further malignant photo from the same source falls below it with probability at most k / (n + 1)
    (class-conditional split conformal prediction; Vovk 2012, arXiv 1209.2673, section 4).
    `urgent_from` is reached by at most a tenth of the benign photos.

    Args:
        probability: P(malignant), (n,).
        is_malignant: (n,).

    """
    malignant, benign = np.sort(probability[is_malignant]), np.sort(probability[~is_malignant])
    k = int(MALIGNANT_CALLED_LOW * (len(malignant) + 1))
    low_below = float(malignant[k - 1]) if k else 0.0
    allowed = int(BENIGN_CALLED_URGENT * len(benign))
    urgent_from = float(np.nextafter(benign[len(benign) - allowed - 1], 1.0)) if len(benign) else 1.0
    return Cutoffs(
        low_below=min(low_below, urgent_from),
        urgent_from=urgent_from,
        guarantee=(
            f"Of malignant photos like the {len(malignant)} it was chosen on, at most "
            f"{100 * MALIGNANT_CALLED_LOW:.0f} % are expected below low_below, on average over choices "
            f"(k = {k} of n + 1 = {len(malignant) + 1}); of the {len(benign)} benign ones, "
            f"{100 * BENIGN_CALLED_URGENT:.0f} % reached urgent_from. Nothing is promised for other sources of photos."
        ),
    )
