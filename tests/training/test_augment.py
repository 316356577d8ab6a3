from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from training.augment import Augmentation, augmented, plain_batches, training_batches

STILL = Augmentation(
    rotation_degrees=0,
    shift=0,
    zoom=(1, 1),
    aspect=0,
    flip=False,
    brightness=0,
    contrast=(1, 1),
    saturation=(1, 1),
    hue=0,
    white_balance=0,
    hair_share=0,
    blur_share=0,
)


@pytest.fixture
def photos() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (12, 32, 32, 3)).astype(np.uint8)


def test_no_augmentation_is_the_photo_itself(photos: np.ndarray) -> None:
    found = augmented(tf.constant(photos), 32, tf.constant([1, 2]), STILL).numpy()
    np.testing.assert_allclose(found, photos, atol=1e-2)


def test_rotation_shift_and_zoom_each_move_the_picture_and_keep_its_mean_colour() -> None:
    rows = np.mgrid[0:64, 0:64].sum(axis=0) * 2
    smooth = np.repeat(rows[np.newaxis, :, :, np.newaxis], 3, axis=3).astype(np.uint8)
    for change in ({"rotation_degrees": 90.0}, {"shift": 0.2}, {"zoom": (0.5, 0.6)}, {"flip": True}):
        how = Augmentation(**{**STILL.__dict__, **change})
        found = [augmented(tf.constant(smooth), 64, tf.constant([step, 0]), how).numpy() for step in range(8)]
        assert max(np.abs(one - smooth).mean() for one in found) > 5, change
        assert all(abs(one.mean() - smooth.mean()) < 40 for one in found), change


def test_equal_seeds_give_equal_photos_and_others_do_not(photos: np.ndarray) -> None:
    one, same, other = (
        augmented(tf.constant(photos), 24, tf.constant([5, step]), Augmentation()).numpy() for step in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert not np.allclose(one, other)


def test_what_comes_out_has_the_asked_size_and_stays_in_range(photos: np.ndarray) -> None:
    found = augmented(tf.constant(photos), 20, tf.constant([0, 0]), Augmentation()).numpy()
    assert found.shape == (12, 20, 20, 3)
    assert found.min() >= 0
    assert found.max() <= 255


def test_hairs_are_thin_lines_of_one_colour_on_a_share_of_the_photos() -> None:
    grey = np.full((64, 48, 48, 3), 220, np.uint8)
    how = Augmentation(**{**STILL.__dict__, "hair_share": 0.5})
    found = augmented(tf.constant(grey), 48, tf.constant([4, 0]), how).numpy()
    covered = np.abs(found - 220).max(axis=3) > 8
    has_hair = covered.any(axis=(1, 2))
    assert 16 < has_hair.sum() < 48
    assert 0 < covered[has_hair].mean() < 0.5
    np.testing.assert_allclose(found[~has_hair], 220, atol=1e-2)


def test_blur_takes_detail_from_a_share_of_the_photos_and_keeps_their_colour() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 48, 48, 3)).astype(np.uint8)
    how = Augmentation(**{**STILL.__dict__, "blur_share": 0.5})
    found = augmented(tf.constant(noise), 48, tf.constant([4, 0]), how).numpy()
    detail = found.std(axis=(1, 2, 3)) / noise.std(axis=(1, 2, 3))
    is_blurred = detail < 0.9
    assert 16 < is_blurred.sum() < 48
    np.testing.assert_allclose(detail[~is_blurred], 1, atol=1e-3)
    np.testing.assert_allclose(found.mean(axis=(1, 2, 3)), noise.mean(axis=(1, 2, 3)), atol=2)


def test_hue_and_saturation_leave_grey_grey() -> None:
    grey = np.full((4, 16, 16, 3), 120, np.uint8)
    how = Augmentation(**{**STILL.__dict__, "hue": 0.1, "saturation": (0.2, 2.0)})
    np.testing.assert_allclose(augmented(tf.constant(grey), 16, tf.constant([3, 3]), how).numpy(), grey, atol=0.5)


def test_an_epoch_holds_each_photo_of_its_order_once_with_its_label_and_weight(photos: np.ndarray) -> None:
    labels = np.arange(12)
    weights = np.linspace(1, 2, 12).astype(np.float32)
    order = np.random.default_rng(1).permutation(12)
    batches = training_batches(photos, labels, weights, order, size=32, batch=5, seed=0, how=STILL)
    seen = [(x.numpy(), y.numpy(), w.numpy()) for x, y, w in batches]
    np.testing.assert_array_equal(np.concatenate([y for _, y, _ in seen]), order[:10])
    np.testing.assert_allclose(np.concatenate([w for _, _, w in seen]), weights[order[:10]])
    np.testing.assert_allclose(np.concatenate([x for x, _, _ in seen]), photos[order[:10]], atol=1e-2)


def test_plain_batches_keep_the_order_and_every_photo(photos: np.ndarray) -> None:
    rows = np.array([3, 1, 11, 0, 7])
    found = np.concatenate([batch.numpy() for batch in plain_batches(photos, rows, size=32, batch=2)])
    np.testing.assert_allclose(found, photos[rows], atol=1e-2)
