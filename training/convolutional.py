"""Plain convolutional networks that start from nothing: one by hand, one whose shape a search chooses."""

from __future__ import annotations

from dataclasses import dataclass

import keras

# What the search of `training.tune` may choose.
FILTERS = range(32, 129, 16)
KERNELS = range(3, 6)
POOLS = range(3, 6)
BLOCKS = range(1, 6)

_CUSTOM_BLOCKS, _CUSTOM_FILTERS = 5, 32
# The smallest side of which the fifth block still leaves a pixel.
CUSTOM_LEAST_SIZE = 156


@dataclass(frozen=True)
class CnnShape:
    """The shape of a plain network: so many blocks of one convolution and one pooling."""

    blocks: int
    filters: int
    kernel: int
    pool: int


def custom_cnn(classes: int, *, size: int, dropout: float = 0.5) -> keras.Model:
    """Build five blocks of two 3x3 convolutions and one max-pooling, then dense layers.

    Each convolution has 32 filters, stride 1, valid padding and ReLU; the poolings halve the side. Batch
    normalisation, flattening, two dense layers and dropout follow. Pixels are rescaled by 1/255.

    Args:
        classes: number of logits.
        size: side of the input in pixels; the flattened layer fixes it.
        dropout: share dropped after each dense layer in training.

    Returns:
        A model from float32 (n, size, size, 3) in 0..255 to float32 logits (n, classes).

    Raises:
        ValueError: when `size` is below `CUSTOM_LEAST_SIZE`: valid padding leaves nothing.

    """
    if size < CUSTOM_LEAST_SIZE:
        message = f"five blocks with valid padding need a side of at least {CUSTOM_LEAST_SIZE} pixels, not {size}"
        raise ValueError(message)
    photo = keras.Input((size, size, 3), name="photo")
    x = keras.layers.Rescaling(1 / 255, name="rescaling")(photo)
    for _ in range(_CUSTOM_BLOCKS):
        for _ in range(2):
            x = keras.layers.Conv2D(_CUSTOM_FILTERS, 3, padding="valid", activation="relu")(x)
        x = keras.layers.MaxPooling2D(2)(x)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.Flatten()(x)
    for units in (256, 128):
        x = keras.layers.Dense(units, activation="relu")(x)
        x = keras.layers.Dropout(dropout)(x)
    logits = keras.layers.Dense(classes, dtype="float32", name="logits")(x)
    return keras.Model(photo, logits, name="custom_cnn")


def tuned_cnn(classes: int, shape: CnnShape, *, dropout: float = 0.3) -> keras.Model:
    """Build blocks of a convolution, batch normalisation, ReLU and a max-pooling, then a linear head.

    Same padding and global average pooling let every shape take every input size, so that what a search found on
    small photos can learn from larger ones.

    Args:
        classes: number of logits.
        shape: from a search.
        dropout: share of pooled features dropped in training.

    Returns:
        A model from float32 (n, height, width, 3) in 0..255 to float32 logits (n, classes).

    """
    photo = keras.Input((None, None, 3), name="photo")
    x = keras.layers.Rescaling(1 / 255, name="rescaling")(photo)
    for _ in range(shape.blocks):
        x = keras.layers.Conv2D(shape.filters, shape.kernel, padding="same", use_bias=False)(x)
        x = keras.layers.BatchNormalization()(x)
        x = keras.layers.ReLU()(x)
        x = keras.layers.MaxPooling2D(shape.pool, padding="same")(x)
    x = keras.layers.GlobalAveragePooling2D(name="pooled")(x)
    x = keras.layers.Dropout(dropout, name="dropout")(x)
    logits = keras.layers.Dense(classes, dtype="float32", name="logits")(x)
    return keras.Model(photo, logits, name="tuned_cnn")
