"""What probabilities reached on labelled photos: pure functions of truth and score, intervals over lesions.

The names are those of the public ISIC scorer (github.com/ImageMarkup/isic-challenge-scoring) where it has one:
`auc`, `ap`, `balanced_accuracy`, `sensitivity`, `specificity`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import roc_auc_score, roc_curve

from functions.triage.card import Interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

CALIBRATION_BINS = 15
RESAMPLES = 1000


def auroc_interval(truth: NDArray[np.bool_], score: NDArray[np.float64], lesions: NDArray[np.str_]) -> Interval:
    """Return the AUROC with its 95 % percentile bootstrap interval over lesions.

    Args:
        truth: (n,), both values present.
        score: (n,), larger for yes.
        lesions: (n,) lesion names; whole lesions are drawn, as photos of one are alike.

    """
    return macro_auroc_interval(truth[:, np.newaxis], score[:, np.newaxis], lesions)


def macro_auroc_interval(truth: NDArray[np.bool_], score: NDArray[np.float64], lesions: NDArray[np.str_]) -> Interval:
    """Return the mean AUROC over the columns, with its 95 % percentile bootstrap interval over lesions.

    Args:
        truth: (n, classes), both values present in each column.
        score: (n, classes), larger for yes.
        lesions: (n,) lesion names; a resample without one of the classes counts for none of them.

    """
    names, lesion = np.unique(lesions, return_inverse=True)
    random = np.random.default_rng(0)
    drawn = [np.bincount(random.integers(0, len(names), len(names)), minlength=len(names)) for _ in range(RESAMPLES)]
    times = np.stack(drawn)[:, lesion]
    columns = range(truth.shape[1])
    resampled = np.mean([_weighted_aurocs(truth[:, k], score[:, k], times) for k in columns], axis=0)
    low, high = np.nanpercentile(resampled, [2.5, 97.5])
    value = np.mean([roc_auc_score(truth[:, k], score[:, k]) for k in columns])
    return Interval(value=float(value), low=float(low), high=float(high))


def _weighted_aurocs(
    truth: NDArray[np.bool_], score: NDArray[np.float64], times: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the AUROC of each resample, given how often it holds each photo (resamples, photos); NaN of one kind."""
    order = np.argsort(score, kind="stable")
    _, starts = np.unique(score[order], return_index=True)
    positive = np.add.reduceat((times * truth)[:, order], starts, axis=1)
    negative = np.add.reduceat((times * ~truth)[:, order], starts, axis=1)
    below = np.cumsum(negative, axis=1) - negative
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    # A tie counts half (Hanley and McNeil 1982).
    won = (positive * (below + negative / 2)).sum(axis=1)
    found: NDArray[np.float64] = np.divide(won, pairs, out=np.full(len(times), np.nan), where=pairs > 0)
    return found


def partial_auroc(truth: NDArray[np.bool_], score: NDArray[np.float64], least_sensitivity: float = 0.80) -> float:
    """Return the area between the ROC curve and the line of the least sensitivity, where the curve lies above it.

    The figure of merit of the ISIC 2024 challenge: 0 .. 1 - least_sensitivity (0.2 for 0.80), 0.02 for chance. The
    older `auc_sens_80` of the ISIC scorer is another figure: the area down to sensitivity 0 at the same specificities.

    Args:
        truth: (n,), both values present.
        score: (n,), larger for yes.
        least_sensitivity: in 0..1.

    """
    false_positive, sensitivity, _ = roc_curve(truth, score, drop_intermediate=False)
    first = int(np.searchsorted(sensitivity, least_sensitivity, side="left"))
    if first:
        # The curve crosses the line between two of its points.
        share = (least_sensitivity - sensitivity[first - 1]) / (sensitivity[first] - sensitivity[first - 1])
        crossing = false_positive[first - 1] + share * (false_positive[first] - false_positive[first - 1])
        false_positive = np.concatenate([[crossing], false_positive[first:]])
        sensitivity = np.concatenate([[least_sensitivity], sensitivity[first:]])
    return float(np.trapezoid(sensitivity - least_sensitivity, false_positive))


def sensitivity_at_specificity(
    truth: NDArray[np.bool_], score: NDArray[np.float64], least_specificity: float = 0.90
) -> float:
    """Return the highest sensitivity among the thresholds with at least the specificity.

    Args:
        truth: (n,), both values present.
        score: (n,), larger for yes.
        least_specificity: in 0..1.

    """
    false_positive, sensitivity, _ = roc_curve(truth, score, drop_intermediate=False)
    # 1 - specificity is a ratio of counts: a rounding error must not cost a whole step of the curve.
    return float(sensitivity[false_positive <= 1 - least_specificity + 1e-12].max())


def balanced_accuracy(labels: NDArray[np.int64], predicted: NDArray[np.int64]) -> float:
    """Return the mean recall of the diagnoses that occur; scikit-learn's warns about those that do not."""
    return float(np.mean([(predicted[labels == k] == k).mean() for k in np.unique(labels)]))


def expected_calibration_error(truth: NDArray[np.bool_], probability: NDArray[np.float64]) -> float:
    """Return the mean gap between predicted and observed share, weighted by bin (Guo 2017, section 2)."""
    bins = reliability(truth, probability)
    return float(sum(count / len(truth) * abs(predicted - observed) for count, predicted, observed in bins))


def reliability(truth: NDArray[np.bool_], probability: NDArray[np.float64]) -> Sequence[tuple[int, float, float]]:
    """Return (photos, mean predicted, observed share) of each of 15 equal bins of 0..1 that is not empty."""
    number = np.minimum((probability * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    return [
        (int((number == k).sum()), float(probability[number == k].mean()), float(truth[number == k].mean()))
        for k in range(CALIBRATION_BINS)
        if (number == k).any()
    ]
