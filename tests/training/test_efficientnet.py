from __future__ import annotations

from typing import TYPE_CHECKING

import keras
import numpy as np
import pytest

from training.efficientnet import efficientnet_lite0
from training.errors import WeightsInvalid
from training.networks import backbone_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    return efficientnet_lite0(7)


def test_it_has_the_published_number_of_parameters(network: keras.Model) -> None:
    backbone = backbone_of(network)
    assert backbone is not None
    # 4,652,008 learn, of which the classification layer of ImageNet takes 1280 * 1000 + 1000 (Lite0: "4.7M").
    learned = sum(int(np.prod(variable.shape)) for variable in backbone.trainable_variables)
    assert learned + 1280 * 1000 + 1000 == 4_652_008
    assert network.output_shape == (None, 7)


def test_each_stage_halves_the_side_where_it_should(network: keras.Model) -> None:
    backbone = backbone_of(network)
    assert backbone is not None
    assert backbone.compute_output_shape((1, 224, 224, 3)) == (1, 7, 7, 1280)
    assert len([layer for layer in backbone.layers if isinstance(layer, keras.layers.Add)]) == 9


def test_its_pixels_are_scaled_by_127_and_128(network: keras.Model) -> None:
    prepared = keras.Model(network.input, network.get_layer("rescaling").output)
    x = np.array([0.0, 127.0, 255.0], np.float32).reshape(1, 1, 1, 3)
    np.testing.assert_allclose(np.asarray(prepared(x)).ravel(), [-127 / 128, 0, 1], atol=1e-6)


def test_weights_come_in_the_order_of_the_variables_and_another_tasks_top_stays_behind(
    network: keras.Model, tmp_path: Path
) -> None:
    backbone = backbone_of(network)
    assert backbone is not None
    arrays = {f"a{k}": keras.ops.convert_to_numpy(v) for k, v in enumerate(backbone.variables)}
    top = {"top/kernel": np.zeros((1280, 1000)), "top/bias": np.zeros(1000)}
    np.savez(tmp_path / "whole.npz", **arrays, **top)
    loaded = backbone_of(efficientnet_lite0(3, weights=tmp_path / "whole.npz"))
    assert loaded is not None
    for found, stored in zip(loaded.variables, arrays.values(), strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(found), stored)
    np.savez(tmp_path / "short.npz", **dict(list(arrays.items())[1:]))
    with pytest.raises(WeightsInvalid, match="244 arrays, but the network has 245"):
        efficientnet_lite0(3, weights=tmp_path / "short.npz")
