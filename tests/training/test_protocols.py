from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import tensorflow as tf

from tests.training.photos import draw_set
from training.architectures import ARCHITECTURES
from training.augment import augmented
from training.manifest import DIAGNOSES
from training.protocols import PROTOCOLS, STILL
from training.run import Folds, read_split

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from training.splits import Split


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, Split]:
    folder: Path = draw_set(tmp_path_factory.mktemp("set") / "data", lesions=126, folds=9)
    return read_split(folder, Folds())


def test_a_fifth_of_the_photos_validates_by_whole_lesions(read: tuple[pd.DataFrame, Split]) -> None:
    _, split = read
    own = PROTOCOLS["folio"].split(split, [])
    assert own.test is split.test
    assert len(own.choose) == pytest.approx((len(own.train) + len(own.choose)) / 5, abs=14)
    assert not set(own.train["lesion_id"]) & set(own.choose["lesion_id"])
    assert set(own.train.index) | set(own.choose.index) == set(split.train.index) | set(split.choose.index)


def test_near_duplicates_stay_together_in_the_validation_photos(read: tuple[pd.DataFrame, Split]) -> None:
    _, split = read
    folio = PROTOCOLS["folio"]
    before = folio.split(split, [])
    pairs = list(zip(before.train["image_name"], before.choose["image_name"], strict=False))
    own = folio.split(split, pairs)
    home = dict.fromkeys(own.train["image_name"], "train") | dict.fromkeys(own.choose["image_name"], "choose")
    assert all(home[one] == home[other] for one, other in pairs)


def test_each_question_has_its_labels(read: tuple[pd.DataFrame, Split]) -> None:
    table, _ = read
    assert [DIAGNOSES[k] for k in PROTOCOLS["folds"].labels(table)] == list(table["diagnosis"])
    np.testing.assert_array_equal(PROTOCOLS["folio"].labels(table), table["target"])
    np.testing.assert_array_equal(PROTOCOLS["augmented"].labels(table), table["diagnosis"] == "mel")


def test_the_presets_are_the_published_settings() -> None:
    folio = PROTOCOLS["folio"].settings(ARCHITECTURES["custom_cnn"])
    assert ({phase.size for phase in folio.phases}, folio.batch) == ({224}, 64)
    assert folio.augmentation == STILL
    moved = PROTOCOLS["augmented"].settings(ARCHITECTURES["custom_cnn"]).augmentation
    assert moved.rotation_degrees
    assert moved.shift
    assert moved.flip
    assert moved.zoom != (1, 1)
    assert (moved.hue, moved.brightness, moved.white_balance) == (0, 0, 0)
    assert PROTOCOLS["folds"].settings(ARCHITECTURES["resnet50"]) == ARCHITECTURES["resnet50"].settings


def test_nothing_is_changed_without_augmentation() -> None:
    photos = np.random.default_rng(0).integers(0, 256, (3, 24, 24, 3)).astype(np.uint8)
    same = augmented(tf.constant(photos), 24, tf.constant([1, 2]), STILL)
    np.testing.assert_allclose(same, photos, atol=0.01)


@pytest.mark.parametrize("name", ["without-isic", "without-rosendahl", "without-vienna"])
def test_a_hospital_that_is_left_out_tests_alone(read: tuple[pd.DataFrame, Split], name: str) -> None:
    _, split = read
    protocol = PROTOCOLS[name]
    tables = []
    for number, part in enumerate((split.train, split.choose, split.test)):
        origins = ["ham_rosendahl", "ham_vidir_modern", "ham_vienna_dias", "isic_msk", "isic_uda1", "ham_ext"]
        tables.append(part.assign(origin=[origins[(number + k) % len(origins)] for k in range(len(part))]))
    own = protocol.split(type(split)(*tables), [])
    for part in (own.train, own.choose):
        assert len(part)
        assert not part["origin"].str.startswith(protocol.unseen).any()
    assert len(own.test)
    assert own.test["origin"].str.startswith(protocol.unseen).all()
    assert PROTOCOLS["folds"].split(split, []) is split
