"""EfficientNet-Lite0: a light network whose inverted bottlenecks run well on phones and in eight bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import keras

from training.networks import transferred

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class _Stage:
    """Blocks of one shape; only the first of them strides."""

    blocks: int
    kernel: int
    stride: int
    expansion: int
    channels: int


# EfficientNet-B0 (Tan and Le 2019, arXiv 1905.11946, table 1). The Lite variant leaves out squeeze-and-excitation,
# replaces Swish by ReLU6, and keeps stem (32 channels) and head (1280) as they are
# (github.com/tensorflow/tpu, models/official/efficientnet/lite).
_STAGES = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(2, 5, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(3, 5, 1, 6, 112),
    _Stage(4, 5, 2, 6, 192),
    _Stage(1, 3, 1, 6, 320),
)
_STEM, _HEAD = 32, 1280


def efficientnet_lite0(classes: int, *, dropout: float = 0.2, weights: str | Path | None = None) -> keras.Model:
    """Build EfficientNet-Lite0 with global average pooling and a linear head.

    Args:
        classes: number of logits.
        dropout: share of pooled features dropped in training.
        weights: see `networks.inception_v3`; Keras has none of its own for this network.

    Returns:
        A model from float32 (n, height, width, 3) in 0..255, any side from 32, to float32 logits (n, classes).

    Raises:
        WeightsInvalid: when the file is missing or does not fit the network.

    """
    photo = keras.Input((None, None, 3), name="photo")
    scaled = keras.layers.Rescaling(1 / 128, offset=-127 / 128, name="rescaling")(photo)
    return transferred(_backbone(), photo, scaled, classes, dropout=dropout, weights=weights)


def _backbone() -> keras.Model:
    entry = keras.Input((None, None, 3))
    x = _convolved(entry, _STEM, 3, 2, "stem")
    channels, number = _STEM, 0
    for stage in _STAGES:
        for index in range(stage.blocks):
            x = _bottleneck(x, channels, stage, stage.stride if index == 0 else 1, f"block{number}")
            channels, number = stage.channels, number + 1
    x = _convolved(x, _HEAD, 1, 1, "head")
    return keras.Model(entry, x, name="efficientnet_lite0")


def _bottleneck(entry: keras.KerasTensor, channels: int, stage: _Stage, stride: int, name: str) -> keras.KerasTensor:
    """Widen, filter each channel by itself, narrow without an activation, and add what came in where it fits."""
    x = entry
    if stage.expansion > 1:
        x = _convolved(x, channels * stage.expansion, 1, 1, f"{name}_expand")
    depthwise = keras.layers.DepthwiseConv2D(
        stage.kernel, stride, padding="same", use_bias=False, name=f"{name}_dw_conv"
    )
    x = _relu6(_normalised(depthwise(x), f"{name}_dw"))
    narrow = keras.layers.Conv2D(stage.channels, 1, use_bias=False, name=f"{name}_project_conv")
    x = _normalised(narrow(x), f"{name}_project")
    if stride == 1 and channels == stage.channels:
        x = keras.layers.Add(name=f"{name}_add")([x, entry])
    return x


def _convolved(x: keras.KerasTensor, filters: int, kernel: int, stride: int, name: str) -> keras.KerasTensor:
    convolution = keras.layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False, name=f"{name}_conv")
    return _relu6(_normalised(convolution(x), name))


def _normalised(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return keras.layers.BatchNormalization(momentum=0.99, epsilon=1e-3, name=f"{name}_bn")(x)


def _relu6(x: keras.KerasTensor) -> keras.KerasTensor:
    return keras.layers.ReLU(6.0)(x)
