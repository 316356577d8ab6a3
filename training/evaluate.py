"""What a model reached on photos, always through the served file and the serving code."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import beta
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from functions.triage.advice import RiskBand, risk_band
from functions.triage.card import Cutoffs, Evaluation, OperatingPoint, Proportion
from functions.triage.pixels import square_pixels
from functions.triage.scorer import columns_of, malignant_probability
from training.metrics import (
    auroc_interval,
    balanced_accuracy,
    expected_calibration_error,
    partial_auroc,
    sensitivity_at_specificity,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from functions.triage.scorer import Scorer

# At which melanoma-or-not is judged, as in Rezvantalab 2018 (arXiv 1810.10348).
MELANOMA_SENSITIVITY = 0.70
_WITH_INTERVAL = ("mel", "bcc")
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
    return answers_of(scorer.logits, scorer.card.input_size, files, on_progress)


def answers_of(
    network: Callable[[NDArray[np.uint8]], NDArray[np.float32]],
    size: int,
    files: Sequence[str],
    on_progress: Callable[[int], None] = lambda _done: None,
) -> NDArray[np.float32]:
    """Return what any network answers to photos read as the service reads them, float32 (n, ...).

    Args:
        network: takes uint8 (n, size, size, 3) from `square_pixels`.
        size: side of its input in pixels.
        files: paths of photos.
        on_progress: called with the number of photos done.

    Raises:
        PhotoRejected: when a photo cannot be read.

    """

    def read(file: str) -> NDArray[np.uint8]:
        return square_pixels(Path(file).read_bytes(), size)

    found = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for start in range(0, len(files), _BATCH):
            batch = files[start : start + _BATCH]
            found.append(network(np.stack(list(pool.map(read, batch)))))
            on_progress(start + len(batch))
    return np.concatenate(found)


def lesions_of(table: pd.DataFrame) -> NDArray[np.str_]:
    """Return each photo's lesion; a photo without one is a lesion of its own."""
    return np.where(table["lesion_id"] == "", table["image_name"], table["lesion_id"]).astype(str)


def first_photos(lesions: NDArray[np.str_]) -> NDArray[np.int64]:
    """Return the row of each lesion's first photo, ascending: one photo a lesion, chosen without its score."""
    return np.sort(np.unique(lesions, return_index=True)[1])


def proportion(hits: NDArray[np.bool_]) -> Proportion | None:
    """Return the share that is true with its exact 95 % interval (Clopper and Pearson 1934); None of nothing."""
    count, of = int(np.count_nonzero(hits)), len(hits)
    if not of:
        return None
    low = float(beta.ppf(0.025, count, of - count + 1)) if count else 0.0
    high = float(beta.ppf(0.975, count + 1, of - count)) if count < of else 1.0
    return Proportion(value=count / of, low=low, high=high, count=count, of=of)


def highest_accuracy(
    truth: NDArray[np.bool_], score: NDArray[np.float64], least_sensitivity: float = MELANOMA_SENSITIVITY
) -> OperatingPoint:
    """Return the point of the ROC curve with the highest accuracy among those with at least the sensitivity.

    Args:
        truth: (n,), both values present.
        score: (n,), larger for yes.
        least_sensitivity: in 0..1.

    """
    false_positive, sensitivity, thresholds = roc_curve(truth, score, drop_intermediate=False)
    accuracy = truth.mean() * sensitivity + (1 - truth.mean()) * (1 - false_positive)
    best = int(np.argmax(np.where(sensitivity >= least_sensitivity, accuracy, -1.0)))
    return operating_point(truth, score, float(thresholds[best]))


def operating_point(truth: NDArray[np.bool_], score: NDArray[np.float64], threshold: float) -> OperatingPoint:
    """Return what `score >= threshold` reaches; both values of `truth` are present."""
    called = score >= threshold
    return OperatingPoint(
        threshold=threshold,
        sensitivity=float(called[truth].mean()),
        specificity=float(1 - called[~truth].mean()),
        accuracy=float((called == truth).mean()),
    )


def evaluation_of(
    probabilities: NDArray[np.float64],
    labels: NDArray[np.int64],
    lesions: NDArray[np.str_],
    classes: Sequence[str],
    malignant: Sequence[str],
    cutoffs: Cutoffs,
    *,
    melanoma_from: float | None = None,
    banded_by: NDArray[np.float64] | None = None,
) -> Evaluation:
    """Return every figure of one set of photos.

    Args:
        probabilities: calibrated, (n, classes).
        labels: (n,) class numbers.
        lesions: (n,) lesion names; intervals are resampled by them, as photos of one lesion are alike.
        classes: codes of the columns.
        malignant: which codes sum to P(malignant).
        cutoffs: of the bands.
        melanoma_from: threshold of P(mel) from the choosing photos, where there is one.
        banded_by: (n,) what makes the bands where that is not P(malignant) itself (`functions.triage.person`).

    """
    columns = columns_of(malignant, classes)
    is_malignant = np.isin(labels, columns)
    p = malignant_probability(probabilities, columns)
    bands = np.array([risk_band(value, cutoffs) for value in (p if banded_by is None else banded_by)])
    one_against_rest = {
        code: float(roc_auc_score(labels == k, probabilities[:, k]))
        for k, code in enumerate(classes)
        if 0 < np.count_nonzero(labels == k) < len(labels)
    }
    has_both = bool(is_malignant.any() and not is_malignant.all())
    complete = len(one_against_rest) == len(classes)
    first = first_photos(lesions)
    questions = {
        code: (labels == k, probabilities[:, k])
        for k, code in enumerate(classes)
        if code in _WITH_INTERVAL and code in one_against_rest
    }
    melanoma = questions.get("mel")
    return Evaluation(
        photos=len(labels),
        lesions=len(np.unique(lesions)),
        malignant_photos=int(is_malignant.sum()),
        malignant_auroc=auroc_interval(is_malignant, p, lesions) if has_both else None,
        diagnosis_auroc=one_against_rest,
        macro_auroc=float(np.mean(list(one_against_rest.values()))) if complete else None,
        accuracy=float((probabilities.argmax(axis=1) == labels).mean()),
        balanced_accuracy=balanced_accuracy(labels, probabilities.argmax(axis=1)),
        expected_calibration_error=expected_calibration_error(is_malignant, p),
        brier=float(((p - is_malignant) ** 2).mean()),
        called={band.value: float((bands == band).mean()) for band in RiskBand},
        malignant_called_low=float((bands[is_malignant] == RiskBand.LOW).mean()) if is_malignant.any() else None,
        benign_called_urgent=float((bands[~is_malignant] == RiskBand.URGENT).mean())
        if not is_malignant.all()
        else None,
        average_precision=float(average_precision_score(is_malignant, p)) if has_both else None,
        partial_auroc=partial_auroc(is_malignant, p) if has_both else None,
        sensitivity_at_90_specificity=sensitivity_at_specificity(is_malignant, p) if has_both else None,
        malignant_lesions_called_low=proportion((bands == RiskBand.LOW)[first][is_malignant[first]]),
        diagnosis_auroc_intervals={
            code: auroc_interval(truth, score, lesions) for code, (truth, score) in questions.items()
        },
        melanoma_on_curve=highest_accuracy(*melanoma) if melanoma else None,
        melanoma_preset=operating_point(*melanoma, melanoma_from) if melanoma and melanoma_from is not None else None,
    )
