"""What a training photo may look like: turned, shifted, zoomed, mirrored, in another light, from another camera.

All of it is drawn statelessly from a seed, so that an interrupted run continues as if it had not stopped.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from numpy.typing import NDArray

# RGB to YIQ (NTSC 1953, FCC 73.682): hue is an angle and saturation a length in its I, Q plane.
_HAIR_LAYERS = 96
_DARKEST_HAIR, _FAIREST_HAIR = (15.0, 12.0, 10.0), (170.0, 140.0, 105.0)
_YIQ = ((0.299, 0.587, 0.114), (0.5959, -0.2746, -0.3213), (0.2115, -0.5227, 0.3112))


@dataclass(frozen=True)
class Augmentation:
    """How far each property may move; a range is symmetric unless it has two ends."""

    rotation_degrees: float = 180.0
    shift: float = 0.12  # of the side, each way, in width and height
    zoom: tuple[float, float] = (0.65, 1.05)  # of the side that is seen
    aspect: float = 0.1
    flip: bool = True  # left to right; with the turn, top to bottom as well
    fill_mode: str = "REFLECT"
    brightness: float = 0.2
    contrast: tuple[float, float] = (0.7, 1.35)
    saturation: tuple[float, float] = (0.6, 1.5)
    hue: float = 0.04  # of a full turn
    white_balance: float = 0.1  # of each channel's gain
    hair_share: float = 0.3  # of photos that get drawn hairs
    blur_share: float = 0.25  # of photos that lose their fine detail
    blur: tuple[float, float] = (0.3, 0.8)  # of the side, to which they are made small and large again


def augmented(
    photos: tf.Tensor, size: int, seed: tf.Tensor, how: Augmentation, part: tuple[int, int] = (0, 1)
) -> tf.Tensor:
    """Return one random variant of each photo.

    Args:
        photos: uint8 (n, side, side, 3), sRGB.
        size: side of the result in pixels.
        seed: int (2,); equal seeds give equal variants.
        how: the ranges.
        part: which of how many equal parts of a batch the photos are; together the parts get what the batch would.

    Returns:
        float32 (n, size, size, 3), 0..255.

    """
    seeds = tf.random.split(tf.cast(seed, tf.int32), 12)
    n = tf.shape(photos)[0]
    photos = _with_hairs(tf.cast(photos, tf.float32), seeds[10], how.hair_share, part)

    def draw(index: int, low: float, high: float, *shape: int) -> tf.Tensor:
        return _drawn(n, part, seeds[index], low, high, *shape)

    side = tf.cast(tf.shape(photos)[1], tf.float32)
    angle = draw(0, -how.rotation_degrees, how.rotation_degrees) * (math.pi / 180)
    scale = draw(1, *how.zoom) * side / size
    stretch = 1 + draw(2, -how.aspect, how.aspect)
    mirror = tf.sign(draw(3, -1, 1)) if how.flip else tf.ones((n,))
    shift = draw(4, -how.shift, how.shift, 2) * side
    moved = _warp(photos, size, angle, (scale * stretch * mirror, scale / stretch), shift, how.fill_mode)
    moved = _blurred(moved, size, seeds[11], how, part)

    turn = draw(5, -how.hue, how.hue) * (2 * math.pi)
    matrix = _colour_matrix(turn, draw(6, *how.saturation))
    gain = 1 + draw(7, -how.white_balance, how.white_balance, 3)
    gain *= 1 + draw(8, -how.brightness, how.brightness, 1)
    coloured = tf.einsum("nhwc,ndc->nhwd", moved, matrix * gain[:, tf.newaxis, :])
    mean = tf.reduce_mean(coloured, axis=(1, 2, 3), keepdims=True)
    contrast = draw(9, *how.contrast)[:, tf.newaxis, tf.newaxis, tf.newaxis]
    return tf.clip_by_value((coloured - mean) * contrast + mean, 0.0, 255.0)


def _warp(
    photos: tf.Tensor,
    size: int,
    angle: tf.Tensor,
    scale: tuple[tf.Tensor, tf.Tensor],
    shift: tf.Tensor,
    fill_mode: str,
) -> tf.Tensor:
    """Look up each output pixel in the photo: about the centre, turned, scaled and shifted, bilinear."""
    cos, sin = tf.cos(angle), tf.sin(angle)
    a0, a1 = cos * scale[0], -sin * scale[1]
    b0, b1 = sin * scale[0], cos * scale[1]
    out_centre = (size - 1) / 2
    in_centre = (tf.cast(tf.shape(photos)[1], tf.float32) - 1) / 2
    a2 = in_centre + shift[:, 0] - (a0 + a1) * out_centre
    b2 = in_centre + shift[:, 1] - (b0 + b1) * out_centre
    zero = tf.zeros_like(a0)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=photos,
        transforms=tf.stack([a0, a1, a2, b0, b1, b2, zero, zero], axis=1),
        output_shape=tf.constant([size, size]),
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode=fill_mode,
    )


def _drawn(  # one draw for a whole batch, of which a part is taken
    n: tf.Tensor, part: tuple[int, int], seed: tf.Tensor, low: float, high: float, *shape: int
) -> tf.Tensor:
    which, count = part
    return tf.random.stateless_uniform((n * count, *shape), seed, low, high)[which * n : (which + 1) * n]


def _with_hairs(photos: tf.Tensor, seed: tf.Tensor, share: float, part: tuple[int, int]) -> tf.Tensor:
    """Lay hairs of one colour, dark to fair, over a share of the photos."""
    layers = tf.constant(_hair_layers(photos.shape[1]))
    n = tf.shape(photos)[0]
    which, colour, whether = tf.unstack(tf.random.experimental.stateless_split(seed, 3))
    at, count = part
    chosen = tf.random.stateless_uniform((n * count,), which, 0, len(layers), tf.int32)[at * n : (at + 1) * n]
    cover = tf.cast(tf.gather(layers, chosen), tf.float32)[..., tf.newaxis] / 255
    cover *= tf.cast(_drawn(n, part, whether, 0, 1, 1, 1, 1) < share, tf.float32)
    fairness = _drawn(n, part, colour, 0, 1, 1, 1, 1)
    dark, fair = tf.constant(_DARKEST_HAIR), tf.constant(_FAIREST_HAIR)
    return photos * (1 - cover) + (dark + fairness * (fair - dark)) * cover


@lru_cache(maxsize=2)
def _hair_layers(side: int) -> NDArray[np.uint8]:
    """Return (_HAIR_LAYERS, side, side) covers, 0..255, of 2 to 40 bent hairs each; always the same."""
    random = np.random.default_rng(0)
    layers = []
    for _ in range(_HAIR_LAYERS):
        drawing = Image.new("L", (2 * side, 2 * side))
        pen = ImageDraw.Draw(drawing)
        grain = random.uniform(0, 2 * np.pi)  # hairs of one place lie in much the same direction
        for _ in range(int(np.exp(random.uniform(np.log(2), np.log(40))))):
            turns = random.normal(grain, 0.5) + np.cumsum(random.normal(0, 0.12, 24))
            step = random.uniform(0.02, 0.08) * 2 * side
            steps = step * np.stack([np.cos(turns), np.sin(turns)], axis=1)
            path = random.uniform(-0.2, 1.2, 2) * 2 * side + np.cumsum(steps, axis=0)
            pen.line(
                [tuple(point) for point in path], fill=int(random.integers(150, 256)), width=int(random.integers(2, 7))
            )
        layers.append(np.asarray(drawing.resize((side, side), Image.Resampling.LANCZOS)))
    return np.stack(layers)


def _blurred(photos: tf.Tensor, size: int, seed: tf.Tensor, how: Augmentation, part: tuple[int, int]) -> tf.Tensor:
    """Take the fine detail from a share of the photos, all of a batch alike."""
    whether, strength = tf.unstack(tf.random.experimental.stateless_split(seed, 2))
    small = tf.cast(size * tf.random.stateless_uniform((), strength, *how.blur), tf.int32)
    coarse = tf.image.resize(tf.image.resize(photos, (small, small), antialias=True), (size, size), "bicubic")
    chosen = _drawn(tf.shape(photos)[0], part, whether, 0, 1, 1, 1, 1) < how.blur_share
    return tf.where(chosen, coarse, photos)


def _colour_matrix(turn: tf.Tensor, saturation: tf.Tensor) -> tf.Tensor:
    """Return (n, 3, 3) matrices on RGB that turn the hue and scale the saturation, leaving luma alone."""
    to_yiq = tf.constant(_YIQ)
    zero, one = tf.zeros_like(turn), tf.ones_like(turn)
    cos, sin = saturation * tf.cos(turn), saturation * tf.sin(turn)
    rows = [[one, zero, zero], [zero, cos, -sin], [zero, sin, cos]]
    change = tf.stack([tf.stack(row, axis=1) for row in rows], axis=1)
    return tf.linalg.inv(to_yiq) @ change @ to_yiq


def training_batches(
    photos: NDArray[np.uint8],
    labels: NDArray[np.int64],
    weights: NDArray[np.float32],
    order: NDArray[np.int64],
    *,
    size: int,
    batch: int,
    seed: int,
    how: Augmentation,
    part: tuple[int, int] = (0, 1),
) -> tf.data.Dataset:
    """Return batches of (photos float32 0..255, labels, weights) in the given order, augmented ahead of need.

    Of several machines each takes its part, which of how many, of every batch. A last batch that is not full is left
    out: `order` should be another one each epoch.
    """
    steps = len(order) // batch
    which, count = part
    share = batch // count
    rows = order[: steps * batch].reshape(steps, batch)[:, which * share : (which + 1) * share]

    def gather(chosen: NDArray[np.int64]) -> NDArray[np.uint8]:
        return photos[chosen]

    def load(step: tf.Tensor, chosen: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        raw = tf.numpy_function(gather, [chosen], tf.uint8)
        raw.set_shape((share, *photos.shape[1:]))
        x = augmented(raw, size, tf.stack([tf.constant(seed, tf.int32), tf.cast(step, tf.int32)]), how, part)
        return x, tf.gather(labels, chosen), tf.gather(weights, chosen)

    dataset = tf.data.Dataset.from_tensor_slices((tf.range(steps), rows))
    return dataset.map(load, num_parallel_calls=tf.data.AUTOTUNE).prefetch(4)


def plain_batches(photos: NDArray[np.uint8], rows: NDArray[np.int64], *, size: int, batch: int) -> tf.data.Dataset:
    """Return batches of photos, float32 0..255, in order, only resized (antialiased bicubic)."""

    def gather(chosen: NDArray[np.int64]) -> NDArray[np.uint8]:
        return photos[chosen]

    def load(chosen: tf.Tensor) -> tf.Tensor:
        raw = tf.numpy_function(gather, [chosen], tf.uint8)
        raw.set_shape((None, *photos.shape[1:]))
        resized = tf.image.resize(raw, (size, size), "bicubic", antialias=True)
        return tf.clip_by_value(resized, 0.0, 255.0)

    return tf.data.Dataset.from_tensor_slices(rows).batch(batch).map(load).prefetch(2)
