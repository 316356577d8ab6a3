from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.triage.scorer import softmax
from training.calibrate import calibration_of, cutoffs_of


def test_what_distorted_true_probabilities_is_found_again() -> None:
    random = np.random.default_rng(0)
    truth = random.normal(size=(20_000, 4)) * 1.5
    labels = np.array([random.choice(4, p=p) for p in softmax(truth)])
    shift = np.array([0.8, -0.4, 0.0, -0.4])
    found = calibration_of((truth - shift) * 2.5, labels)
    assert found.temperature == pytest.approx(2.5, rel=0.05)
    biases = np.array(found.biases) - np.mean(found.biases)
    np.testing.assert_allclose(biases, shift - shift.mean(), atol=0.08)


# A benign photo at exactly 1 has no cut-off above it; a softmax over seven finite logits stays below.
_SCORES = st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=200)


@given(_SCORES, _SCORES)
def test_the_bands_keep_their_promise_on_the_photos_they_were_chosen_on(
    malignant: list[float], benign: list[float]
) -> None:
    p = np.array(malignant + benign)
    is_malignant = np.array([True] * len(malignant) + [False] * len(benign))
    cutoffs = cutoffs_of(p, is_malignant)
    assert 0 <= cutoffs.low_below <= cutoffs.urgent_from <= 1
    assert (p[is_malignant] < cutoffs.low_below).mean() <= 0.05
    assert (p[~is_malignant] >= cutoffs.urgent_from).mean() <= 0.10


def test_a_further_malignant_photo_is_called_low_no_more_often_than_promised() -> None:
    random = np.random.default_rng(3)
    missed = []
    for _ in range(2000):
        p = random.beta(3, 2, 120)
        cutoffs = cutoffs_of(np.append(p, [0.01, 0.99]), np.array([True] * 120 + [False] * 2))
        missed.append(float(random.beta(3, 2) < cutoffs.low_below))
    assert np.mean(missed) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 2000)


def test_with_too_few_malignant_photos_nothing_is_called_low() -> None:
    cutoffs = cutoffs_of(np.array([0.5] * 18 + [0.1]), np.array([True] * 18 + [False]))
    assert cutoffs.low_below == 0
