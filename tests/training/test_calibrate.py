from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from functions.triage.card import Cutoffs
from functions.triage.scorer import softmax
from training.calibrate import calibration_of, cutoffs_of, predictive_values, rank_for


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


def test_the_share_of_malignant_called_low_keeps_its_bound_in_19_of_20_choices() -> None:
    random = np.random.default_rng(4)
    kept = []
    for _ in range(2000):
        p = random.random(192)  # so that a cut-off is its own share of malignant below it
        cutoffs = cutoffs_of(np.append(p, [0.99]), np.array([True] * 192 + [False]))
        kept.append(cutoffs.low_below <= 0.05)
    assert 0.95 - 3 * np.sqrt(0.05 * 0.95 / 2000) <= np.mean(kept) < 0.99


@given(st.integers(0, 400), st.sampled_from([0.8, 0.9, 0.95]))
def test_the_rank_is_the_largest_that_a_binomial_count_allows(n: int, confidence: float) -> None:
    k = rank_for(n, 0.05, confidence)
    # P(Beta(k, n + 1 - k) <= s) = P(at least k of n fall below the s-quantile).
    assert k == 0 or binom.sf(k - 1, n, 0.05) >= confidence - 1e-9
    assert binom.sf(k, n, 0.05) < confidence + 1e-9


def test_with_too_few_malignant_lesions_nothing_is_called_low() -> None:
    few, enough = 58, 59  # 0.95 ** 59 < 0.05: the first n whose lowest value is bounded with 95 % confidence
    for n, rank in ((few, 0), (enough, 1)):
        cutoffs = cutoffs_of(np.array([0.5] * n + [0.6]), np.array([True] * n + [False]))
        assert cutoffs.rank == rank
        assert cutoffs.low_below == (0.5 if rank else 0)


def test_further_photos_of_a_lesion_do_not_count_as_further_lesions() -> None:
    p = np.append(np.full(59 * 3, 0.5), 0.6)
    is_malignant = np.append(np.full(59 * 3, True), False)
    lesions = np.append(np.repeat(np.arange(59), 3), 99).astype(str)
    assert cutoffs_of(p, is_malignant, lesions).malignant_lesions == 59
    assert cutoffs_of(p, is_malignant, lesions).rank == 1
    assert (cutoffs_of(p, is_malignant).rank or 0) > 1


def test_predictive_values_are_the_shares_counted_at_their_own_prevalence() -> None:
    random = np.random.default_rng(5)
    p, truth = random.random(4000), random.random(4000) < 0.3
    cutoffs = Cutoffs(low_below=0.2, urgent_from=0.7, guarantee="for the test")
    own, rare = predictive_values(p, truth, cutoffs, (float(truth.mean()), 0.001))
    assert own.ppv["low"] == pytest.approx(truth[p < 0.2].mean())
    assert own.npv["urgent"] == pytest.approx(1 - truth[p >= 0.7].mean())
    assert rare.ppv["watch"] == pytest.approx(0.001, rel=0.15)  # a score that knows nothing changes nothing
    empty = predictive_values(np.array([0.1, 0.9]), np.array([False, True]), cutoffs, (0.5,))[0]
    assert empty.ppv == {"low": 0, "watch": None, "urgent": 1}
    assert empty.npv["watch"] is None
