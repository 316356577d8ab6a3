from __future__ import annotations

import keras
import numpy as np
import pytest

from training.convolutional import BLOCKS, FILTERS, KERNELS, POOLS, CnnShape, custom_cnn, tuned_cnn
from training.networks import set_trainable


def test_the_custom_network_is_the_one_described() -> None:
    network = custom_cnn(2, size=224)
    convolutions = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    assert [(c.filters, c.kernel_size, c.strides, c.padding) for c in convolutions] == [
        (32, (3, 3), (1, 1), "valid")
    ] * 10
    assert all(c.activation is keras.activations.relu for c in convolutions)
    kinds = [type(layer).__name__ for layer in network.layers[2:]]
    assert kinds == [
        *["Conv2D", "Conv2D", "MaxPooling2D"] * 5,
        "BatchNormalization",
        "Flatten",
        *["Dense", "Dropout"] * 2,
        "Dense",
    ]


def test_pixels_are_rescaled_by_255_within_the_network() -> None:
    network = custom_cnn(2, size=160)
    scaled = keras.Model(network.input, network.get_layer("rescaling").output)
    np.testing.assert_allclose(scaled(np.full((1, 160, 160, 3), 255.0)), 1.0, rtol=1e-6)


def test_a_side_of_which_valid_padding_leaves_nothing_is_refused() -> None:
    assert custom_cnn(2, size=156).output_shape == (None, 2)
    with pytest.raises(ValueError, match="at least 156 pixels, not 155"):
        custom_cnn(2, size=155)


@pytest.mark.parametrize("blocks", [BLOCKS[0], BLOCKS[-1]])
@pytest.mark.parametrize("kernel", [KERNELS[0], KERNELS[-1]])
@pytest.mark.parametrize("pool", [POOLS[0], POOLS[-1]])
def test_every_shape_of_the_search_takes_small_and_large_photos(blocks: int, kernel: int, pool: int) -> None:
    network = tuned_cnn(7, CnnShape(blocks, FILTERS[0], kernel, pool))
    for size in (32, 96):
        assert network(np.zeros((1, size, size, 3))).shape == (1, 7)
    assert len([layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]) == blocks


def test_a_network_without_a_backbone_learns_whole() -> None:
    network = tuned_cnn(7, CnnShape(1, 32, 3, 3))
    set_trainable(network, "all")
    assert len(network.trainable_variables) == 5
    with pytest.raises(ValueError, match="tuned_cnn has no backbone"):
        set_trainable(network, None)
