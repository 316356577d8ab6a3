"""What a model reached on photos, always through the served file and the serving code."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import roc_auc_score

from functions.triage.advice import RiskBand, risk_band
from functions.triage.card import Cutoffs, Evaluation, Interval
from functions.triage.pixels import square_pixels
from functions.triage.scorer import columns_of, malignant_probability

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from functions.triage.scorer import Scorer

CALIBRATION_BINS = 15
RESAMPLES = 1000
_BATCH = 16


def logits_of(
    scorer: Scorer, files: Sequence[str], on_progress: Callable[[int], None] = lambda _done: None
) -> NDArray[np.float32]:
    """Return the served file's logits, float32 (n, classes), of photos read as the service reads them.

    Args:
        scorer: the loaded model package.
        files: paths of photos.
        on_progress: called with the number of photos done.

    Raises:
        PhotoRejected: when a photo cannot be read.

    """

    def read(file: str) -> NDArray[np.uint8]:
        return square_pixels(Path(file).read_bytes(), scorer.card.input_size)

    found = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for start in range(0, len(files), _BATCH):
            batch = files[start : start + _BATCH]
            found.append(scorer.logits(np.stack(list(pool.map(read, batch)))))
            on_progress(start + len(batch))
    return np.concatenate(found)


def lesions_of(table: pd.DataFrame) -> NDArray[np.str_]:
    """Return each photo's lesion; a photo without one is a lesion of its own."""
    return np.where(table["lesion_id"] == "", table["image_name"], table["lesion_id"]).astype(str)


def evaluation_of(
    probabilities: NDArray[np.float64],
    labels: NDArray[np.int64],
    lesions: NDArray[np.str_],
    classes: Sequence[str],
    malignant: Sequence[str],
    cutoffs: Cutoffs,
) -> Evaluation:
    """Return every figure of one set of photos.

    Args:
        probabilities: calibrated, (n, classes).
        labels: (n,) class numbers.
        lesions: (n,) lesion names; intervals are resampled by them, as photos of one lesion are alike.
        classes: codes of the columns.
        malignant: which codes sum to P(malignant).
        cutoffs: of the bands.

    """
    columns = columns_of(malignant, classes)
    is_malignant = np.isin(labels, columns)
    p = malignant_probability(probabilities, columns)
    bands = np.array([risk_band(value, cutoffs) for value in p])
    one_against_rest = {
        code: float(roc_auc_score(labels == k, probabilities[:, k]))
        for k, code in enumerate(classes)
        if 0 < np.count_nonzero(labels == k) < len(labels)
    }
    has_both = bool(is_malignant.any() and not is_malignant.all())
    complete = len(one_against_rest) == len(classes)
    return Evaluation(
        photos=len(labels),
        lesions=len(np.unique(lesions)),
        malignant_photos=int(is_malignant.sum()),
        malignant_auroc=auroc_interval(is_malignant, p, lesions) if has_both else None,
        diagnosis_auroc=one_against_rest,
        macro_auroc=float(np.mean(list(one_against_rest.values()))) if complete else None,
        accuracy=float((probabilities.argmax(axis=1) == labels).mean()),
        balanced_accuracy=_balanced_accuracy(labels, probabilities.argmax(axis=1)),
        expected_calibration_error=expected_calibration_error(is_malignant, p),
        brier=float(((p - is_malignant) ** 2).mean()),
        called={band.value: float((bands == band).mean()) for band in RiskBand},
        malignant_called_low=float((bands[is_malignant] == RiskBand.LOW).mean()) if is_malignant.any() else None,
        benign_called_urgent=float((bands[~is_malignant] == RiskBand.URGENT).mean())
        if not is_malignant.all()
        else None,
    )


def auroc_interval(truth: NDArray[np.bool_], score: NDArray[np.float64], lesions: NDArray[np.str_]) -> Interval:
    """Return the AUROC with its 95 % percentile bootstrap interval over lesions."""
    names, lesion = np.unique(lesions, return_inverse=True)
    order = np.argsort(lesion, kind="stable")
    starts = np.searchsorted(lesion[order], np.arange(len(names) + 1))
    photos_of = [order[a:b] for a, b in pairwise(starts)]
    random = np.random.default_rng(0)
    resampled = []
    for _ in range(RESAMPLES):
        rows = np.concatenate([photos_of[k] for k in random.integers(0, len(names), len(names))])
        if truth[rows].any() and not truth[rows].all():
            resampled.append(roc_auc_score(truth[rows], score[rows]))
    low, high = np.percentile(resampled, [2.5, 97.5])
    return Interval(value=float(roc_auc_score(truth, score)), low=float(low), high=float(high))


def expected_calibration_error(truth: NDArray[np.bool_], probability: NDArray[np.float64]) -> float:
    """Return the mean gap between predicted and observed share, weighted by bin (Guo 2017, section 2)."""
    bins = reliability(truth, probability)
    return float(sum(count / len(truth) * abs(predicted - observed) for count, predicted, observed in bins))


def reliability(truth: NDArray[np.bool_], probability: NDArray[np.float64]) -> list[tuple[int, float, float]]:
    """Return (photos, mean predicted, observed share) of each of 15 equal bins of 0..1 that is not empty."""
    number = np.minimum((probability * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    return [
        (int((number == k).sum()), float(probability[number == k].mean()), float(truth[number == k].mean()))
        for k in range(CALIBRATION_BINS)
        if (number == k).any()
    ]


def _balanced_accuracy(labels: NDArray[np.int64], predicted: NDArray[np.int64]) -> float:
    """Return the mean recall of the diagnoses that occur; scikit-learn's warns about those that do not."""
    return float(np.mean([(predicted[labels == k] == k).mean() for k in np.unique(labels)]))
