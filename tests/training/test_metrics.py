from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from training.metrics import (
    auroc_interval,
    balanced_accuracy,
    expected_calibration_error,
    macro_auroc_interval,
    partial_auroc,
    reliability,
    sensitivity_at_specificity,
)


def test_the_interval_is_that_of_resampling_photo_by_photo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.metrics.RESAMPLES", 60)
    random = np.random.default_rng(2)
    truth, score = random.random(40) < 0.5, random.integers(0, 8, 40) / 8
    lesions = np.arange(40).astype(str)
    draw = np.random.default_rng(0)
    _, lesion = np.unique(lesions, return_inverse=True)
    row_of = np.argsort(lesion)
    rows = [row_of[draw.integers(0, 40, 40)] for _ in range(60)]
    aurocs = [roc_auc_score(truth[row], score[row]) for row in rows]
    found = auroc_interval(truth, score, lesions)
    assert [found.low, found.high] == pytest.approx(np.percentile(aurocs, [2.5, 97.5]))


def test_photos_of_one_lesion_widen_the_interval() -> None:
    random = np.random.default_rng(1)
    truth = np.repeat(random.random(60) < 0.4, 5)
    score = np.repeat(random.normal(size=60), 5) + truth
    apart = auroc_interval(truth, score, np.arange(300).astype(str))
    together = auroc_interval(truth, score, np.repeat(np.arange(60), 5).astype(str))
    assert apart.value == together.value
    assert together.high - together.low > 1.5 * (apart.high - apart.low)
    assert together.low < together.value < together.high


def test_calibration_error_is_zero_for_honest_and_large_for_boastful_scores() -> None:
    truth = np.tile([True, False, False, False], 100)
    assert expected_calibration_error(truth, np.full(400, 0.25)) == pytest.approx(0)
    assert expected_calibration_error(truth, np.full(400, 1.0)) == pytest.approx(0.75)
    assert reliability(truth, np.full(400, 0.25)) == [(400, pytest.approx(0.25), pytest.approx(0.25))]


def test_the_macro_interval_is_narrower_than_that_of_its_columns() -> None:
    random = np.random.default_rng(3)
    truth = np.eye(3, dtype=bool)[random.integers(0, 3, 240)]
    score = truth + random.normal(size=truth.shape)
    lesions = np.arange(240).astype(str)
    whole = macro_auroc_interval(truth, score, lesions)
    columns = [auroc_interval(truth[:, k], score[:, k], lesions) for k in range(3)]
    assert whole.value == pytest.approx(np.mean([column.value for column in columns]))
    assert whole.low < whole.value < whole.high
    assert whole.high - whole.low < min(column.high - column.low for column in columns)


@pytest.mark.parametrize("decimals", [1, 9])
def test_the_partial_area_is_the_one_of_isic_2024(decimals: int) -> None:
    random = np.random.default_rng(4)
    truth = random.random(500) < 0.3
    score = (truth + random.normal(size=500)).round(decimals)
    # The challenge mirrors the curve, takes scikit-learn's area up to a false-positive rate of 0.2, and takes McClish's
    # scaling back (Kaggle, "ISIC 2024 - pAUC-aboveTPR").
    scaled = roc_auc_score(~truth, -score, max_fpr=0.2)
    expected = 0.5 * 0.2**2 + (0.2 - 0.5 * 0.2**2) / (1.0 - 0.5) * (scaled - 0.5)
    assert partial_auroc(truth, score) == pytest.approx(expected)


def test_the_partial_area_of_a_perfect_and_of_no_order() -> None:
    truth = np.arange(20) >= 10
    assert partial_auroc(truth, truth.astype(float)) == pytest.approx(0.2)
    assert partial_auroc(truth, np.zeros(20)) == pytest.approx(0.02)
    assert partial_auroc(truth, -truth.astype(float)) == pytest.approx(0)


def test_sensitivity_is_the_best_that_the_specificity_allows() -> None:
    truth = np.array([True] * 4 + [False] * 10)
    score = np.array([0.9, 0.8, 0.5, 0.1] + [0.6] + [0.2] * 9)
    # One of ten benign photos may be called: those from 0.5 on.
    assert sensitivity_at_specificity(truth, score, 0.9) == 0.75
    assert sensitivity_at_specificity(truth, score, 0.95) == 0.5
    assert sensitivity_at_specificity(truth, np.zeros(14), 0.9) == 0


def test_balanced_accuracy_is_the_mean_recall() -> None:
    labels, predicted = np.array([0, 0, 0, 1, 2, 2]), np.array([0, 1, 0, 1, 0, 2])
    assert balanced_accuracy(labels, predicted) == pytest.approx(balanced_accuracy_score(labels, predicted))
