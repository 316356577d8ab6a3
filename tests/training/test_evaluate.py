from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from functions.triage.card import Cutoffs
from training.evaluate import auroc_interval, evaluation_of, expected_calibration_error, reliability

CLASSES = ("akiec", "mel", "nv")
CUTOFFS = Cutoffs(low_below=0.2, urgent_from=0.6, guarantee="for the test")


def test_every_figure_is_what_scikit_learn_or_a_hand_says() -> None:
    random = np.random.default_rng(0)
    labels = np.array([0, 1, 2, 2, 1, 0, 2, 2, 1, 2] * 10)
    probabilities = random.dirichlet(np.ones(3), 100)
    found = evaluation_of(probabilities, labels, np.arange(100).astype(str), CLASSES, ("mel", "akiec"), CUTOFFS)
    p, truth = probabilities[:, :2].sum(axis=1), labels < 2
    assert found.malignant_auroc is not None
    assert found.malignant_auroc.value == pytest.approx(roc_auc_score(truth, p))
    assert found.diagnosis_auroc["nv"] == pytest.approx(roc_auc_score(labels == 2, probabilities[:, 2]))
    assert found.macro_auroc == pytest.approx(np.mean(list(found.diagnosis_auroc.values())))
    assert found.balanced_accuracy == pytest.approx(balanced_accuracy_score(labels, probabilities.argmax(axis=1)))
    assert found.brier == pytest.approx(((p - truth) ** 2).mean())
    assert found.malignant_called_low == pytest.approx((p[truth] < 0.2).mean())
    assert found.benign_called_urgent == pytest.approx((p[~truth] >= 0.6).mean())
    assert sum(found.called.values()) == pytest.approx(1)
    assert (found.photos, found.lesions, found.malignant_photos) == (100, 100, 50)


def test_what_a_set_cannot_give_is_absent() -> None:
    only_nevi = evaluation_of(
        np.array([[0.1, 0.2, 0.7]] * 3), np.array([2, 2, 2]), np.array(["a", "a", "b"]), CLASSES, ("mel",), CUTOFFS
    )
    assert only_nevi.malignant_auroc is None
    assert only_nevi.macro_auroc is None
    assert only_nevi.malignant_called_low is None
    assert only_nevi.diagnosis_auroc == {}
    assert only_nevi.lesions == 2


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
