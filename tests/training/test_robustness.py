from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from PIL import Image

from functions.triage.card import Cutoffs
from tests.triage import packages
from training.robustness import (
    attacked_squares,
    changes,
    disturbed_squares,
    photos_to_disturb,
    robustness_of,
)

SIDE = 64


class Redness:
    """A session whose malignant logit follows how red the photo's centre is against its edge."""

    def __init__(self) -> None:
        self.asked = 0

    def get_inputs(self) -> list[object]:
        return [type("Input", (), {"name": "photos"})]

    def run(self, _names: None, feeds: dict[str, np.ndarray]) -> tuple[np.ndarray]:
        photos = feeds["photos"]
        self.asked += len(photos)
        centre = photos[:, SIDE // 4 : -SIDE // 4, SIDE // 4 : -SIDE // 4, 0].mean(axis=(1, 2))
        logits = np.zeros((len(photos), 7), dtype=np.float32)
        logits[:, packages.CLASSES.index("mel")] = (centre - 128) / 8
        return (logits,)


def red_scorer():
    scorer = packages.scorer()
    cutoffs = Cutoffs(low_below=0.4, urgent_from=0.8, guarantee="for the test")
    return dataclasses.replace(scorer, session=Redness(), card=scorer.card.model_copy(update={"cutoffs": cutoffs}))


def drawn(count: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    is_malignant = np.arange(count) % 2 == 0
    photos = random.integers(100, 140, (count, SIDE, SIDE, 3))
    photos[..., 0] += np.where(is_malignant, 20, -20)[:, None, None]
    return photos.astype(np.uint8), is_malignant


def test_each_change_is_seeded_and_leaves_a_photo_of_the_same_size() -> None:
    photos, _ = drawn(2)
    for change in changes():
        once, again = (disturbed_squares(photos, change, (3, 1)) for _ in range(2))
        assert once.shape == photos.shape, change
        assert once.dtype == np.uint8
        np.testing.assert_array_equal(once, again)
        assert (once != photos).any(), change


def test_drawn_marks_differ_from_photo_to_photo() -> None:
    same = np.full((2, SIDE, SIDE, 3), 200, dtype=np.uint8)
    for change in changes():
        if change.kind in {"hair", "ink", "ruler"}:
            one, other = disturbed_squares(same, change, (0, 0))
            assert (one != other).any(), change


def test_a_stronger_change_moves_the_pixels_further() -> None:
    photo = np.asarray(Image.effect_mandelbrot((SIDE, SIDE), (-2, -1.5, 1, 1.5), 40).convert("RGB"))[np.newaxis]
    for kind in ("blur", "JPEG", "hair"):
        moved = [
            np.abs(disturbed_squares(photo, change, (0, 0)).astype(int) - photo).mean()
            for change in changes()
            if change.kind == kind
        ]
        assert moved == sorted(moved), kind
        assert moved[0] < moved[-1]


def test_a_quarter_turn_is_exactly_that() -> None:
    photos, _ = drawn(1)
    (quarter,) = (change for change in changes() if change.strength.startswith("90 degrees"))
    np.testing.assert_array_equal(disturbed_squares(photos, quarter, (0,))[0], np.rot90(photos[0]))


def test_the_table_tells_what_the_changes_did() -> None:
    photos, is_malignant = drawn(12)
    done: list[int] = []
    found = robustness_of(red_scorer(), photos, is_malignant, on_progress=done.append)
    assert found.malignant_auroc == 1
    assert (found.photos, found.malignant_photos) == (12, 6)
    assert done == list(range(1, len(found.disturbances) + 1))
    by_name = {(one.kind, one.strength): one for one in found.disturbances}
    half = by_name["brightness", "times 0.5"]
    assert half.malignant_newly_low == 1  # a dark photo is not red to this network
    assert half.band_changed == 0.5
    assert by_name["rotation", "90 degrees, edges mirrored"].fall == 0
    assert all(one.fall == pytest.approx(1 - one.malignant_auroc) for one in found.disturbances)
    assert max(one.fall for one in found.disturbances) == next(
        one.fall for one in found.disturbances if found.worst == f"{one.kind}, {one.strength}"
    )


def test_the_attack_stays_within_its_step_and_never_helps() -> None:
    photos, is_malignant = drawn(12)
    scorer = red_scorer()
    attacked = attacked_squares(scorer, photos, is_malignant, step=8, seed=0)
    assert np.abs(attacked.astype(int) - photos).max() <= 8
    before, after = (scorer.malignant(scorer.probabilities(squares)) for squares in (photos, attacked))
    assert (after[is_malignant] <= before[is_malignant]).all()
    assert (after[~is_malignant] >= before[~is_malignant]).all()
    assert np.abs(after - before).mean() > 0.01


def test_the_photos_to_disturb_are_one_a_lesion_and_as_many_of_each_kind() -> None:
    random = np.random.default_rng(1)
    lesions = np.repeat(np.arange(700), 2).astype(str)
    is_malignant = np.repeat(random.random(700) < 0.4, 2)
    rows = photos_to_disturb(is_malignant, lesions)
    assert len(rows) == 300
    assert is_malignant[rows].sum() == 150
    assert len(set(lesions[rows])) == 300
    np.testing.assert_array_equal(rows, photos_to_disturb(is_malignant, lesions))
    assert len(photos_to_disturb(is_malignant[:20], lesions[:20])) == 2 * min(
        is_malignant[:20:2].sum(), (~is_malignant[:20:2]).sum()
    )
