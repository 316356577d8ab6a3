"""What can be wrong with a training run, each as a type that the command turns into one clear message.

TrainingError
├── ManifestInvalid      rows or columns that cannot be used
├── SplitLeaks           a lesion, patient or near-duplicate on both sides of a split
├── WeightsInvalid       starting weights that do not fit the network
├── LossNotFinite        a training that went astray
├── WorkerLost           a machine of several that waits for one that is gone
├── ExportDiffers        the ONNX file does not answer as the network does
├── ChecklistIncomplete  an item of a reporting check-list with neither answer nor refusal
├── DeliveryRefused      more broken rows than a run may pass over
├── DeliveryExists       another delivery has that name already
├── PhotoUnknown         no delivery that was taken in has such a photo
├── ScoresInvalid        a score table, or a package, that the gate cannot compare
├── SnapshotInvalid      a snapshot that cannot be frozen, or is not what was frozen
├── StorageFailed        the bucket or folder cannot be read or written
└── RoomInvalid          a SageMaker room without what the job needs
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_MOST_SHOWN = 20


class TrainingError(Exception):
    """A run that cannot go on, with what was expected and what was found."""


class ManifestInvalid(TrainingError):
    """Rows or columns that cannot be used; `complaints` holds all of them."""

    def __init__(self, csv: Path, complaints: Sequence[str]) -> None:
        self.complaints = tuple(complaints)
        shown = "".join(f"\n  {complaint}" for complaint in self.complaints[:_MOST_SHOWN])
        more = len(self.complaints) - _MOST_SHOWN
        rest = f"\n  and {more} more" if more > 0 else ""
        super().__init__(f"{csv}: {len(self.complaints)} complaint(s):{shown}{rest}")


class SplitLeaks(TrainingError):
    """A lesion, a patient or a near-duplicate lies on both sides of a split."""


class WeightsInvalid(TrainingError):
    """Starting weights that do not fit the network."""


class LossNotFinite(TrainingError):
    """A training whose loss is no number any more."""


class WorkerLost(TrainingError):
    """A machine of several that waits for one that is gone."""


class ExportDiffers(TrainingError):
    """The ONNX file does not answer as the trained network does."""


class ChecklistIncomplete(TrainingError):
    """An item of a reporting check-list with neither answer nor refusal; `items` holds all of them."""

    def __init__(self, items: Sequence[str]) -> None:
        self.items = tuple(items)
        named = "".join(f"\n  {item}" for item in self.items)
        super().__init__(f"{len(self.items)} check-list item(s) have no answer; measure what they ask for:{named}")


class RoomInvalid(TrainingError):
    """A SageMaker room without what the job needs."""


class DeliveryRefused(TrainingError):
    """A delivery, or several, with more broken rows than a run may pass over."""


class DeliveryExists(TrainingError):
    """Another delivery has that name already."""


class PhotoUnknown(TrainingError):
    """No delivery that was taken in has such a photo."""


class ScoresInvalid(TrainingError):
    """A score table, or a package, that the gate cannot compare; `complaints` holds all that rows gave."""

    def __init__(self, what: str, complaints: Sequence[str] = ()) -> None:
        self.complaints = tuple(complaints)
        more = len(self.complaints) - _MOST_SHOWN
        rest = f"\n  and {more} more" if more > 0 else ""
        super().__init__(what + "".join(f"\n  {one}" for one in self.complaints[:_MOST_SHOWN]) + rest)


class SnapshotInvalid(TrainingError):
    """A snapshot that cannot be frozen, or is not what was frozen."""


class StorageFailed(TrainingError):
    """The bucket or folder cannot be read or written."""
