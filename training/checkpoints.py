"""The checkpoints of a fit: one a finished epoch, each whole or not there.

    epoch-03.json         where the fit stood, and the SHA-256 of every file that going on from there needs
    epoch-03.keras        the network and its optimizer after the epoch, the moving averages of the weights included
    epoch-03.weights.h5   the averaged weights, of which the best epochs' make the network

Files are written beside their place and moved; the JSON comes last. So neither a process that is ended in the middle of
a write, nor a full disk, nor a copy of the folder that was taken in between (SageMaker copies file by file) leaves a
checkpoint that is trusted and not whole: the one before it is kept for that.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from training.errors import RoomInvalid

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import keras

# The last one, and the one before it in case that the last one did not reach the bucket whole.
_KEPT = 2
_PARTIAL = "partial-"


@dataclass
class Progress:
    """Where a fit stands after an epoch."""

    fingerprint: str
    phase: int = 0
    epoch_in_phase: int = 0
    epochs: list[dict[str, Any]] = field(default_factory=list)
    sha256: dict[str, str] = field(default_factory=dict)  # by file name


def network_file(folder: Path, epoch: int) -> Path:
    """Return the file of the network and its optimizer after an epoch, counted from 0."""
    return folder / f"epoch-{epoch + 1:02d}.keras"


def weights_file(folder: Path, epoch: int) -> Path:
    """Return the file of the averaged weights after an epoch, counted from 0."""
    return folder / f"epoch-{epoch + 1:02d}.weights.h5"


def write_file(file: Path, write: Callable[[Path], object]) -> str:
    """Let `write` make a file, which appears whole or not at all, and return its SHA-256."""
    partial = file.with_name(f"{_PARTIAL}{file.name}")
    try:
        write(partial)
        digest = _sha256(partial)
        partial.replace(file)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return digest


def save(model: keras.Model, progress: Progress, folder: Path, best: Sequence[int]) -> None:
    """Keep the network and its optimizer after the last of the epochs, and the averaged weights of the best ones.

    Args:
        model: after the epoch.
        progress: up to it; `sha256` must hold the best epochs' weights files, and then holds all that is needed.
        folder: of the checkpoints.
        best: numbers of the epochs, from 0, whose weights may yet make the network.

    Raises:
        OSError: when the disk is full; the checkpoints before it stay.

    """
    last = len(progress.epochs) - 1
    network = network_file(folder, last)
    needed = {weights_file(folder, epoch).name for epoch in best}
    progress.sha256 = {name: value for name, value in progress.sha256.items() if name in needed}
    progress.sha256[network.name] = write_file(network, model.save)
    text = json.dumps(asdict(progress), indent=1)
    write_file(_state_file(folder, last), lambda file: file.write_text(text, encoding="utf-8"))
    _tidy(folder)


def restored(folder: Path, fingerprint: str) -> Progress:
    """Return where the newest whole checkpoint stands; the beginning where there is none.

    Raises:
        RoomInvalid: when it belongs to other settings or photos.

    """
    for file in _states(folder):
        progress = _read(file)
        if progress is None or not _is_whole(folder, progress):
            continue
        if progress.fingerprint != fingerprint:
            raise RoomInvalid(
                f"{folder}: belongs to a run with other settings or photos; delete it or use another room"
            )
        return progress
    return Progress(fingerprint)


def _tidy(folder: Path) -> None:
    """Remove what neither of the last checkpoints needs, leftovers of a process that was ended included."""
    states = _states(folder)
    kept = {file.name for file in states[:_KEPT]}
    for file in states[:_KEPT]:
        progress = _read(file)
        kept |= set(progress.sha256) if progress else set()
    for file in [*folder.glob("epoch-*"), *folder.glob(f"{_PARTIAL}*")]:
        if file.name not in kept:
            file.unlink()


def _states(folder: Path) -> list[Path]:
    return sorted(folder.glob("epoch-*.json"), key=lambda file: int(file.stem.split("-")[1]), reverse=True)


def _state_file(folder: Path, epoch: int) -> Path:
    return folder / f"epoch-{epoch + 1:02d}.json"


def _read(file: Path) -> Progress | None:
    try:
        return Progress(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None  # cut short on its way to or from the bucket


def _is_whole(folder: Path, progress: Progress) -> bool:
    return all((folder / name).is_file() and _sha256(folder / name) == value for name, value in progress.sha256.items())


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
