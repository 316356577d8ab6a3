from __future__ import annotations

import numpy as np
import pytest

from training.novelty import clinical_from, domain_rule, fit_novelty, held_out_phone, novelty_rule

CHANNELS = 160


def textures(count: int, seed: int, *, shift: float = 0.0, off: float = 0.0) -> np.ndarray:
    """Draw points near a plane of 4 dimensions: `shift` moves along it, `off` away from it."""
    random = np.random.default_rng(seed)
    found = random.normal(0, 0.1, (count, CHANNELS))
    found[:, :4] += random.normal(0, 2, (count, 4))
    found[:, 0] += shift
    found[:, 10] += off
    return found.astype(np.float32)


TRAIN, CHOOSE, TEST = textures(400, 1), textures(300, 2), textures(300, 3)
PHONE = textures(24, 4, shift=9.0, off=2.0)
PATIENTS = np.array([f"patient {index // 2}" for index in range(24)])


def fitted(phone_weight: float = 0.3):
    return fit_novelty(TRAIN, PHONE, components=5, phone_weight=phone_weight)


def test_what_lies_off_the_plane_is_refused_and_what_is_like_the_photos_is_not() -> None:
    novelty = fitted()
    rule = novelty_rule(novelty, CHOOSE)
    assert (novelty.distance(CHOOSE) > rule.refuse_above).mean() == pytest.approx(0.01, abs=0.005)
    assert (novelty.distance(TEST) > rule.refuse_above).mean() < 0.05
    other = textures(50, 5)
    other[:, 20] += 3
    assert (novelty.distance(other) > rule.refuse_above).all()
    assert (rule.components, rule.phone_weight) == (5, 0.3)


def test_phone_photos_draw_the_plane_towards_them() -> None:
    refused = {
        weight: (novelty.distance(PHONE) > novelty_rule(novelty, CHOOSE).refuse_above).mean()
        for weight in (0.0, 0.3)
        for novelty in [fitted(weight)]
    }
    assert refused[0.0] == 1
    assert refused[0.3] < 0.2


def test_the_two_kinds_of_photo_are_told_apart() -> None:
    novelty = fitted()
    start = clinical_from(novelty, CHOOSE)
    assert (novelty.clinical(PHONE) >= start).mean() > 0.9
    assert (novelty.clinical(CHOOSE) >= start).mean() == pytest.approx(0.02, abs=0.005)


def test_held_out_phone_photos_are_judged_without_their_patient() -> None:
    held_out = held_out_phone(TRAIN, CHOOSE, PHONE, PATIENTS)
    assert held_out.refused.mean() < 0.3
    assert held_out.clinical.mean() > 0.8
    # One patient's photos are like nobody else's: rules that had seen them would take them.
    strange = PHONE.copy()
    strange[:2, 125] += 30
    assert fit_novelty(TRAIN, strange).distance(strange)[:2].max() < 1
    assert held_out_phone(TRAIN, CHOOSE, strange, PATIENTS).refused[:2].all()


def test_the_domain_rule_states_both_figures() -> None:
    rule = domain_rule(fitted(), CHOOSE, TEST, held_out_phone(TRAIN, CHOOSE, PHONE, PATIENTS))
    assert rule.sensitivity
    assert rule.sensitivity.of == 24
    assert rule.specificity
    assert rule.specificity.value > 0.9
    assert "24 phone photos" in rule.chosen


def test_without_phone_photos_there_is_a_plane_and_no_line() -> None:
    novelty = fit_novelty(TRAIN, PHONE[:0], components=5)
    assert not novelty.domain_weights.any()
    assert (novelty.distance(PHONE) > novelty_rule(novelty, CHOOSE, 0.0).refuse_above).all()


def test_the_axes_are_what_float16_holds_and_orthonormal() -> None:
    axes = fitted().axes
    np.testing.assert_array_equal(axes, axes.astype(np.float16).astype(np.float32))
    np.testing.assert_allclose(axes @ axes.T, np.eye(5), atol=2e-3)
