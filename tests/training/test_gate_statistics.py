"""The paired bootstrap and DeLong's test, against what they must agree with."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import roc_auc_score, roc_curve

from tests.training.scored import champion, equal
from training import delong
from training import paired_bootstrap as paired

_PHOTOS = st.lists(
    st.tuples(st.booleans(), st.integers(0, 6), st.integers(0, 6), st.integers(0, 9)), min_size=4, max_size=40
)


def _drawn(photos: list[tuple[bool, int, int, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return truth, two scores with many ties, and lesions, of which the first and second are one each."""
    truth = np.array([True, False, *(one[0] for one in photos)])
    first, second = (np.array([0.0, 6.0, *(one[k] for one in photos)]) for k in (1, 2))
    lesions = np.array(["m", "b", *(f"{one[0]} {one[3]}" for one in photos)])
    return truth, first, second, lesions


@given(_PHOTOS)
def test_auroc_is_scikit_learns_on_the_photos_and_on_each_draw(photos: list[tuple[bool, int, int, int]]) -> None:
    truth, score, _, lesions = _drawn(photos)
    assert paired.auroc(truth, score) == pytest.approx(roc_auc_score(truth, score))
    draws = paired.resampled(truth, lesions, draws=5)
    for value, times in zip(paired.aurocs(draws, score), draws.times, strict=True):
        assert value == pytest.approx(roc_auc_score(truth, score, sample_weight=times), abs=1e-6)


@given(_PHOTOS)
def test_whole_lesions_are_drawn_and_as_many_of_each_kind(photos: list[tuple[bool, int, int, int]]) -> None:
    truth, _, _, lesions = _drawn(photos)
    draws = paired.resampled(truth, lesions, draws=5)
    names, first, row = np.unique(lesions, return_index=True, return_inverse=True)
    np.testing.assert_array_equal(draws.times, draws.times[:, first][:, row])
    for kind in (True, False):
        of_kind = truth[first] == kind
        assert (draws.times[:, first][:, of_kind].sum(axis=1) == of_kind.sum()).all()
    assert len(names) == len(first)


@given(_PHOTOS, st.integers(0, 7))
def test_the_matched_threshold_calls_no_more_benign_photos_and_is_the_lowest_such(
    photos: list[tuple[bool, int, int, int]], threshold: int
) -> None:
    truth, score, other, _ = _drawn(photos)
    allowed = (other[~truth] >= threshold).sum()
    found = paired.matched_threshold(truth, score, other, threshold)
    assert (score[~truth] >= found).sum() <= allowed
    lower = score[score < found]
    assert not lower.size or (score[~truth] >= lower.max()).sum() > allowed


@given(_PHOTOS, st.integers(0, 7))
def test_each_draw_is_matched_as_the_photos_are(photos: list[tuple[bool, int, int, int]], threshold: int) -> None:
    truth, score, other, lesions = _drawn(photos)
    draws = paired.resampled(truth, lesions, draws=4)
    found = paired.matched_sensitivities(draws, score, other, threshold)
    for value, times in zip(found, draws.times.astype(int), strict=True):
        repeated = np.repeat(np.arange(len(truth)), times)
        y, s, o = truth[repeated], score[repeated], other[repeated]
        limit = paired.matched_threshold(y, s, o, threshold)
        assert value == pytest.approx(paired.sensitivity(y, s, limit), abs=1e-6)


def test_the_matched_sensitivity_is_a_point_of_the_roc_curve() -> None:
    one, other = champion(), equal()
    limit = paired.matched_threshold(one.is_malignant, other.p_malignant, one.p_malignant, 0.35)
    false_positive, sensitivity, _ = roc_curve(one.is_malignant, other.p_malignant, drop_intermediate=False)
    wanted = (one.p_malignant[~one.is_malignant] >= 0.35).mean()
    found = paired.sensitivity(one.is_malignant, other.p_malignant, limit)
    assert found == pytest.approx(sensitivity[false_positive <= wanted + 1e-12].max())


def test_delongs_difference_and_error_are_those_of_the_written_out_sums() -> None:
    """DeLong 1988, equations 1 to 6, by loops."""
    random = np.random.default_rng(3)
    truth = np.arange(40) < 12
    scores = [random.integers(0, 9, 40) + 2.0 * truth for _ in range(2)]

    def win(x: float, y: float) -> float:
        return 1.0 if x > y else 0.5 if x == y else 0.0

    v10 = np.array([[np.mean([win(x, y) for y in s[~truth]]) for x in s[truth]] for s in scores])
    v01 = np.array([[np.mean([win(x, y) for x in s[truth]]) for y in s[~truth]] for s in scores])
    covariance = np.cov(v10) / 12 + np.cov(v01) / 28
    found = delong.auroc_difference(truth, *scores)
    assert found.value == pytest.approx(roc_auc_score(truth, scores[1]) - roc_auc_score(truth, scores[0]))
    assert found.standard_error**2 == pytest.approx(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    assert delong.standard_error(truth, scores[0]) ** 2 == pytest.approx(covariance[0, 0])
    assert found.lower(0.05) == pytest.approx(found.value + norm.ppf(0.05) * found.standard_error)


def test_where_each_lesion_has_one_photo_bootstrap_and_delong_agree() -> None:
    one, other = champion(), equal()
    first = np.unique(one.lesions, return_index=True)[1]
    truth, a, b = one.is_malignant[first], one.p_malignant[first], other.p_malignant[first]
    draws = paired.resampled(truth, one.lesions[first])
    spread = np.std(paired.aurocs(draws, b) - paired.aurocs(draws, a))
    assert spread == pytest.approx(delong.auroc_difference(truth, a, b).standard_error, rel=0.12)


def test_photos_of_one_lesion_widen_the_bootstrap_and_not_delong() -> None:
    one, other = champion(), equal()
    twice = np.tile(np.arange(len(one)), 3)
    truth, a, b = one.is_malignant[twice], one.p_malignant[twice], other.p_malignant[twice]
    draws = paired.resampled(truth, one.lesions[twice])
    spread = np.std(paired.aurocs(draws, b) - paired.aurocs(draws, a))
    assert spread > 1.5 * delong.auroc_difference(truth, a, b).standard_error
