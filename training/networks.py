"""The networks: pixels 0..255 in, one logit a diagnosis out, the rescaling inside the graph."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import keras
import numpy as np

from training.errors import WeightsInvalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BACKBONE = "inception_v3"
# Ends the name of a file that holds a whole network, its last layer included.
WHOLE_NETWORK = ".weights.h5"


def is_whole(weights: str | Path | None) -> bool:
    """Return whether a file of weights holds a whole network of ours, its last layer included."""
    return str(weights).endswith(WHOLE_NETWORK)


def inception_v3(classes: int, *, dropout: float = 0.3, weights: str | Path | None = None) -> keras.Model:
    """Build InceptionV3 (Szegedy 2016, arXiv 1512.00567) with global average pooling and a linear head.

    Args:
        classes: number of logits.
        dropout: share of pooled features dropped in training.
        weights: `"imagenet"` (downloaded by Keras), a file of backbone weights (`.npz` with the arrays in
            the order of `model.variables`, or Keras's `.h5`), a `.weights.h5` of this whole network, from
            which it goes on learning, or None for random ones.

    Returns:
        A model from float32 (n, height, width, 3) in 0..255, any side from 75, to float32 logits (n, classes).

    Raises:
        WeightsInvalid: when the file is missing or does not fit the network.

    """
    backbone = keras.applications.InceptionV3(
        weights="imagenet" if weights == "imagenet" else None,
        include_top=False,
        input_shape=(None, None, 3),
        name=BACKBONE,
    )
    photo = keras.Input((None, None, 3), name="photo")
    scaled = keras.layers.Rescaling(1 / 127.5, offset=-1, name="rescaling")(photo)
    return transferred(backbone, photo, scaled, classes, dropout=dropout, weights=weights)


def small_inception(classes: int, *, dropout: float = 0.3, weights: str | Path | None = None) -> keras.Model:
    """Build InceptionV3's parts in small: two convolutions and one block of two branches, 26,000 weights in all.

    It learns in seconds what a colour tells and little else; the whole way from photos to a served package can be
    walked with it. Its layers are named as InceptionV3's, so that it is exported, stored and explained alike.

    Arguments, result and refusal are those of `inception_v3`, save that nobody has learned weights for it: a
    `.weights.h5` of it, or None for random ones; any side from 16.
    """
    if weights == "imagenet":
        raise WeightsInvalid("small_inception has no weights learned on ImageNet; give 'none' or a .weights.h5 of it")
    pixels = keras.Input((None, None, 3))
    x = _rectified(_rectified(pixels, 16, 3, 2), 32, 3, 2)
    x = keras.layers.Concatenate(name="mixed3")([_rectified(x, 64, 1, 1), _rectified(x, 64, 3, 1)])
    backbone = keras.Model(pixels, x, name=BACKBONE)
    photo = keras.Input((None, None, 3), name="photo")
    scaled = keras.layers.Rescaling(1 / 127.5, offset=-1, name="rescaling")(photo)
    return transferred(backbone, photo, scaled, classes, dropout=dropout, weights=weights)


@dataclass(frozen=True)
class Servable:
    """A network whose file gives everything that the service asks of it."""

    title: str  # in the card
    build: Callable[..., keras.Model]
    usual_weights: str  # where it begins when nothing is said


SERVABLE = {
    "inception_v3": Servable("InceptionV3 (Szegedy 2016)", inception_v3, "imagenet"),
    "small_inception": Servable("InceptionV3's parts in small, for trials", small_inception, "none"),
}


def resnet50(classes: int, *, dropout: float = 0.3, weights: str | Path | None = None) -> keras.Model:
    """Build ResNet50 (He 2016, arXiv 1512.03385) with global average pooling and a linear head.

    Its published weights expect blue, green, red, each less its mean over ImageNet; both are part of the graph.

    Arguments, result and refusal are those of `inception_v3`; any side from 32.
    """
    backbone = keras.applications.ResNet50(
        weights="imagenet" if weights == "imagenet" else None,
        include_top=False,
        input_shape=(None, None, 3),
        name="resnet50",
    )
    photo = keras.Input((None, None, 3), name="photo")
    bgr = keras.ops.take(photo, [2, 1, 0], axis=-1)
    # keras.applications.resnet50.preprocess_input, mode "caffe".
    scaled = keras.layers.Rescaling(1.0, offset=[-103.939, -116.779, -123.68], name="rescaling")(bgr)
    return transferred(backbone, photo, scaled, classes, dropout=dropout, weights=weights)


def transferred(
    backbone: keras.Model,
    photo: keras.KerasTensor,
    scaled: keras.KerasTensor,
    classes: int,
    *,
    dropout: float,
    weights: str | Path | None,
) -> keras.Model:
    """Return the network of a backbone, global average pooling, dropout and a linear head, its weights loaded.

    Args:
        backbone: from rescaled pixels to a feature map, (n, height, width, channels).
        photo: the input, 0..255.
        scaled: of it, what the backbone takes.
        classes: number of logits.
        dropout: share of pooled features dropped in training.
        weights: see `inception_v3`.

    Raises:
        WeightsInvalid: when the file is missing or does not fit the network.

    """
    goes_on = is_whole(weights)
    if weights not in {None, "imagenet"} and not goes_on:
        _load(backbone, Path(str(weights)))
    x = backbone(scaled)
    x = keras.layers.GlobalAveragePooling2D(name="pooled")(x)
    x = keras.layers.Dropout(dropout, name="dropout")(x)
    logits = keras.layers.Dense(classes, dtype="float32", name="logits")(x)
    model = keras.Model(photo, logits, name=f"dermacast_{backbone.name}")
    if goes_on:
        _load(model, Path(str(weights)))
    return model


def backbone_of(model: keras.Model) -> keras.Model | None:
    """Return the network within the network, whose weights another task gave, or None where all is one."""
    return next((layer for layer in model.layers if isinstance(layer, keras.Model)), None)


def set_trainable(model: keras.Model, first: str | None) -> None:
    """Let the head and the backbone's layers from `first` on learn; freeze all before it.

    Args:
        model: any network of this room; one without a backbone learns whole or not at all.
        first: name of a backbone layer, `"all"`, or None for the head alone. A frozen batch
            normalisation also stops following the statistics of its batch.

    Raises:
        ValueError: when the backbone has no such layer, or there is none to freeze.

    """
    backbone = backbone_of(model)
    if backbone is None:
        if first != "all":
            message = f"{model.name} has no backbone, all of it learns: {first!r} cannot be where learning begins"
            raise ValueError(message)
        return
    names = [layer.name for layer in backbone.layers]
    if first is None:
        start = len(names)
    elif first == "all":
        start = 0
    elif first in names:
        start = names.index(first)
    else:
        message = f"the backbone has no layer {first!r}; its layers are {names[0]} to {names[-1]}"
        raise ValueError(message)
    for index, layer in enumerate(backbone.layers):
        layer.trainable = index >= start


def _rectified(x: keras.KerasTensor, filters: int, kernel: int, strides: int) -> keras.KerasTensor:
    x = keras.layers.Conv2D(filters, kernel, strides=strides, padding="same", use_bias=False)(x)
    return keras.layers.ReLU()(keras.layers.BatchNormalization(scale=False)(x))


def _load(backbone: keras.Model, file: Path) -> None:
    if not file.is_file():
        raise WeightsInvalid(f"{file}: no such weights file; give 'imagenet', a .npz or a .h5")
    if file.suffix != ".npz":
        try:
            backbone.load_weights(file)
        except Exception as error:  # h5py and Keras raise many kinds
            raise WeightsInvalid(f"{file}: Keras cannot load these weights: {error}") from error
        return
    with np.load(file) as arrays:
        for variable, (name, value) in zip(backbone.variables, _paired(backbone, arrays, file), strict=True):
            if tuple(variable.shape) != value.shape:
                raise WeightsInvalid(f"{file}: {name} has shape {value.shape}, {variable.path} {variable.shape}")
            variable.assign(value.astype(np.float32))


def _paired(backbone: keras.Model, arrays: np.lib.npyio.NpzFile, file: Path) -> Iterator[tuple[str, np.ndarray]]:
    # A classification layer of another task, named `top`, stays behind.
    names = [name for name in arrays.files if not name.startswith("top/")]
    if len(names) != len(backbone.variables):
        raise WeightsInvalid(f"{file}: {len(names)} arrays, but the network has {len(backbone.variables)}")
    for name in names:
        yield name, arrays[name]
