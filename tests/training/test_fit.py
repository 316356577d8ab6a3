from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import keras
import numpy as np
import pytest

from training.augment import training_batches
from training.errors import RoomInvalid
from training.fit import Fitting, Phase, class_weights, fit, precision_policy
from training.networks import BACKBONE

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = Fitting(
    phases=(Phase("head", 16, 1, 1e-2, 1.0, None), Phase("whole", 24, 2, 1e-2, 0.1, "all")),
    batch=8,
    warm_up_steps=2,
    ema_momentum=0.5,
    precision="float32",
)


def build() -> keras.Model:
    """A toy network of the same parts as the real one."""
    keras.utils.set_random_seed(7)
    inner = keras.Sequential(
        [keras.Input((None, None, 3)), keras.layers.Conv2D(4, 3, name="conv"), keras.layers.BatchNormalization()],
        name=BACKBONE,
    )
    photo = keras.Input((None, None, 3))
    x = keras.layers.GlobalAveragePooling2D()(inner(keras.layers.Rescaling(1 / 127.5, offset=-1)(photo)))
    x = keras.layers.Dropout(0.3, name="dropout")(x)
    return keras.Model(photo, keras.layers.Dense(3, name="logits")(x))


@pytest.fixture(scope="module")
def data() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    labels = np.arange(60) % 3
    colours = np.array([[200, 60, 60], [60, 200, 60], [60, 60, 200]])[labels]
    photos = colours[:, np.newaxis, np.newaxis] + random.integers(-40, 40, (60, 24, 24, 3))
    return photos.clip(0, 255).astype(np.uint8), labels


def run(
    data: tuple[np.ndarray, np.ndarray], folder: Path, settings: Fitting = SETTINGS
) -> tuple[list[np.ndarray], list]:
    photos, labels = data
    rows = (np.arange(0, 45), np.arange(45, 60))
    model, history = fit(build, photos, labels, [0], rows, settings, folder, lambda _line: None)
    return [keras.ops.convert_to_numpy(variable).copy() for variable in model.variables], history


class Stop(Exception):
    pass


def test_a_run_that_was_stopped_after_any_epoch_ends_as_if_it_had_not(
    data: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    whole, history = run(data, tmp_path / "whole")
    assert [row["phase"] for row in history] == ["head", "whole", "whole"]
    photos, labels = data
    rows = (np.arange(0, 45), np.arange(45, 60))
    for _ in range(3):
        told: list[str] = []

        def stop_after_an_epoch(line: str, told: list[str] = told) -> None:
            told.append(line)
            if line.startswith("epoch") and "3 (" not in line:
                raise Stop

        try:
            model, _ = fit(build, photos, labels, [0], rows, SETTINGS, tmp_path / "stopped", stop_after_an_epoch)
        except Stop:
            continue
    for one, other in zip(
        whole, [keras.ops.convert_to_numpy(variable).copy() for variable in model.variables], strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_the_toy_learns_its_colours_and_says_so(data: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
    longer = dataclasses.replace(SETTINGS, phases=(Phase("whole", 24, 8, 5e-2, 0.1, "all"),))
    _, history = run(data, tmp_path, longer)
    assert max(row["val_auroc"] for row in history) > 0.9
    assert {"loss", "accuracy", "val_loss", "val_accuracy", "val_auroc", "size", "seconds"} <= history[0].keys()


def test_checkpoints_of_other_settings_are_refused(data: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
    run(data, tmp_path)
    with pytest.raises(RoomInvalid, match="other settings or photos"):
        run(data, tmp_path, dataclasses.replace(SETTINGS, batch=4))


def test_a_phase_ends_early_when_it_no_longer_gets_better(data: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
    stuck = dataclasses.replace(SETTINGS, phases=(Phase("head", 16, 9, 1e-12, 1.0, None),), patience=2)
    _, history = run(data, tmp_path, stuck)
    assert len(history) == 3


def test_a_budget_lets_the_first_epoch_run_and_no_further_one_that_would_pass_it(
    data: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    photos, labels = data
    rows = (np.arange(0, 45), np.arange(45, 60))
    arguments = (photos, labels, [0], rows, SETTINGS, tmp_path, lambda _line: None)
    _, history = fit(build, *arguments, minutes=0)
    assert [row["phase"] for row in history] == ["head"]
    # More minutes later, and it goes on.
    _, history = fit(build, *arguments, minutes=60)
    assert [row["phase"] for row in history] == ["head", "whole", "whole"]


def test_a_network_without_a_backbone_and_with_several_dropouts_goes_on_exactly(
    data: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    photos, labels = data
    rows = (np.arange(0, 45), np.arange(45, 60))
    settings = dataclasses.replace(SETTINGS, phases=(Phase("whole", 24, 3, 1e-2, 0.1, "all"),))

    def plain() -> keras.Model:
        keras.utils.set_random_seed(7)
        photo = keras.Input((24, 24, 3))
        x = keras.layers.Conv2D(4, 3, activation="relu")(keras.layers.Rescaling(1 / 255)(photo))
        x = keras.layers.Dropout(0.5)(keras.layers.GlobalAveragePooling2D()(x))
        x = keras.layers.Dropout(0.5)(keras.layers.Dense(8, activation="relu")(x))
        return keras.Model(photo, keras.layers.Dense(3, name="logits")(x))

    def weights(folder: str, minutes: float) -> list[np.ndarray]:
        model, _ = fit(plain, photos, labels, [0], rows, settings, tmp_path / folder, lambda _: None, minutes=minutes)
        return [keras.ops.convert_to_numpy(variable).copy() for variable in model.variables]

    whole = weights("whole", 60)
    weights("stopped", 0)
    for one, other in zip(whole, weights("stopped", 60), strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_reaches_the_network_is_pixels_a_label_and_a_weight(data: tuple[np.ndarray, np.ndarray]) -> None:
    photos, labels = data
    batches = training_batches(
        photos,
        labels,
        class_weights(labels, 3, SETTINGS.class_weight_power)[labels],
        np.arange(60),
        size=16,
        batch=8,
        seed=0,
        how=SETTINGS.augmentation,
    )
    pixels, label, weight = batches.element_spec
    assert pixels.shape.as_list() == [8, 16, 16, 3]
    assert (label.shape.as_list(), weight.shape.as_list()) == ([8], [8])


def test_class_weights_balance_by_the_power_and_leave_the_mean_photo_at_one() -> None:
    labels = np.array([0] * 64 + [1] * 16 + [3] * 4)
    weights = class_weights(labels, 4, 0.5)
    assert weights[labels].mean() == pytest.approx(1)
    np.testing.assert_allclose(weights[[1, 3]] / weights[0], [2, 4], rtol=1e-5)
    assert weights[2] == 0
    np.testing.assert_allclose(class_weights(labels, 4, 0.0)[[0, 1, 3]], 1)


def test_the_precision_can_be_chosen() -> None:
    assert precision_policy("float32") == "float32"
    assert precision_policy("auto") in {"float32", "mixed_bfloat16"}
