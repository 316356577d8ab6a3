"""The SageMaker contract: where a training container finds its input and leaves its output.

    <base>/input/config/hyperparameters.json   settings, all values as text
    <base>/input/data/<channel>/               the photos and their manifest
    <base>/checkpoints/                        survives a spot interruption
    <base>/model/                              what SageMaker packs and keeps
    <base>/output/data/                        further results: the report
    <base>/output/failure                      why the job failed, its first kilobyte shown in the console

Amazon SageMaker developer guide, "How Amazon SageMaker AI provides training information". `<base>` is
/opt/ml there; one setting moves it.
"""

from __future__ import annotations

import json
import signal
import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic_settings import BaseSettings, SettingsConfigDict

from training.errors import RoomInvalid, TrainingError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

MANIFEST_NAMES = ("manifest.csv", "lesions.csv")


class RoomSettings(BaseSettings):
    """Where the room is."""

    model_config = SettingsConfigDict(env_prefix="TRAINING_", frozen=True)

    base_dir: Path = Path("/opt/ml")


class Interrupted(BaseException):
    """SIGTERM came: the last finished epoch is in the checkpoint, and the same command goes on from it.

    Not an `Exception`: it can come inside a library that catches those and words them anew.
    """


@dataclass(frozen=True)
class Room:
    """The folders of one job."""

    base: Path

    @property
    def data(self) -> Path:
        """The channel `training`."""
        return self.base / "input" / "data" / "training"

    @property
    def checkpoints(self) -> Path:
        """What survives an interruption."""
        return self.base / "checkpoints"

    @property
    def store(self) -> Path:
        """Decoded photos; made again where absent."""
        return self.base / "store"

    @property
    def model(self) -> Path:
        """The model package."""
        return self.base / "model"

    @property
    def report(self) -> Path:
        """The report for people."""
        return self.base / "output" / "data" / "report"

    @property
    def failure(self) -> Path:
        """Why the job failed."""
        return self.base / "output" / "failure"

    def hyperparameters(self) -> dict[str, str]:
        """Return the job's settings; empty where the file is absent.

        Raises:
            RoomInvalid: when the file is not an object of texts.

        """
        path = self.base / "input" / "config" / "hyperparameters.json"
        if not path.exists():
            return {}
        try:
            found: Any = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise RoomInvalid(f"{path}: not JSON: {error}") from error
        if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
            raise RoomInvalid(f"{path}: must be an object whose values are all texts, as SageMaker writes it")
        return found


def manifest_in(folder: Path) -> Path:
    """Return the manifest's path in a folder of photos.

    Raises:
        RoomInvalid: when there is none.

    """
    for name in MANIFEST_NAMES:
        if (folder / name).is_file():
            return folder / name
    raise RoomInvalid(f"{folder}: holds no {' and no '.join(MANIFEST_NAMES)}")


@contextmanager
def reporting_failure(room: Room) -> Iterator[None]:
    """Write why the body failed to the room's failure file, and let the error go on."""
    room.failure.unlink(missing_ok=True)
    try:
        yield
    except (Exception, Interrupted) as error:
        room.failure.parent.mkdir(parents=True, exist_ok=True)
        known = isinstance(error, (TrainingError, Interrupted))
        text = f"{type(error).__name__}: {error}" if known else traceback.format_exc()
        room.failure.write_text(text, encoding="utf-8")
        raise


@contextmanager
def interruptible() -> Iterator[None]:
    """Turn SIGTERM, which SageMaker sends two minutes before it takes a spot machine away, into `Interrupted`."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise Interrupted("SIGTERM came; the same command goes on from the last finished epoch")

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
