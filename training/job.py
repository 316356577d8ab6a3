"""The SageMaker contract: where a training container finds its input and leaves its output.

    <base>/input/config/hyperparameters.json   settings, all values as text
    <base>/input/config/inputdataconfig.json   the channels, and how each came
    <base>/input/config/resourceconfig.json    the machines of the job, and which of them this is
    <base>/input/data/training/                the photos, and their manifest unless it has a channel of its own
    <base>/input/data/manifest/                optional: the manifest alone
    <base>/input/data/weights/                 optional: one file of weights to start from
    <base>/checkpoints/                        survives a spot interruption
    <base>/model/                              what SageMaker packs and keeps
    <base>/output/data/                        further results: the report
    <base>/output/failure                      why the job failed, its first kilobyte shown in the console

Amazon SageMaker AI developer guide: "How Amazon SageMaker AI Provides Training Information" (config, data),
"How Amazon SageMaker AI Processes Training Output" (model, output), "How Amazon SageMaker AI Signals Algorithm
Success and Failure" (exit codes, failure), "Checkpoints in Amazon SageMaker AI" and "Resume training from a
checkpoint" (restored on each machine of the new job), "Define Metrics" (what is read from the log). `<base>` is
/opt/ml there; one setting moves it.
"""

from __future__ import annotations

import errno
import json
import shutil
import signal
import traceback
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from training.errors import RoomInvalid, TrainingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import FrameType

_Shape = TypeVar("_Shape")

MANIFEST_NAMES = ("manifest.csv", "lesions.csv")
TRAINING, MANIFEST, WEIGHTS = "training", "manifest", "weights"
CHANNELS = (TRAINING, MANIFEST, WEIGHTS)

# "FailureReason" of DescribeTrainingJob is the first kilobyte of the file; a trace beyond it is for the log.
FAILURE_BYTES = 1024
_PACKAGE_LAST = "manifest.json"
_DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# HDF5 tells the same in words alone.
_DISK_WORDS = ("no space left on device", "disk quota exceeded", "file too large")

# What CloudWatch and the console draw, by the names of an epoch's figures; `test_auroc` is the finished model's.
_METRICS = ("loss", "accuracy", "val_loss", "val_accuracy", "val_auroc", "seconds", "test_auroc")
METRIC_DEFINITIONS = [
    {"Name": name, "Regex": rf"^metric .*\b{name}=([-+]?[0-9]+\.[0-9]+(?:e[-+]?[0-9]+)?)\b"} for name in _METRICS
]


def metric_line(figures: Mapping[str, Any]) -> str:
    """Return the line of the log from which `METRIC_DEFINITIONS` read an epoch's figures, or the finished model's."""
    numbers = {name: figures[name] for name in _METRICS if name in figures}
    where = [f"epoch={figures['epoch']}"] if "epoch" in figures else []
    return " ".join(["metric", *where, *(f"{name}={float(value):.6f}" for name, value in numbers.items())])


class RoomSettings(BaseSettings):
    """Where the room is."""

    model_config = SettingsConfigDict(env_prefix="TRAINING_", frozen=True)

    base_dir: Path = Path("/opt/ml")
    supervised: bool = False  # set for the process that learns, where another one watches over it
    # Of several machines: a large network's first step is traced for a minute, and the chief alone judges.
    stall_s: float = Field(900, gt=0)


class Interrupted(BaseException):
    """SIGTERM came: the last finished epoch is in the checkpoint, and the same command goes on from it.

    Not an `Exception`: it can come inside a library that catches those and words them anew.
    """


class Channel(BaseModel):
    """How one channel's files came to this machine."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    TrainingInputMode: Literal["File"] = "File"
    S3DistributionType: Literal["FullyReplicated"] = "FullyReplicated"


class Resources(BaseModel):
    """The machines of one job.

    Attributes:
        current_host: name of this one.
        hosts: names of all, in one order on all of them; one may carry its port, for several on one machine.

    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    current_host: str = "algo-1"
    hosts: tuple[str, ...] = Field(("algo-1",), min_length=1)

    @model_validator(mode="after")
    def _is_among_them(self) -> Resources:
        if self.current_host not in self.hosts:
            raise ValueError(f"current_host {self.current_host!r} is none of hosts {', '.join(self.hosts)}")
        if len(set(self.hosts)) < len(self.hosts):
            raise ValueError(f"hosts names one twice: {', '.join(self.hosts)}")
        return self

    @property
    def index(self) -> int:
        """Which of the hosts, sorted by name, this one is: 0 is the chief."""
        return sorted(self.hosts).index(self.current_host)


@dataclass(frozen=True)
class Room:
    """The folders of one job."""

    base: Path

    @property
    def data(self) -> Path:
        """The channel `training`."""
        return self.channel(TRAINING)

    @property
    def checkpoints(self) -> Path:
        """What survives an interruption."""
        return self.base / "checkpoints"

    @property
    def store(self) -> Path:
        """Decoded photos; made again where absent."""
        return self.base / "store"

    @property
    def packing(self) -> Path:
        """Where the model package is put together, before it goes to `model` whole."""
        return self.base / "packing"

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

    @property
    def alive(self) -> Path:
        """Touched at each step, for who watches over the one that learns."""
        return self.base / "alive"

    def channel(self, name: str) -> Path:
        """Return the folder of a channel, which need not be there."""
        return self.base / "input" / "data" / name

    def manifest(self) -> Path | None:
        """Return the manifest of the channel of that name, or None where the job has no such channel.

        Raises:
            RoomInvalid: when the channel is there and holds none.

        """
        folder = self.channel(MANIFEST)
        return manifest_in(folder) if folder.is_dir() else None

    def weights(self) -> Path | None:
        """Return the one file of the channel `weights`, or None where the job has no such channel.

        Raises:
            RoomInvalid: when the channel holds another number of files.

        """
        folder = self.channel(WEIGHTS)
        if not folder.is_dir():
            return None
        files = sorted(file for file in folder.rglob("*") if file.is_file())
        if len(files) != 1:
            named = ", ".join(file.name for file in files) or "nothing"
            raise RoomInvalid(f"{folder}: expected one file of weights, found {named}")
        return files[0]

    def hyperparameters(self) -> dict[str, str]:
        """Return the job's settings; empty where the file is absent.

        Raises:
            RoomInvalid: when the file is not an object of texts.

        """
        found = self._config("hyperparameters")
        if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
            path = self._config_path("hyperparameters")
            raise RoomInvalid(f"{path}: must be an object whose values are all texts, as SageMaker writes it")
        return found

    def resources(self) -> Resources:
        """Return the machines of the job; this one alone where the file is absent.

        Raises:
            RoomInvalid: when the file is not as SageMaker writes it.

        """
        return self._read(TypeAdapter(Resources), "resourceconfig")

    def check_channels(self) -> None:
        """Refuse channels that nothing reads, or that came in a way in which not all of their files are here.

        Raises:
            RoomInvalid: with every complaint.

        """
        channels = self._read(TypeAdapter(dict[str, Channel]), "inputdataconfig")
        complaints = [
            f"channel {name!r} is not known; known are {', '.join(CHANNELS)}"
            for name in sorted(channels)
            if name not in CHANNELS
        ]
        if channels and TRAINING not in channels:
            complaints.append(f"there is no channel {TRAINING!r}, which has the photos")
        if complaints:
            raise RoomInvalid(f"{self._config_path('inputdataconfig')}: " + "; ".join(complaints))

    def _config_path(self, name: str) -> Path:
        return self.base / "input" / "config" / f"{name}.json"

    def _config(self, name: str) -> Any:
        path = self._config_path(name)
        if not path.exists():
            return {}
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise RoomInvalid(f"{path}: not JSON: {error}") from error

    def _read(self, shape: TypeAdapter[_Shape], name: str) -> _Shape:
        try:
            return shape.validate_python(self._config(name))
        except ValidationError as error:
            raise RoomInvalid(f"{self._config_path(name)}: {complaints_of(error)}") from error


def complaints_of(error: ValidationError) -> str:
    """Return every complaint of a schema in one sentence: where, what was expected, what was found."""
    return "; ".join(
        f"{'.'.join(map(str, found['loc']))}: {found['msg'].removeprefix('Value error, ')}, found {found['input']!r}"
        if found["loc"]
        else found["msg"].removeprefix("Value error, ")
        for found in error.errors()
    )


def manifest_in(folder: Path) -> Path:
    """Return the manifest's path in a folder of photos.

    Raises:
        RoomInvalid: when there is none.

    """
    for name in MANIFEST_NAMES:
        if (folder / name).is_file():
            return folder / name
    raise RoomInvalid(f"{folder}: holds no {' and no '.join(MANIFEST_NAMES)}")


def hand_over(package: Path, model: Path) -> None:
    """Move a finished package's files into the folder that SageMaker packs, its manifest last.

    The folder itself stays: it may be a mount, which cannot be replaced.
    """
    empty(model)
    model.mkdir(parents=True, exist_ok=True)
    for file in sorted(package.iterdir(), key=lambda file: file.name == _PACKAGE_LAST):
        shutil.move(file, model / file.name)
    package.rmdir()


def empty(folder: Path) -> None:
    """Remove what a folder holds, and not the folder."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


@contextmanager
def reporting_failure(room: Room) -> Iterator[None]:
    """Write why the body failed to the room's failure file, and let the error go on.

    What it had written of the model goes, so that nothing half done is ever taken for a model.
    """
    room.failure.unlink(missing_ok=True)
    try:
        yield
    except (Exception, Interrupted) as error:
        # A full disk may refuse the very file that says so; the error then still ends the process.
        with suppress(OSError):
            shutil.rmtree(room.packing, ignore_errors=True)
            empty(room.model)
        with suppress(OSError):
            room.failure.parent.mkdir(parents=True, exist_ok=True)
            room.failure.write_text(failure_text(error), encoding="utf-8")
        raise


def failure_text(error: BaseException) -> str:
    """Return why a job failed: a sentence first, and of an error that nobody foresaw the end of its trace."""
    sentence = f"{type(error).__name__}: {error}"
    if is_disk_full(error):
        sentence = f"DiskFull: the disk is full, so nothing more could be written; give the job a larger one ({error})"
    elif not isinstance(error, (TrainingError, Interrupted)):
        trace = "".join(traceback.format_exception(error))
        left = FAILURE_BYTES - len(sentence.encode()) - 2
        sentence += "\n\n" + trace.encode()[-left:].decode(errors="ignore") if left > 0 else ""
    return sentence.encode()[:FAILURE_BYTES].decode(errors="ignore")


def is_disk_full(error: BaseException | None) -> bool:
    """Return whether an error, or what caused it, is that the disk took no more."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
            return True
        if any(words in str(error).lower() for words in _DISK_WORDS):
            return True
        error = error.__cause__ or error.__context__
    return False


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
