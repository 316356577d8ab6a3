"""Transfer learning in phases: the head first, then more and more of the network, at growing input sizes.

Every epoch ends in a checkpoint, and everything random is drawn from the epoch's number: a run that was
stopped goes on as if it had not been.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from sklearn.metrics import log_loss, roc_auc_score

from training.augment import Augmentation, plain_batches, training_batches
from training.errors import RoomInvalid
from training.networks import set_trainable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

_TICK_S = 30
_LATEST, _STATE = "latest.keras", "state.json"


@dataclass(frozen=True)
class Phase:
    """A stretch of training with one input size, one set of layers that learn, and one cosine of the rate."""

    name: str
    size: int
    epochs: int
    learning_rate: float
    last_rate_share: float  # of the learning rate, where the cosine ends
    learns_from: str | None  # see `networks.set_trainable`


PHASES = (
    Phase("head", 160, 1, 1e-3, 1.0, None),
    Phase("small", 160, 5, 3e-4, 0.3, "all"),
    Phase("full", 224, 9, 2.5e-4, 0.01, "mixed2"),
    Phase("again", 224, 3, 1e-4, 0.01, "mixed2"),
    Phase("steady", 224, 3, 1.5e-4, 0.01, "mixed2"),
)


@dataclass(frozen=True)
class Fitting:
    """What a fit is made of; two fits with equal settings, photos and machine give equal weights."""

    phases: tuple[Phase, ...] = PHASES
    batch: int = 32
    weight_decay: float = 0.02
    warm_up_steps: int = 100
    ema_momentum: float = 0.998
    averaged_epochs: int = 3  # whose weights make the network (Izmailov 2018, arXiv 1803.05407)
    averages_start: bool = False  # whether what it started from is one of them (Wortsman 2022, arXiv 2109.01903)
    class_weight_power: float = 0.5  # weight ~ frequency ** -power; 0 is none, 1 is full balance
    patience: int = 4  # epochs of a phase without a better AUROC before the phase ends early
    seed: int = 20261122
    precision: str = "auto"
    augmentation: Augmentation = field(default_factory=Augmentation)


@dataclass
class Progress:
    """Where a fit stands; written after each epoch."""

    fingerprint: str
    phase: int = 0
    epoch_in_phase: int = 0
    epochs: list[dict[str, Any]] = field(default_factory=list)


def class_weights(labels: NDArray[np.int64], classes: int, power: float) -> NDArray[np.float32]:
    """Return one weight a class, frequency ** -power, with mean 1 over the photos; 0 for absent classes."""
    counts = np.bincount(labels, minlength=classes).astype(np.float64)
    weights = np.where(counts > 0, np.maximum(counts, 1) ** -power, 0.0)
    return np.asarray(weights * counts.sum() / (weights * counts).sum(), np.float32)


def precision_policy(precision: str) -> str:
    """Return the Keras dtype policy: bfloat16 where the processor computes in it, else float32."""
    if precision != "auto":
        return precision
    flags = Path("/proc/cpuinfo")
    has_bfloat16 = flags.exists() and "_bf16" in flags.read_text(encoding="utf-8")
    return "mixed_bfloat16" if has_bfloat16 else "float32"


def fit(
    build: Callable[[], keras.Model],
    photos: NDArray[np.uint8],
    labels: NDArray[np.int64],
    malignant: Sequence[int],
    rows: tuple[NDArray[np.int64], NDArray[np.int64]],
    settings: Fitting,
    checkpoints: Path,
    say: Callable[[str], None],
    *,
    minutes: float = math.inf,
) -> tuple[keras.Model, list[dict[str, Any]]]:
    """Train, or go on training from the last checkpoint, and return the best network with its history.

    Args:
        build: makes the network with its starting weights.
        photos: uint8 (n, side, side, 3), sRGB.
        labels: (n,) class numbers.
        malignant: the class numbers whose probabilities sum to P(malignant).
        rows: which photos train, and which choose.
        settings: see `Fitting`.
        checkpoints: folder of the checkpoints.
        say: takes one line of progress at a time.
        minutes: of training, earlier runs counted in; an epoch that would pass them is not begun, save the first.

    Returns:
        The float32 network with the mean weights of the epochs of the last phase with the lowest loss on the
        choosing photos (each epoch's an exponential moving average), and one dict an epoch: phase, size, loss
        and accuracy of both sets, malignant AUROC, seconds.

    Raises:
        RoomInvalid: when the checkpoints belong to other settings or photos.

    """
    checkpoints.mkdir(parents=True, exist_ok=True)
    progress = _resume(checkpoints, _fingerprint(settings, labels, rows))
    keras.mixed_precision.set_dtype_policy(precision_policy(settings.precision))
    keras.utils.set_random_seed(settings.seed)
    train, choose = rows
    weights = class_weights(labels[train], int(labels.max()) + 1, settings.class_weight_power)[labels]
    model = keras.saving.load_model(checkpoints / _LATEST) if progress.epochs else build()
    started, at_start = time.monotonic(), len(progress.epochs)
    cost_of = {phase.name: _cost(phase) for phase in settings.phases}
    total_cost = sum(phase.epochs * cost_of[phase.name] for phase in settings.phases)

    while progress.phase < len(settings.phases):
        phase = settings.phases[progress.phase]
        if _minutes_after(progress, phase) > minutes:
            say(f"stopped after {len(progress.epochs)} epoch(s): another would pass {minutes:.0f} minutes")
            break
        if progress.epoch_in_phase == 0:
            set_trainable(model, phase.learns_from)
            _compile(model, phase, settings, len(train) // settings.batch)
        epoch = len(progress.epochs)
        began = time.monotonic()
        _seed_dropout(model, settings.seed + epoch)
        order = np.random.default_rng((settings.seed, epoch)).permutation(train)
        batches = training_batches(
            photos,
            labels,
            weights,
            order,
            size=phase.size,
            batch=settings.batch,
            seed=settings.seed + epoch,
            how=settings.augmentation,
        )
        ticker = _Ticker(
            say, f"{phase.name} {progress.epoch_in_phase + 1}/{phase.epochs}", len(order) // settings.batch
        )
        fitted = model.fit(batches, epochs=1, shuffle=False, verbose=0, callbacks=[ticker]).history
        averaged = _AveragedWeights(model)
        with averaged:
            judged = _judge(model, photos, labels, choose, malignant, phase.size)
            model.save_weights(_weights_of(checkpoints, epoch))
        progress.epochs.append(
            {
                "phase": phase.name,
                "size": phase.size,
                "loss": float(fitted["loss"][-1]),
                "accuracy": float(fitted["accuracy"][-1]),
                **{f"val_{name}": value for name, value in judged.items()},
                "seconds": round(time.monotonic() - began, 1),
            }
        )
        progress.epoch_in_phase += 1
        if progress.epoch_in_phase == phase.epochs or _has_stalled(progress, phase, settings.patience):
            averaged.keep()
            progress.phase, progress.epoch_in_phase = progress.phase + 1, 0
        best = _best_epochs(progress, settings.averaged_epochs - settings.averages_start)
        _save(model, progress, checkpoints, best)
        costs = [cost_of[row["phase"]] for row in progress.epochs]
        left_s = (time.monotonic() - started) / sum(costs[at_start:]) * max(total_cost - sum(costs), 0)
        say(
            f"epoch {epoch + 1} ({phase.name}, {phase.size} px): loss {fitted['loss'][-1]:.3f}, "
            f"validation loss {judged['loss']:.3f}, accuracy {judged['accuracy']:.3f}, "
            f"malignant AUROC {judged['auroc']:.4f}; about {left_s / 60:.0f} min left"
        )

    keras.mixed_precision.set_dtype_policy("float32")
    best = _best_epochs(progress, settings.averaged_epochs - settings.averages_start)
    files = [_weights_of(checkpoints, epoch) for epoch in best]
    return _mean_network(build, files, with_start=settings.averages_start), progress.epochs


def predict_logits(
    model: keras.Model, photos: NDArray[np.uint8], rows: NDArray[np.int64], size: int
) -> NDArray[np.float32]:
    """Return (len(rows), classes) logits of the given photos at the given input size."""
    return np.asarray(model.predict(plain_batches(photos, rows, size=size, batch=64), verbose=0), np.float32)


def _judge(
    model: keras.Model,
    photos: NDArray[np.uint8],
    labels: NDArray[np.int64],
    rows: NDArray[np.int64],
    malignant: Sequence[int],
    size: int,
) -> dict[str, float]:
    logits = predict_logits(model, photos, rows, size).astype(np.float64)
    probabilities = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    truth = labels[rows]
    return {
        "loss": float(log_loss(truth, probabilities, labels=range(probabilities.shape[1]))),
        "accuracy": float((probabilities.argmax(axis=1) == truth).mean()),
        "auroc": float(roc_auc_score(np.isin(truth, malignant), probabilities[:, list(malignant)].sum(axis=1))),
    }


def _compile(model: keras.Model, phase: Phase, settings: Fitting, steps: int) -> None:
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=phase.learning_rate / 20,
        warmup_target=phase.learning_rate,
        warmup_steps=min(settings.warm_up_steps, steps),
        decay_steps=max(steps * phase.epochs - settings.warm_up_steps, 1),
        alpha=phase.last_rate_share,
    )
    optimizer = keras.optimizers.AdamW(
        rate,
        weight_decay=settings.weight_decay,
        global_clipnorm=5.0,
        use_ema=True,
        ema_momentum=settings.ema_momentum,
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")])


class _AveragedWeights:
    """Within it, the network carries the moving average of its weights; afterwards, again its own."""

    def __init__(self, model: keras.Model) -> None:
        self._model = model

    def __enter__(self) -> None:
        self._own = [keras.ops.convert_to_numpy(variable).copy() for variable in self._model.trainable_variables]
        self.keep()

    def __exit__(self, *_exception: object) -> None:
        for variable, value in zip(self._model.trainable_variables, self._own, strict=True):
            variable.assign(value)

    def keep(self) -> None:
        self._model.optimizer.finalize_variable_values(self._model.trainable_variables)


class _Ticker(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Says every half minute how far an epoch is."""

    def __init__(self, say: Callable[[str], None], what: str, steps: int) -> None:
        super().__init__()
        self._say, self._what, self._steps = say, what, steps
        self._began = self._said = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        now = time.monotonic()
        if now - self._said < _TICK_S:
            return
        self._said = now
        left_s = (now - self._began) / (batch + 1) * (self._steps - batch - 1)
        loss = (logs or {}).get("loss", float("nan"))
        self._say(f"  {self._what}: step {batch + 1} of {self._steps}, loss {loss:.3f}, {left_s:.0f} s left")


def _seed_dropout(model: keras.Model, seed: int) -> None:
    # A checkpoint does not hold the state of dropout's generators, so each epoch begins with states of its own.
    dropouts = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    for number, layer in enumerate(dropouts):
        layer.seed_generator.state.assign(np.array([seed, number], dtype="uint32"))


def _has_stalled(progress: Progress, phase: Phase, patience: int) -> bool:
    of_phase = [row["val_auroc"] for row in progress.epochs if row["phase"] == phase.name]
    return len(of_phase) - 1 - int(np.argmax(of_phase)) >= patience


def _minutes_after(progress: Progress, phase: Phase) -> float:
    """Return how long the training will have taken with one more epoch of the phase; 0 before the first."""
    if not progress.epochs:
        return 0.0
    spent_s: float = sum(row["seconds"] for row in progress.epochs)
    last_s: float = progress.epochs[-1]["seconds"] * (phase.size / progress.epochs[-1]["size"]) ** 2
    return (spent_s + last_s) / 60


def _cost(phase: Phase) -> float:
    """Relative cost of an epoch: pixels, and a third for a pass that only goes forward."""
    return phase.size**2 * (1 / 3 if phase.learns_from is None else 1)


def _best_epochs(progress: Progress, count: int) -> list[int]:
    """Return the epochs with the lowest validation loss, best first, of those of the phase reached so far.

    The loss of all photos' seven diagnoses wavers less from epoch to epoch than the AUROC of a few malignant ones.
    """
    phase = progress.epochs[-1]["phase"]
    of_phase = [epoch for epoch, row in enumerate(progress.epochs) if row["phase"] == phase]
    return sorted(of_phase, key=lambda epoch: float(progress.epochs[epoch]["val_loss"]))[:count]


def _weights_of(checkpoints: Path, epoch: int) -> Path:
    return checkpoints / f"epoch-{epoch + 1:02d}.weights.h5"


def _mean_network(build: Callable[[], keras.Model], files: Sequence[Path], *, with_start: bool) -> keras.Model:
    """Return a network whose variables are the mean of those in the files, and of those it starts with if asked."""
    network = build()
    sets = [_values(network)] if with_start else []
    for file in files:
        network.load_weights(file)
        sets.append(_values(network))
    for weight, *values in zip(network.weights, *sets, strict=True):
        weight.assign(np.mean(values, axis=0).astype(weight.dtype))
    return network


def _values(network: keras.Model) -> list[NDArray[np.float64]]:
    return [np.asarray(keras.ops.convert_to_numpy(weight), np.float64) for weight in network.weights]


def _save(model: keras.Model, progress: Progress, checkpoints: Path, best: Sequence[int]) -> None:
    partial = checkpoints / f"partial-{_LATEST}"
    model.save(partial)
    partial.rename(checkpoints / _LATEST)
    state = checkpoints / f"partial-{_STATE}"
    state.write_text(json.dumps(asdict(progress), indent=1), encoding="utf-8")
    state.replace(checkpoints / _STATE)
    kept = {_weights_of(checkpoints, epoch) for epoch in best}
    for file in set(checkpoints.glob("epoch-*.weights.h5")) - kept:
        file.unlink()


def _resume(checkpoints: Path, fingerprint: str) -> Progress:
    state = checkpoints / _STATE
    if not state.exists():
        return Progress(fingerprint)
    progress = Progress(**json.loads(state.read_text(encoding="utf-8")))
    if progress.fingerprint != fingerprint:
        raise RoomInvalid(
            f"{checkpoints}: belongs to a run with other settings or photos; delete it or use another room"
        )
    return progress


def _fingerprint(
    settings: Fitting, labels: NDArray[np.int64], rows: tuple[NDArray[np.int64], NDArray[np.int64]]
) -> str:
    digest = hashlib.sha256(json.dumps(asdict(settings), sort_keys=True).encode())
    for array in (labels, *rows):
        digest.update(np.ascontiguousarray(array, dtype=np.int64).tobytes())
    return digest.hexdigest()
