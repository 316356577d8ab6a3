"""Probabilities that mean what they say, and cut-offs with a guarantee."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from scipy.optimize import minimize
from scipy.stats import beta
from sklearn.metrics import log_loss

from functions.triage.advice import risk_band
from functions.triage.card import Cutoffs, PredictiveValue
from functions.triage.scorer import softmax
from training.evaluate import first_photos

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Band = Literal["low", "watch", "urgent"]
_BANDS: tuple[Band, ...] = get_args(Band)

# The share of malignant lesions that may fall in the band `low`, and how sure that is; the share of benign in `urgent`.
MALIGNANT_CALLED_LOW = 0.05
CONFIDENCE = 0.95
BENIGN_CALLED_URGENT = 0.10
# Of malignant lesions among those photographed: one in a hundred, and one in a thousand as in people without a worry.
STATED_PREVALENCES = (0.01, 0.001)
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


def cutoffs_of(
    probability: NDArray[np.float64], is_malignant: NDArray[np.bool_], lesions: NDArray[np.str_] | None = None
) -> Cutoffs:
    """Choose the bands' limits on photos that the network has not learned from.

    `low_below` is the k-th lowest P(malignant) among the first photos of n malignant lesions, with the largest k that
    keeps the promise of `rank_for`: with confidence 0.95 over the choice of those lesions, at most 5 % of further
    malignant lesions from the same source fall below it; on average over choices, k / (n + 1) of them do
    (class-conditional split conformal prediction; Vovk 2012, arXiv 1209.2673, proposition 2b and section 4).
    `urgent_from` is reached by at most a tenth of the benign photos.

    Args:
        probability: P(malignant), (n,).
        is_malignant: (n,).
        lesions: (n,) lesion names, as photos of one lesion are alike and promise less than as many lesions; without
            them each photo is a lesion of its own.

    """
    first = np.arange(len(probability)) if lesions is None else first_photos(lesions)
    malignant = np.sort(probability[first][is_malignant[first]])
    benign = np.sort(probability[~is_malignant])
    rank = rank_for(len(malignant), MALIGNANT_CALLED_LOW, CONFIDENCE)
    low_below = float(malignant[rank - 1]) if rank else 0.0
    allowed = int(BENIGN_CALLED_URGENT * len(benign))
    urgent_from = float(np.nextafter(benign[len(benign) - allowed - 1], 1.0)) if len(benign) else 1.0
    return Cutoffs(
        low_below=min(low_below, urgent_from),
        urgent_from=urgent_from,
        guarantee=(
            f"With {100 * CONFIDENCE:.0f} % confidence, at most {100 * MALIGNANT_CALLED_LOW:.0f} % of malignant "
            f"lesions like the {len(malignant)} that chose low_below (rank {rank} among them) fall below it; on "
            f"average over such choices {100 * rank / (len(malignant) + 1):.1f} % do. Of {len(benign)} benign photos "
            f"{100 * BENIGN_CALLED_URGENT:.0f} % reached urgent_from. Nothing is promised for other sources of photos, "
            "nor for one source among them by itself."
        ),
        confidence=CONFIDENCE,
        malignant_lesions=len(malignant),
        rank=rank,
    )


def rank_for(n: int, share: float, confidence: float) -> int:
    """Return the largest k for which the k-th lowest of n values bounds its own tail, 0 where none does.

    The probability that a further value falls below the k-th lowest of n is Beta(k, n + 1 - k) distributed over the
    choice of the n, for independent values without ties, and smaller with ties (Wilks 1941; Vovk 2012, arXiv
    1209.2673, proposition 2b). k is the largest with P(Beta(k, n + 1 - k) <= share) >= confidence.
    """
    ranks = np.arange(1, n + 1)
    return int(np.count_nonzero(beta.cdf(share, ranks, n + 1 - ranks) >= confidence))


def predictive_values(
    probability: NDArray[np.float64], is_malignant: NDArray[np.bool_], cutoffs: Cutoffs, prevalences: Sequence[float]
) -> list[PredictiveValue]:
    """Return what each band says at each prevalence, from the bands' shares of malignant and of benign photos.

    By Bayes' rule, P(malignant | band) = s p / (s p + f (1 - p)) with p the prevalence and s, f the shares of malignant
    and of benign photos in the band (Altman and Bland 1994, BMJ 309:102).

    Args:
        probability: P(malignant), (n,).
        is_malignant: (n,), both kinds present.
        cutoffs: of the bands.
        prevalences: shares of malignant lesions among those photographed, each in 0..1.

    """
    bands = np.array([risk_band(value, cutoffs) for value in probability])
    found = []
    for prevalence in prevalences:
        ppv: dict[Band, float | None] = {}
        for band in _BANDS:
            true = prevalence * float((bands[is_malignant] == band).mean())
            false = (1 - prevalence) * float((bands[~is_malignant] == band).mean())
            ppv[band] = true / (true + false) if true + false else None
        npv = {band: None if value is None else 1 - value for band, value in ppv.items()}
        found.append(PredictiveValue(prevalence=prevalence, ppv=ppv, npv=npv))
    return found
