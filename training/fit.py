"""Transfer learning in phases: the head first, then more and more of the network, at growing input sizes.

Every epoch ends in a checkpoint, and everything random is drawn from the epoch's number: a run that was
stopped goes on as if it had not been. One loop serves one machine and several, see `workers`.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import keras
import numpy as np
import tensorflow as tf
from sklearn.metrics import log_loss, roc_auc_score

from training.augment import Augmentation, plain_batches, training_batches
from training.checkpoints import Progress, network_file, restored, save, weights_file, write_file
from training.errors import LossNotFinite, RoomInvalid
from training.networks import set_trainable
from training.workers import ALONE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from training.workers import Together

_TICK_S = 30


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
    on_epoch: Callable[[Mapping[str, Any]], None] = lambda _figures: None,
    on_step: Callable[[], None] = lambda: None,
    together: Together = ALONE,
) -> tuple[keras.Model, list[dict[str, Any]]]:
    """Train, or go on training from the last checkpoint, and return the best network with its history.

    Args:
        build: makes the network with its starting weights.
        photos: uint8 (n, side, side, 3), sRGB.
        labels: (n,) class numbers.
        malignant: the class numbers whose probabilities sum to P(malignant).
        rows: which photos train, and which choose.
        settings: see `Fitting`.
        checkpoints: folder of the checkpoints; of several machines only the chief writes, and each reads what its
            own folder held when it was started (SageMaker restores the same files on all of them).
        say: takes one line of progress at a time.
        minutes: of training, earlier runs counted in; an epoch that would pass them is not begun, save the first.
        on_epoch: takes each finished epoch's figures and its number, once its checkpoint is written.
        on_step: called after each step.
        together: the machines that train.

    Returns:
        The float32 network with the mean weights of the epochs of the last phase with the lowest loss on the
        choosing photos (each epoch's an exponential moving average), and one dict an epoch: phase, size, loss
        and accuracy of both sets, malignant AUROC, seconds. A machine that is not the chief gets the network as
        its last step left it.

    Raises:
        LossNotFinite: when the loss is no number any more; the epoch leaves no checkpoint.
        RoomInvalid: when the checkpoints belong to other settings or photos, the machines do not stand at the same
            epoch, or the batch cannot be shared evenly among them.

    """
    _check(settings, rows, together)
    checkpoints.mkdir(parents=True, exist_ok=True)
    progress = restored(checkpoints, _fingerprint(settings, labels, rows))
    keras.mixed_precision.set_dtype_policy(precision_policy(settings.precision))
    keras.utils.set_random_seed(settings.seed)
    train, choose = rows
    weights = class_weights(labels[train], int(labels.max()) + 1, settings.class_weight_power)[labels]
    last = network_file(checkpoints, len(progress.epochs) - 1)
    model = keras.saving.load_model(last) if progress.epochs else build()
    _agree(model, progress, together)
    _see_whole_batches(model, together)
    started, at_start = time.monotonic(), len(progress.epochs)
    step: _Step | None = None

    while progress.phase < len(settings.phases):
        phase = settings.phases[progress.phase]
        if _minutes_after(progress, phase) > minutes:
            say(f"stopped after {len(progress.epochs)} epoch(s): another would pass {minutes:.0f} minutes")
            break
        if progress.epoch_in_phase == 0:
            _begin(model, phase, settings, len(train) // settings.batch)
            step = None
        step = step or _step_of(model, together)
        epoch = len(progress.epochs)
        began = time.monotonic()
        _seed_dropout(model, settings.seed + epoch, together)
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
            part=(together.index, together.count),
        )
        ticker = _Ticker(
            say, f"{phase.name} {progress.epoch_in_phase + 1}/{phase.epochs}", len(train) // settings.batch
        )
        fitted = _learn(step, batches, (lambda *_at: on_step(), ticker.tick), f"epoch {epoch + 1}")
        averaged = _AveragedWeights(model)
        with averaged:
            judged = _judged_by_chief(partial(_judge, model, photos, labels, choose, malignant, phase.size), together)
            if together.is_chief:
                file = weights_file(checkpoints, epoch)
                progress.sha256[file.name] = write_file(file, model.save_weights)
        progress.epochs.append(
            {
                "phase": phase.name,
                "size": phase.size,
                **fitted,
                **{f"val_{name}": value for name, value in judged.items()},
                "seconds": round(time.monotonic() - began, 1),
            }
        )
        progress.epoch_in_phase += 1
        if progress.epoch_in_phase == phase.epochs or _has_stalled(progress, phase, settings.patience):
            averaged.keep()
            progress.phase, progress.epoch_in_phase = progress.phase + 1, 0
        if together.is_chief:
            save(model, progress, checkpoints, _best_epochs(progress, settings))
        on_epoch({"epoch": epoch + 1, **progress.epochs[-1]})
        left_s = _left_s(progress, settings, time.monotonic() - started, at_start)
        say(
            f"epoch {epoch + 1} ({phase.name}, {phase.size} px): loss {fitted['loss']:.3f}, "
            f"validation loss {judged['loss']:.3f}, accuracy {judged['accuracy']:.3f}, "
            f"malignant AUROC {judged['auroc']:.4f}; about {left_s / 60:.0f} min left"
        )

    keras.mixed_precision.set_dtype_policy("float32")
    if together.is_chief:
        files = [weights_file(checkpoints, epoch) for epoch in _best_epochs(progress, settings)]
        model = _mean_network(build, files, with_start=settings.averages_start)
    return model, progress.epochs


def _check(settings: Fitting, rows: tuple[NDArray[np.int64], NDArray[np.int64]], together: Together) -> None:
    if settings.batch % together.count:
        raise RoomInvalid(f"a batch of {settings.batch} photos cannot be shared evenly among {together.count} machines")
    if len(rows[0]) < settings.batch:
        raise RoomInvalid(f"{len(rows[0])} photos that train are fewer than one batch of {settings.batch}")


# Takes a batch's photos, labels and weights; gives its mean loss and its share of right answers.
_Step = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]


def _step_of(model: keras.Model, together: Together) -> _Step:
    """Return one step of the optimizer, compiled: gradients of each machine's share of the batch, summed over all."""

    def local(photos: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            logits = model(photos, training=True)
            # Not `model.compute_loss`, which divides by the number of machines unasked.
            losses = keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
            loss = tf.reduce_mean(losses * weights) / together.count
        right = tf.cast(tf.argmax(logits, axis=1, output_type=labels.dtype) == labels, tf.float32)
        gradients = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
        return [loss, tf.reduce_mean(right) / together.count, *gradients]

    @tf.function  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def step(photos: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        loss, right, *gradients = together.summed(local, photos, labels, weights)
        model.optimizer.apply(gradients, model.trainable_variables)
        return loss, right

    return cast("_Step", step)


def _learn(
    step: _Step, batches: Iterable[tuple[tf.Tensor, ...]], on_step: Sequence[Callable[[int, float], None]], where: str
) -> dict[str, float]:
    """Take the steps of one epoch, and return the means of their losses and accuracies."""
    found = []
    for number, batch in enumerate(batches, start=1):
        loss, right = (float(value) for value in step(*batch))
        if not math.isfinite(loss):
            raise LossNotFinite(
                f"{where}, step {number}: the loss is {loss}. The rate may be too high for the batch; lower it in "
                "`phases`, or take precision float32"
            )
        found.append((loss, right))
        for tell in on_step:
            tell(number, loss)
    loss, accuracy = np.mean(found, axis=0)
    return {"loss": float(loss), "accuracy": float(accuracy)}


def _agree(model: keras.Model, progress: Progress, together: Together) -> None:
    """Give every machine the chief's weights, having seen that all stand at the same epoch."""
    own = len(progress.epochs)
    # The second moment tells apart what an equal sum may hide.
    total, squares = (float(value) for value in together.total([np.array(float(own)), np.array(float(own) ** 2)]))
    if (total, squares) != (own * together.count, own**2 * together.count):
        raise RoomInvalid(
            f"the machines do not stand at the same epoch, this one at {own}: give all of them the chief's checkpoints"
        )
    if together.count == 1:
        return
    variables = [variable for variable in model.variables if variable.dtype.startswith("float")]
    values = [np.asarray(keras.ops.convert_to_numpy(variable), np.float64) for variable in variables]
    for variable, value in zip(variables, together.total([value * together.is_chief for value in values]), strict=True):
        variable.assign(value)


def _see_whole_batches(model: keras.Model, together: Together) -> None:
    """Let batch normalisations take mean and variance over all machines' photos of a step."""
    for layer in _layers_with(model, "synchronized"):
        layer.synchronized = together.count > 1


def _judged_by_chief(judge: Callable[[], dict[str, float]], together: Together) -> dict[str, float]:
    """Return what the chief finds, on all machines: whether a phase ends early must be one answer."""
    found = judge() if together.is_chief else dict.fromkeys(("loss", "accuracy", "auroc"), 0.0)
    values = together.total([np.array(value) for value in found.values()])
    return {name: float(value) for name, value in zip(found, values, strict=True)}


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


def _begin(model: keras.Model, phase: Phase, settings: Fitting, steps: int) -> None:
    set_trainable(model, phase.learns_from)
    warm_up = min(settings.warm_up_steps, steps)
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=phase.learning_rate / 20,
        warmup_target=phase.learning_rate,
        warmup_steps=warm_up,
        decay_steps=max(steps * phase.epochs - warm_up, 1),
        alpha=phase.last_rate_share,
    )
    optimizer = keras.optimizers.AdamW(
        rate,
        weight_decay=settings.weight_decay,
        global_clipnorm=5.0,
        use_ema=True,
        ema_momentum=settings.ema_momentum,
    )
    model.compile(optimizer)


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


class _Ticker:
    """Says every half minute how far an epoch is."""

    def __init__(self, say: Callable[[str], None], what: str, steps: int) -> None:
        self._say, self._what, self._steps = say, what, steps
        self._began = self._said = time.monotonic()

    def tick(self, step: int, loss: float) -> None:
        now = time.monotonic()
        if now - self._said < _TICK_S:
            return
        self._said = now
        left_s = (now - self._began) / step * (self._steps - step)
        self._say(f"  {self._what}: step {step} of {self._steps}, loss {loss:.3f}, {left_s:.0f} s left")


def _seed_dropout(model: keras.Model, seed: int, together: Together) -> None:
    # A checkpoint does not hold the state of dropout's generators, so each epoch begins with states of its own.
    dropouts = _layers_with(model, "seed_generator")
    for number, layer in enumerate(dropouts, start=together.index * len(dropouts)):
        layer.seed_generator.state.assign(np.array([seed, number], dtype="uint32"))


def _layers_with(model: keras.Model, attribute: str) -> list[keras.layers.Layer]:
    """Return the layers that have an attribute, those of networks within the network included."""
    found = []
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            found += _layers_with(layer, attribute)
        elif hasattr(layer, attribute):
            found.append(layer)
    return found


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


def _left_s(progress: Progress, settings: Fitting, spent_s: float, since: int) -> float:
    """Return how long the rest will take, given how long the epochs since one took, if no phase ends early."""
    cost_of = {phase.name: _cost(phase) for phase in settings.phases}
    costs = [cost_of[row["phase"]] for row in progress.epochs]
    total = sum(phase.epochs * cost_of[phase.name] for phase in settings.phases)
    return spent_s / sum(costs[since:]) * max(total - sum(costs), 0)


def _cost(phase: Phase) -> float:
    """Relative cost of an epoch: pixels, and a third for a pass that only goes forward."""
    return phase.size**2 * (1 / 3 if phase.learns_from is None else 1)


def _best_epochs(progress: Progress, settings: Fitting) -> list[int]:
    """Return the epochs with the lowest validation loss, best first, of those of the phase reached so far.

    The loss of all photos' seven diagnoses wavers less from epoch to epoch than the AUROC of a few malignant ones.
    """
    phase, count = progress.epochs[-1]["phase"], settings.averaged_epochs - settings.averages_start
    of_phase = [epoch for epoch, row in enumerate(progress.epochs) if row["phase"] == phase]
    return sorted(of_phase, key=lambda epoch: float(progress.epochs[epoch]["val_loss"]))[:count]


def _mean_network(build: Callable[[], keras.Model], files: Sequence[Path], *, with_start: bool) -> keras.Model:
    """Return a network whose variables are the mean of those in the files, and of those it starts with if asked."""
    # Keras numbers the layers that it names through the whole process: so the file has the same names after a restart.
    keras.utils.clear_session(free_memory=False)
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


def _fingerprint(
    settings: Fitting, labels: NDArray[np.int64], rows: tuple[NDArray[np.int64], NDArray[np.int64]]
) -> str:
    digest = hashlib.sha256(json.dumps(asdict(settings), sort_keys=True).encode())
    for array in (labels, *rows):
        digest.update(np.ascontiguousarray(array, dtype=np.int64).tobytes())
    return digest.hexdigest()
