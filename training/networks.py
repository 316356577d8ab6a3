"""The networks: pixels 0..255 in, one logit a diagnosis out, the rescaling inside the graph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import keras
import numpy as np

from training.errors import WeightsInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator

BACKBONE = "inception_v3"
# Ends the name of a file that holds a whole network, its last layer included.
WHOLE_NETWORK = ".weights.h5"


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
    goes_on = str(weights).endswith(WHOLE_NETWORK)
    if weights not in {None, "imagenet"} and not goes_on:
        _load(backbone, Path(str(weights)))
    photo = keras.Input((None, None, 3), name="photo")
    x = keras.layers.Rescaling(1 / 127.5, offset=-1, name="rescaling")(photo)
    x = backbone(x)
    x = keras.layers.GlobalAveragePooling2D(name="pooled")(x)
    x = keras.layers.Dropout(dropout, name="dropout")(x)
    logits = keras.layers.Dense(classes, dtype="float32", name="logits")(x)
    model = keras.Model(photo, logits, name="dermacast_inception_v3")
    if goes_on:
        _load(model, Path(str(weights)))
    return model


def set_trainable(model: keras.Model, first: str | None) -> None:
    """Let the head and the backbone's layers from `first` on learn; freeze all before it.

    Args:
        model: from this module.
        first: name of a backbone layer, `"all"`, or None for the head alone. A frozen batch
            normalisation also stops following the statistics of its batch.

    Raises:
        ValueError: when the backbone has no such layer.

    """
    backbone = model.get_layer(BACKBONE)
    names = [layer.name for layer in backbone.layers]
    if first is None:
        start = len(names)
    elif first == "all":
        start = 0
    elif first in names:
        start = names.index(first)
    else:
        message = f"the backbone has no layer {first!r}; mixed0 to mixed10 end its blocks"
        raise ValueError(message)
    for index, layer in enumerate(backbone.layers):
        layer.trainable = index >= start


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
    if len(arrays.files) != len(backbone.variables):
        raise WeightsInvalid(f"{file}: {len(arrays.files)} arrays, but the network has {len(backbone.variables)}")
    for name in arrays.files:
        yield name, arrays[name]
