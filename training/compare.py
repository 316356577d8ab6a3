"""Networks side by side: trained or taken, exported, and judged on the same photos by the same rules.

Every network sees pixels and nothing else; the labels come from the diagnosis alone, and the split is refused
where a lesion, a patient or a near-duplicate straddles it.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime
from sklearn.metrics import average_precision_score

from functions.triage.pixels import square_pixels
from functions.triage.scorer import load_scorer, malignant_probability, softmax
from training.calibrate import calibration_of
from training.card import file_sha256, snapshot_sha256
from training.evaluate import answers_of, lesions_of
from training.metrics import (
    auroc_interval,
    balanced_accuracy,
    expected_calibration_error,
    macro_auroc_interval,
    partial_auroc,
    sensitivity_at_specificity,
)
from training.run import Folds, near_duplicates, read_split
from training.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from functions.triage.card import Interval
    from training.architectures import Architecture
    from training.progress import Bar
    from training.protocols import Protocol
    from training.splits import Split

# Fewer photos of either kind make an AUROC that says nothing.
LEAST_OF_A_KIND = 10
_TIMED_PHOTOS = 40
_PARITY_PHOTOS = 32
_SHIPPED = "inception_v3"
_MODEL, _TRAINED, _ANSWERS = "model.onnx", "trained.json", "answers.npz"


@dataclass(frozen=True)
class Trained:
    """A network that is ready to be judged."""

    network: str
    title: str
    start: str
    stored: str  # how its ONNX file holds the kernels
    size: int  # side of the input in pixels
    parameters: int
    history: list[dict[str, Any]]

    @property
    def minutes(self) -> float:
        """Of training, as each epoch was timed."""
        return float(sum(row["seconds"] for row in self.history)) / 60


@dataclass(frozen=True)
class Figures:
    """What calibrated probabilities reached on one set of photos, in the ISIC scorer's names where it has them."""

    accuracy: float
    balanced_accuracy: float
    auc: dict[str, Interval]
    pauc_80: float
    ap: float
    sensitivity_at_specificity_90: float
    expected_calibration_error: float
    brier: float


@dataclass(frozen=True)
class Judged:
    """A network and what its ONNX file reached."""

    trained: Trained
    figures: Figures
    by_origin: dict[str, Interval]
    milliseconds: float  # median of one photo, one thread
    megabytes: float


@dataclass(frozen=True)
class Counts:
    """How many photos and lesions a set holds; photos of one lesion never count as several."""

    photos: int
    lesions: int
    positive: int  # photos


@dataclass(frozen=True)
class Comparison:
    """Every network that could be judged, and why each other one could not."""

    protocol: Protocol
    counts: dict[str, Counts]
    judged: list[Judged]
    absent: dict[str, str]


def compare(
    protocol: Protocol,
    networks: Sequence[str],
    *,
    data: Path,
    room: Path,
    package: Path,
    weights: str | None,
    minutes: float,
    may_train: bool,
    say: Callable[[str], None],
    bar: Bar,
) -> Comparison:
    """Train what is not trained yet, judge every network, and return the comparison.

    Args:
        protocol: the question and its settings.
        networks: keys of `ARCHITECTURES`.
        data: folder of the manifest and its photos.
        room: each network's checkpoints, model and answers lie in a folder of their own below.
        package: the shipped model; it stands for InceptionV3 where it learned from these very photos and folds.
        weights: `imagenet` (what Keras downloads), a folder of weight files, or None for random weights.
        minutes: that a network may train.
        may_train: or judge only what is trained.
        say: takes one line of progress at a time.
        bar: see `run.train`.

    Raises:
        TrainingError: with what has to be mended.

    """
    table, dealt = read_split(data, Folds())
    split = protocol.split(dealt, near_duplicates(data))
    ready: list[tuple[Trained, Path]] = []
    absent: dict[str, str] = {}
    for network in networks:
        folder = room / protocol.name / network
        if protocol.name == "folds" and network == _SHIPPED and _fits(package, table):
            ready.append((_of_package(package), package / _MODEL))
        elif (folder / _TRAINED).exists():
            ready.append((_read(folder), folder / _MODEL))
        elif not may_train:
            absent[network] = "not trained yet"
        elif reason := _train(network, protocol, table, split, folder, room, weights, minutes, say, bar):
            absent[network] = reason
        else:
            ready.append((_read(folder), folder / _MODEL))
    judged = []
    for trained, model in ready:
        folder = room / protocol.name / trained.network
        answers = _answers(trained, model, split, folder, bar)
        judged.append(_judge(trained, model, split, protocol, *answers))
    sets = {"train": split.train, "choose": split.choose, "test": split.test}
    counts = {name: _counts(part, protocol) for name, part in sets.items()}
    return Comparison(protocol, counts, judged, absent)


def figures_of(
    probabilities: NDArray[np.float64], labels: NDArray[np.int64], lesions: NDArray[np.str_], protocol: Protocol
) -> Figures:
    """Return every figure of one set of photos.

    Args:
        probabilities: calibrated, (n, classes).
        labels: (n,) class numbers; of a class that is absent there is no AUROC, and no macro AUROC then.
        lesions: (n,) lesion names; intervals are resampled by them.
        protocol: says which classes are positive.

    """
    columns = [protocol.classes.index(code) for code in protocol.positive]
    truth, score = np.isin(labels, columns), malignant_probability(probabilities, columns)
    auc = {protocol.score: auroc_interval(truth, score, lesions)}
    for code in ("mel", "bcc"):
        k = protocol.classes.index(code) if code in protocol.classes else -1
        if k in labels:
            auc[code] = auroc_interval(labels == k, probabilities[:, k], lesions)
    # Of two classes, one says it all.
    if len(set(labels.tolist())) == len(protocol.classes) > 2:  # noqa: PLR2004
        auc["macro"] = macro_auroc_interval(
            labels[:, np.newaxis] == np.arange(len(protocol.classes)), probabilities, lesions
        )
    predicted = probabilities.argmax(axis=1)
    return Figures(
        accuracy=float((predicted == labels).mean()),
        balanced_accuracy=balanced_accuracy(labels, predicted),
        auc=auc,
        pauc_80=partial_auroc(truth, score),
        ap=float(average_precision_score(truth, score)),
        sensitivity_at_specificity_90=sensitivity_at_specificity(truth, score),
        expected_calibration_error=expected_calibration_error(truth, score),
        brier=float(((score - truth) ** 2).mean()),
    )


def by_origin(
    score: NDArray[np.float64], truth: NDArray[np.bool_], lesions: NDArray[np.str_], origins: NDArray[np.str_]
) -> dict[str, Interval]:
    """Return the AUROC on the photos of each origin that has at least `LEAST_OF_A_KIND` photos of either kind."""
    found = {}
    for origin in sorted(set(origins)):
        here = origins == origin
        if min(truth[here].sum(), (~truth[here]).sum()) >= LEAST_OF_A_KIND:
            found[str(origin)] = auroc_interval(truth[here], score[here], lesions[here])
    return found


def _train(
    network: str,
    protocol: Protocol,
    table: pd.DataFrame,
    split: Split,
    folder: Path,
    room: Path,
    weights: str | None,
    minutes: float,
    say: Callable[[str], None],
    bar: Bar,
) -> str:
    """Train, export and describe a network in its folder; return why not, or nothing."""
    import keras

    from training.architectures import ARCHITECTURES
    from training.export import export_plain
    from training.fit import fit
    from training.tune import best_shape

    architecture = ARCHITECTURES[network]
    shape = best_shape(room) if architecture.needs_search else None
    if architecture.needs_search and shape is None:
        return "no search has found its shape yet: python -m training tune"
    settings = protocol.settings(architecture)
    size = settings.phases[-1].size
    start = architecture.start(weights, shape)
    with bar("decoding photos", len(table)) as advance:
        photos = open_store(list(table["file"]), room / "store", on_progress=advance)
    say(f"{protocol.name}: {architecture.title}, {len(split.train):,} photos")
    model, history = fit(
        lambda: architecture.build(len(protocol.classes), size, start),
        photos,
        protocol.labels(table),
        [protocol.classes.index(code) for code in protocol.positive],
        (split.train.index.to_numpy(), split.choose.index.to_numpy()),
        settings,
        folder / "checkpoints",
        say,
        minutes=minutes,
    )
    size = int(history[-1]["size"])
    shown = [square_pixels(Path(file).read_bytes(), size) for file in split.choose["file"].iloc[:_PARITY_PHOTOS]]
    export_plain(model, size, np.stack(shown), folder / _MODEL)
    trained = Trained(
        network, architecture.title, _start_of(architecture, start), "float32", size, model.count_params(), history
    )
    (folder / _TRAINED).write_text(json.dumps(asdict(trained), indent=1), encoding="utf-8")
    keras.backend.clear_session()
    return ""


def _start_of(architecture: Architecture, start: Any) -> str:
    if architecture.needs_search:
        shape = start.shape
        return (
            f"random; {shape.blocks} blocks, {shape.filters} filters, {shape.kernel}x{shape.kernel}, pooling "
            f"{shape.pool}"
        )
    if start.weights is None:
        return "random: its ImageNet weights were not at hand" if architecture.keras_has_weights else "random"
    return "ImageNet"


def _read(folder: Path) -> Trained:
    return Trained(**json.loads((folder / _TRAINED).read_text(encoding="utf-8")))


def _fits(package: Path, table: pd.DataFrame) -> bool:
    """Return whether the package learned from these rows in these folds."""
    if not (package / _MODEL).exists():
        return False
    data = load_scorer(package).card.data
    asked = {name: list(numbers) for name, numbers in asdict(Folds()).items()}
    return data.snapshot_sha256 == snapshot_sha256(table) and data.folds == asked


def _of_package(package: Path) -> Trained:
    from training.architectures import ARCHITECTURES, Start

    card = load_scorer(package).card
    history = json.loads((package / "report.json").read_text(encoding="utf-8"))["history"]
    architecture = ARCHITECTURES[_SHIPPED]
    network = architecture.build(len(card.classes), card.input_size, Start())
    stored = f"as shipped, one view, {card.version}"
    return Trained(_SHIPPED, architecture.title, "ImageNet", stored, card.input_size, network.count_params(), history)


def _answers(
    trained: Trained, model: Path, split: Split, folder: Path, bar: Bar
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the ONNX file's logits of the choosing and the test photos, kept for the next time."""
    digest = hashlib.sha256(file_sha256(model).encode())
    for part in (split.choose, split.test):
        digest.update("\n".join(part["image_name"]).encode())
    kept = folder / _ANSWERS
    if kept.exists():
        with np.load(kept) as stored:
            if str(stored["key"]) == digest.hexdigest():
                return stored["choose"], stored["test"]
    session = _session(model, threads=2)
    found = []
    for part in (split.choose, split.test):
        with bar(f"{trained.title}: scoring photos", len(part)) as advance:
            found.append(answers_of(lambda x: _logits(session, x), trained.size, list(part["file"]), advance))
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(kept, key=digest.hexdigest(), choose=found[0], test=found[1])
    return found[0], found[1]


def _judge(
    trained: Trained,
    model: Path,
    split: Split,
    protocol: Protocol,
    chosen: NDArray[np.float32],
    tested: NDArray[np.float32],
) -> Judged:
    calibration = calibration_of(chosen, protocol.labels(split.choose))
    probabilities = softmax(tested.astype(np.float64) / calibration.temperature + np.array(calibration.biases))
    labels, lesions = protocol.labels(split.test), lesions_of(split.test)
    columns = [protocol.classes.index(code) for code in protocol.positive]
    return Judged(
        trained,
        figures_of(probabilities, labels, lesions, protocol),
        by_origin(
            malignant_probability(probabilities, columns),
            np.isin(labels, columns),
            lesions,
            split.test["origin"].to_numpy(str),
        ),
        _milliseconds(model, trained.size, list(split.test["file"].iloc[:_TIMED_PHOTOS])),
        model.stat().st_size / 1e6,
    )


def _milliseconds(model: Path, size: int, files: Sequence[str]) -> float:
    """Return the median time of one photo through the file, pixels ready, one thread."""
    session = _session(model, threads=1)
    taken = []
    for file in files:
        photo = square_pixels(Path(file).read_bytes(), size)[np.newaxis]
        began = time.perf_counter()
        _logits(session, photo)
        taken.append(time.perf_counter() - began)
    return 1000 * float(np.median(taken)) if taken else math.nan


def _session(model: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def _logits(session: onnxruntime.InferenceSession, photos: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.asarray(session.run(["logits"], {"photo": photos.astype(np.float32)})[0], np.float32)


def _counts(part: pd.DataFrame, protocol: Protocol) -> Counts:
    columns = [protocol.classes.index(code) for code in protocol.positive]
    return Counts(len(part), len(set(lesions_of(part))), int(np.isin(protocol.labels(part), columns).sum()))
