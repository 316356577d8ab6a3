from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom
from sklearn.metrics import average_precision_score, balanced_accuracy_score, roc_auc_score

from functions.triage.card import Cutoffs
from training.evaluate import (
    evaluation_of,
    highest_accuracy,
    operating_point,
    proportion,
)

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
    assert found.average_precision == pytest.approx(average_precision_score(truth, p))
    assert found.sensitivity_at_90_specificity == pytest.approx(
        max((p[truth] > q).mean() for q in p if (p[~truth] <= q).mean() >= 0.9)
    )
    assert found.partial_auroc is not None
    assert 0 < found.partial_auroc < 0.2
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


def test_melanoma_is_judged_at_the_most_accurate_point_that_is_sensitive_enough() -> None:
    truth = np.array([True] * 10 + [False] * 90)
    score = np.append(np.linspace(0.3, 0.9, 10), np.linspace(0.0, 0.6, 90))
    found = highest_accuracy(truth, score, 0.7)
    by_hand = [operating_point(truth, score, threshold) for threshold in score]
    allowed = [point for point in by_hand if point.sensitivity >= 0.7]
    assert found.accuracy == max(point.accuracy for point in allowed)
    assert found.sensitivity >= 0.7
    assert found.accuracy == pytest.approx(0.1 * found.sensitivity + 0.9 * found.specificity)
    preset = evaluation_of(
        np.stack([score / 3, score, 1 - score], axis=1),
        np.where(truth, 1, 2),
        np.arange(100).astype(str),
        CLASSES,
        ("mel",),
        CUTOFFS,
        melanoma_from=0.8,
    ).melanoma_preset
    assert preset == operating_point(truth, score, 0.8)


def test_a_share_has_the_exact_interval() -> None:
    found = proportion(np.array([True] * 4 + [False] * 6))
    assert found is not None
    # Clopper and Pearson's interval by its definition: each end leaves 2.5 % in the binomial's tail.
    assert binom.sf(3, 10, found.low) == pytest.approx(0.025)
    assert binom.cdf(4, 10, found.high) == pytest.approx(0.025)
    assert proportion(np.array([], dtype=bool)) is None
    none, every = proportion(np.array([False] * 5)), proportion(np.array([True] * 5))
    assert none is not None
    assert every is not None
    assert (none.low, every.high) == (0, 1)


def test_the_check_of_the_guarantee_counts_lesions() -> None:
    probabilities = np.array([[0.1, 0.0, 0.9], [0.9, 0.0, 0.1], [0.9, 0.0, 0.1], [0.0, 0.0, 1.0]])
    found = evaluation_of(
        probabilities, np.array([0, 0, 0, 2]), np.array(["a", "a", "b", "c"]), CLASSES, ("akiec",), CUTOFFS
    )
    assert found.malignant_lesions_called_low is not None
    assert (found.malignant_lesions_called_low.count, found.malignant_lesions_called_low.of) == (1, 2)


def test_the_bands_follow_the_more_careful_probability_where_it_is_given() -> None:
    probabilities = np.array([[0.1, 0.0, 0.9], [0.0, 0.0, 1.0]])
    found = evaluation_of(
        probabilities,
        np.array([0, 2]),
        np.array(["a", "b"]),
        CLASSES,
        ("akiec",),
        CUTOFFS,
        banded_by=np.array([0.7, 0.1]),
    )
    assert found.called == {"low": 0.5, "watch": 0, "urgent": 0.5}
    assert found.malignant_called_low == 0
    assert found.brier == pytest.approx(0.9**2 / 2)
