"""The networks of the comparison: how each is built, where it starts, and how it learns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from training.convolutional import CnnShape, custom_cnn, tuned_cnn
from training.efficientnet import efficientnet_lite0
from training.fit import Fitting, Phase
from training.networks import inception_v3, resnet50

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras


@dataclass(frozen=True)
class Start:
    """What a network may need to begin: weights learned elsewhere, and the shape that a search found."""

    weights: str | Path | None = None
    shape: CnnShape | None = None


@dataclass(frozen=True)
class Architecture:
    """One network of the comparison."""

    title: str
    build: Callable[[int, int, Start], keras.Model]  # number of logits, side of the input in pixels, start
    settings: Fitting
    weights_file: str | None = None  # its ImageNet weights among others in a folder
    keras_has_weights: bool = False
    needs_search: bool = False  # for its shape

    def start(self, weights: str | None, shape: CnnShape | None) -> Start:
        """Return where the network begins, given `imagenet`, a folder of weight files or None, and a found shape."""
        if weights == "imagenet":
            return Start("imagenet" if self.keras_has_weights else None, shape)
        file = Path(weights) / self.weights_file if weights and self.weights_file else None
        return Start(file if file and file.is_file() else None, shape)

    @property
    def size(self) -> int:
        """Side of the input in pixels at which it is judged."""
        return self.settings.phases[-1].size


def _inception(classes: int, _size: int, start: Start) -> keras.Model:
    return inception_v3(classes, weights=start.weights)


def _resnet(classes: int, _size: int, start: Start) -> keras.Model:
    return resnet50(classes, weights=start.weights)


def _lite(classes: int, _size: int, start: Start) -> keras.Model:
    return efficientnet_lite0(classes, weights=start.weights)


def _custom(classes: int, size: int, _start: Start) -> keras.Model:
    return custom_cnn(classes, size=size)


def _tuned(classes: int, _size: int, start: Start) -> keras.Model:
    if start.shape is None:
        message = "the tuned CNN has no shape before a search: python -m training tune"
        raise ValueError(message)
    return tuned_cnn(classes, start.shape)


def _from_nothing(size: int, epochs: int, rate: float = 1e-3) -> Fitting:
    """Return the settings of a network that starts from random weights: one phase, a shorter moving average.

    The average of several epochs' weights, which helps a network that is nearly done, would hold one back that is not.
    """
    return Fitting(phases=(Phase("whole", size, epochs, rate, 0.01, "all"),), ema_momentum=0.99, averaged_epochs=1)


ARCHITECTURES: dict[str, Architecture] = {
    "inception_v3": Architecture(
        "InceptionV3", _inception, Fitting(), weights_file="inception_v3_notop.fp16.npz", keras_has_weights=True
    ),
    "efficientnet_lite0": Architecture(
        "EfficientNet-Lite0",
        _lite,
        Fitting(
            phases=(Phase("head", 160, 1, 1e-3, 1.0, None), Phase("whole", 160, 4, 4e-4, 0.01, "all")),
            ema_momentum=0.99,
        ),
        weights_file="efficientnet_lite0.fp16.npz",
    ),
    "resnet50": Architecture("ResNet50", _resnet, _from_nothing(128, 4, 5e-4), keras_has_weights=True),
    "custom_cnn": Architecture("custom CNN", _custom, _from_nothing(160, 6)),
    "tuned_cnn": Architecture("tuned CNN", _tuned, _from_nothing(64, 5), needs_search=True),
}
