"""Under which question, photos and settings networks are compared: ours, two published ones, and unknown hospitals."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from training.augment import Augmentation
from training.fit import Fitting, Phase
from training.manifest import DIAGNOSES, MALIGNANT
from training.splits import Split, deal_folds, groups, refuse_leak

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from training.architectures import Architecture

# Nothing is changed.
STILL = Augmentation(
    rotation_degrees=0.0,
    shift=0.0,
    zoom=(1.0, 1.0),
    aspect=0.0,
    flip=False,
    brightness=0.0,
    contrast=(1.0, 1.0),
    saturation=(1.0, 1.0),
    hue=0.0,
    white_balance=0.0,
    hair_share=0.0,
    blur_share=0.0,
)
_VALIDATION_FOLDS = 5


@dataclass(frozen=True)
class Protocol:
    """One question asked of every network in the same way."""

    name: str
    title: str
    classes: tuple[str, ...]
    class_of: dict[str, str]  # diagnosis -> class
    positive: tuple[str, ...]  # the classes whose probabilities sum to the score
    score: str  # what the score is a probability of
    networks: tuple[str, ...]
    about: str
    published: str = ""
    size: int | None = None  # side of the input in pixels; each network's own when not given
    batch: int | None = None
    epochs: int | None = None
    augmentation: Augmentation | None = None
    unseen: tuple[str, ...] = ()  # origins, by how their names begin, that test alone and never train
    validation_share: bool = False  # a fifth of the photos that do not test, instead of the choosing fold

    def settings(self, architecture: Architecture) -> Fitting:
        """Return how a network learns under this protocol."""
        settings = architecture.settings
        if self.size and self.epochs:
            rate = settings.phases[-1].learning_rate
            phases = (Phase("whole", self.size, self.epochs, rate, 0.01, "all"),)
            settings = dataclasses.replace(settings, phases=phases)
        return dataclasses.replace(
            settings,
            batch=self.batch or settings.batch,
            augmentation=self.augmentation or settings.augmentation,
        )

    def split(self, split: Split, near_duplicates: Iterable[tuple[str, str]]) -> Split:
        """Return the split with the protocol's own validation photos, dealt by whole groups.

        Raises:
            SplitLeaks: when a group lies in two sets.

        """
        if self.unseen:
            parts = {name: part["origin"].str.startswith(self.unseen) for name, part in vars(split).items()}
            return Split(
                train=split.train[~parts["train"]],
                choose=split.choose[~parts["choose"]],
                test=split.test[parts["test"]],
            )
        if not self.validation_share:
            return split
        rest = pd.concat([split.train, split.choose]).sort_index()
        group = groups(rest.reset_index(drop=True), near_duplicates).set_axis(rest.index)
        is_validation = deal_folds(rest, group, _VALIDATION_FOLDS) == 0
        own = Split(train=rest[~is_validation], choose=rest[is_validation], test=split.test)
        refuse_leak({"train": own.train, "choose": own.choose}, group)
        return own

    def labels(self, table: pd.DataFrame) -> NDArray[np.int64]:
        """Return the class number of each row: of its diagnosis alone, never of what is known beside it."""
        return np.array([self.classes.index(self.class_of[code]) for code in table["diagnosis"]], dtype=np.int64)


_FOLDS = Protocol(
    name="folds",
    title="Seven diagnoses",
    classes=DIAGNOSES,
    class_of={code: code for code in DIAGNOSES},
    positive=MALIGNANT,
    score="malignant",
    networks=("inception_v3", "efficientnet_lite0", "resnet50", "custom_cnn", "tuned_cnn"),
    about="Folds 0 to 6 train, 7 chooses epochs and calibrates, 8 judges once.",
)


def _without(hospital: str, unseen: tuple[str, ...]) -> Protocol:
    return dataclasses.replace(
        _FOLDS,
        name=f"without-{hospital.lower()}",
        title=f"Seven diagnoses, {hospital} never seen",
        networks=("efficientnet_lite0",),
        about=f"As preset folds, but no photo of {hospital} trains or chooses; those of fold 8 alone are the test.",
        unseen=unseen,
    )


PROTOCOLS = {
    "folds": _FOLDS,
    "folio": Protocol(
        name="folio",
        title="Preset folio: benign or malignant",
        classes=("benign", "malignant"),
        class_of={code: "malignant" if code in MALIGNANT else "benign" for code in DIAGNOSES},
        positive=("malignant",),
        score="malignant",
        networks=("custom_cnn",),
        about="224 x 224 x 3 pixels rescaled by 1/255, batches of 64, a fifth of the photos for validation, no "
        "augmentation.",
        size=224,
        batch=64,
        epochs=3,
        augmentation=STILL,
        validation_share=True,
    ),
    "augmented": Protocol(
        name="augmented",
        title="Preset augmented: melanoma or not",
        classes=("other", "melanoma"),
        class_of={code: "melanoma" if code == "mel" else "other" for code in DIAGNOSES},
        positive=("melanoma",),
        score="mel",
        networks=("custom_cnn",),
        about="Rotation by up to 40 degrees, shifts and zoom by up to a fifth, left-right flips, nearest fill; colours "
        "stay.",
        published="The published figure under this protocol is 92 % accuracy on 3,500 photos.",
        size=224,
        batch=64,
        epochs=3,
        augmentation=dataclasses.replace(
            STILL, rotation_degrees=40.0, shift=0.2, zoom=(0.8, 1.2), flip=True, fill_mode="NEAREST"
        ),
    ),
    **{
        protocol.name: protocol
        for protocol in (
            _without("ISIC", ("isic_",)),
            _without("Rosendahl", ("ham_rosendahl",)),
            _without("Vienna", ("ham_vidir_", "ham_vienna_")),
        )
    },
}
