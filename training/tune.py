"""The search for the tuned CNN's shape: Keras Tuner over its filters, kernel, pooling and number of blocks.

Small photos and few of them make a trial cheap; the shape found then learns from all photos in the comparison. A
search that was stopped goes on with the trial it was in (https://keras.io/keras_tuner).
"""

from __future__ import annotations

import csv
import json
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import keras
import keras_tuner
import numpy as np

from training.augment import plain_batches
from training.convolutional import BLOCKS, FILTERS, KERNELS, POOLS, CnnShape, tuned_cnn
from training.manifest import DIAGNOSES, MALIGNANT, labels_of
from training.run import Folds, read_split
from training.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from training.progress import Bar

_FOLDER, _LOG = "tuner", "trials.json"
_OBJECTIVE = "val_auc"
_COLUMNS = ("trial", "blocks", "filters", "kernel", "pool", "parameters", "minutes", "val_accuracy", "val_auc")


@dataclass(frozen=True)
class Search:
    """How a search is made; a room holds one, and goes on with it only under the same settings."""

    trials: int = 15
    size: int = 64  # side of the photos in pixels
    photos: int = 2000  # of the training photos, drawn once; a quarter as many choose
    epochs: int = 4
    batch: int = 32
    learning_rate: float = 1e-3
    seed: int = 20261122


@dataclass(frozen=True)
class Trial:
    """One shape that was tried."""

    trial: str
    shape: CnnShape
    parameters: int
    minutes: float
    val_accuracy: float
    val_auc: float  # of P(malignant), the best epoch's


@keras.saving.register_keras_serializable(package="dermacast")
class MalignantAuc(keras.metrics.AUC):  # type: ignore[misc]  # Keras has no types
    """AUROC of P(malignant) from logits of the seven diagnoses."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch: class numbers (n,) and logits (n, 7)."""
        columns = [DIAGNOSES.index(code) for code in MALIGNANT]
        probabilities = keras.ops.softmax(keras.ops.cast(y_pred, "float32"))
        truth = sum(keras.ops.cast(keras.ops.equal(y_true, k), "float32") for k in columns)
        super().update_state(truth, sum(probabilities[:, k] for k in columns), sample_weight)


def tune(search: Search, *, data: Path, room: Path, say: Callable[[str], None], bar: Bar) -> list[Trial]:
    """Search, or go on with the search, and return its trials, best first.

    Args:
        search: its settings.
        data: folder of the manifest and its photos.
        room: where the search is kept, and the decoded photos.
        say: takes one line of progress at a time.
        bar: see `run.train`.

    Raises:
        TrainingError: when the photos cannot be used, or the split leaks.

    """
    table, split = read_split(data, Folds())
    with bar("decoding photos", len(table)) as advance:
        stored = open_store(list(table["file"]), room / "store", on_progress=advance)
    random = np.random.default_rng(search.seed)
    labels = labels_of(table)

    def drawn(rows: NDArray[np.int64], count: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        chosen = np.sort(random.permutation(rows)[:count])
        batches = plain_batches(stored, chosen, size=search.size, batch=64)
        return np.concatenate([batch.numpy() for batch in batches]), labels[chosen]

    train = drawn(split.train.index.to_numpy(), search.photos)
    choose = drawn(split.choose.index.to_numpy(), max(search.photos // 4, 1))
    found = searched(search, train, choose, room / _FOLDER, say)
    say(f"best of {len(found)}: {found[0].shape}")
    return found


def searched(
    search: Search,
    train: tuple[NDArray[np.float32], NDArray[np.int64]],
    choose: tuple[NDArray[np.float32], NDArray[np.int64]],
    folder: Path,
    say: Callable[[str], None],
) -> list[Trial]:
    """Search on photos at hand, float32 (n, size, size, 3) in 0..255, and their class numbers; best trial first."""
    tuner = _Tuner(search, folder, say)
    tuner.search(
        *train,
        validation_data=choose,
        epochs=search.epochs,
        batch_size=search.batch,
        verbose=0,
    )
    return trials_in(folder)


def trials_in(folder: Path) -> list[Trial]:
    """Return the finished trials of a search, best first; none where there was no search."""
    log = folder / _LOG
    if not log.exists():
        return []
    found = [Trial(**{**row, "shape": CnnShape(**row["shape"])}) for row in json.loads(log.read_text(encoding="utf-8"))]
    return sorted(found, key=lambda trial: -trial.val_auc)


def best_shape(room: Path) -> CnnShape | None:
    """Return the best shape that a room's search has found so far, or None."""
    found = trials_in(room / _FOLDER)
    return found[0].shape if found else None


def write_log(folder: Path, search: Search, trials: Sequence[Trial]) -> None:
    """Write the search log as `tuning.csv` and `tuning.md`, best trial first."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [_cells(trial) for trial in trials]
    with (folder / "tuning.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([_COLUMNS, *rows])
    said = (
        f"{len(trials)} shapes, drawn at random (seed {search.seed}) from filters {_span(FILTERS)}, kernels "
        f"{_span(KERNELS)}, poolings {_span(POOLS)} and {_span(BLOCKS)} blocks. Each learned from {search.photos:,} "
        f"training photos of {search.size} x {search.size} pixels for {search.epochs} epochs, and was judged by the "
        f"malignant AUROC of its best epoch on {search.photos // 4:,} choosing photos. With one short training each, "
        "neighbours in this table are alike within its noise."
    )
    lines = [
        "# The search for the tuned CNN",
        "",
        said,
        "",
        f"| {' | '.join(_COLUMNS)} |",
        "|---" * len(_COLUMNS) + "|",
        *(f"| {' | '.join(row)} |" for row in rows),
        "",
    ]
    (folder / "tuning.md").write_text("\n".join(lines), encoding="utf-8")


def _span(of: range) -> str:
    return f"{of[0]} to {of[-1]}" + (f" by {of.step}" if of.step > 1 else "")


def _cells(trial: Trial) -> list[str]:
    shape = trial.shape
    return [
        trial.trial,
        *map(str, (shape.blocks, shape.filters, shape.kernel, shape.pool, trial.parameters)),
        f"{trial.minutes:.1f}",
        f"{trial.val_accuracy:.3f}",
        f"{trial.val_auc:.4f}",
    ]


class _Tuner(keras_tuner.RandomSearch):  # type: ignore[misc]  # Keras Tuner has no types
    """Random search that writes each finished trial into a log of our own."""

    def __init__(self, search: Search, folder: Path, say: Callable[[str], None]) -> None:
        self._search, self._log, self._say = search, folder / _LOG, say
        super().__init__(
            self._build,
            objective=keras_tuner.Objective(_OBJECTIVE, "max"),
            max_trials=search.trials,
            seed=search.seed,
            directory=str(folder),
            project_name="search",
            overwrite=False,
        )

    def _build(self, chosen: keras_tuner.HyperParameters) -> keras.Model:
        keras.utils.set_random_seed(self._search.seed)
        model = tuned_cnn(len(DIAGNOSES), _shape(chosen))
        model.compile(
            keras.optimizers.Adam(self._search.learning_rate),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy"), MalignantAuc(name="auc")],
        )
        return model

    def run_trial(self, trial: Any, *photos: Any, **settings: Any) -> Any:
        """Train one shape; returns Keras's history for the oracle."""
        began = time.monotonic()
        model = self.hypermodel.build(trial.hyperparameters)
        history = model.fit(*photos, **settings).history
        best = int(np.argmax(history[_OBJECTIVE]))
        done = Trial(
            trial.trial_id,
            _shape(trial.hyperparameters),
            model.count_params(),
            (time.monotonic() - began) / 60,
            float(history["val_accuracy"][best]),
            float(history[_OBJECTIVE][best]),
        )
        earlier = [row for row in trials_in(self._log.parent) if row.trial != done.trial]
        self._log.parent.mkdir(parents=True, exist_ok=True)
        partial = self._log.with_suffix(".partial")
        partial.write_text(json.dumps([asdict(row) for row in [*earlier, done]], indent=1), encoding="utf-8")
        partial.replace(self._log)
        self._say(f"trial {done.trial}: {done.shape}, malignant AUROC {done.val_auc:.4f}, {done.minutes:.1f} min")
        keras.backend.clear_session()
        return {name: values[best] for name, values in history.items()}


def _shape(chosen: keras_tuner.HyperParameters) -> CnnShape:
    def number(name: str, of: range) -> int:
        return int(chosen.Int(name, of[0], of[-1], step=of.step))

    return CnnShape(
        blocks=number("blocks", BLOCKS),
        filters=number("filters", FILTERS),
        kernel=number("kernel", KERNELS),
        pool=number("pool", POOLS),
    )
