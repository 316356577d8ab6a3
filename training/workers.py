"""Several machines that train one network: who they are, what they tell each other, and who watches over each.

The network, its optimizer and its checkpoints are the same on each machine and know nothing of the others; what goes
between them, through `tf.distribute.MultiWorkerMirroredStrategy`, is the sum of each step's gradients. So one loop
serves one machine and many. (Keras's own `fit` does not run under that strategy: keras-team/keras issue 20585.)
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from training.errors import WorkerLost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from training.job import Resources

# Any free one does; SageMaker lets the machines of a job reach each other on all.
PORT = 7777
# SageMaker sends SIGKILL two minutes after SIGTERM.
GRACE_S = 60.0
_LOOK_S = 0.2
_GOES_ON = "The job goes on from the last finished epoch when all of its machines are started again"


class Together(Protocol):
    """The machines that train one network, as one of them sees it."""

    @property
    def index(self) -> int:
        """Which of them this one is."""

    @property
    def count(self) -> int:
        """How many they are."""

    @property
    def is_chief(self) -> bool:
        """Whether this one judges and writes for all."""

    def summed(self, local: Callable[..., list[Any]], *batch: Any) -> list[Any]:
        """Return the sums over all machines of what `local` makes of each one's batch, tensors in and out."""

    def total(self, values: Sequence[NDArray[np.floating[Any]]]) -> list[NDArray[np.float64]]:
        """Return the sums over all machines of some arrays, which have equal shapes everywhere."""


class _Alone:
    index, count, is_chief = 0, 1, True

    def summed(self, local: Callable[..., list[Any]], *batch: Any) -> list[Any]:
        return local(*batch)

    def total(self, values: Sequence[NDArray[np.floating[Any]]]) -> list[NDArray[np.float64]]:
        return [np.asarray(value, np.float64) for value in values]


ALONE: Together = _Alone()


class _Joint:
    def __init__(self, resources: Resources, strategy: Any) -> None:
        import tensorflow as tf

        self.index, self.count = resources.index, len(resources.hosts)
        self.is_chief = self.index == 0
        self._strategy = strategy

        def sums(*values: Any) -> list[Any]:
            # What comes from outside has no device yet, and the strategy asks for one.
            return self.summed(lambda *own: [tf.identity(value) for value in own], *values)

        self._sums = tf.function(sums, autograph=False)  # traced once for each set of shapes

    def summed(self, local: Callable[..., list[Any]], *batch: Any) -> list[Any]:
        import tensorflow as tf

        def reduced(*arguments: Any) -> Any:
            return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, local(*arguments))

        return list(self._strategy.run(reduced, args=batch))

    def total(self, values: Sequence[NDArray[np.floating[Any]]]) -> list[NDArray[np.float64]]:
        import tensorflow as tf

        if not values:  # which the strategy does not take
            return []
        return [np.asarray(value) for value in self._sums(*(tf.constant(value, tf.float64) for value in values))]


def tf_config(resources: Resources) -> str:
    """Return the value of TF_CONFIG for this machine: the others' addresses, and which it is.

    TensorFlow guide, "Distributed training with TensorFlow", section "Setting up the TF_CONFIG environment variable".
    """
    addresses = [host if ":" in host else f"{host}:{PORT}" for host in sorted(resources.hosts)]
    return json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": resources.index}})


def joined(resources: Resources) -> Together:
    """Meet the other machines, waiting for them; call it before anything else of TensorFlow.

    TF_CONFIG must be set (see `tf_config`).
    """
    import tensorflow as tf

    options = tf.distribute.experimental.CommunicationOptions(
        implementation=tf.distribute.experimental.CommunicationImplementation.RING
    )
    strategy = tf.distribute.MultiWorkerMirroredStrategy(communication_options=options)
    return _Joint(resources, strategy)


@contextmanager
def naming_losses(together: Together) -> Iterator[None]:
    """Word what TensorFlow says when another machine is gone, where there are others.

    Raises:
        WorkerLost: for such an error.

    """
    import tensorflow as tf

    try:
        yield
    except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError) as error:
        if together.count == 1:
            raise
        raise WorkerLost(f"another machine of the job is gone. {_GOES_ON}") from error


def watched(
    command: Sequence[str],
    environment: Mapping[str, str],
    alive: Path,
    *,
    stall_s: float,
    grace_s: float = GRACE_S,
) -> int:
    """Run a command that waits for other machines, and end it when it waits for ever.

    A machine whose peer is gone sits in the collective for good and hears no SIGTERM: only SIGKILL ends it.

    Args:
        command: what learns; it touches `alive` at each step, and at each word of progress.
        environment: of it.
        alive: the file.
        stall_s: seconds without a touch after which it is ended.
        grace_s: seconds that it has after SIGTERM.

    Returns:
        Its exit status.

    Raises:
        WorkerLost: when it had to be ended, or died of a signal of its own.

    """
    alive.parent.mkdir(parents=True, exist_ok=True)
    alive.touch()
    process = subprocess.Popen(command, env=dict(environment))  # noqa: S603 - our own command line
    try:
        while process.poll() is None:
            _look(alive, stall_s)
            time.sleep(_LOOK_S)
    except BaseException:
        _end(process, grace_s)
        raise
    if process.returncode < 0:
        name = signal.Signals(-process.returncode).name
        raise WorkerLost(
            f"the process that learns died of {name}, as it does when another machine of the job is gone or memory "
            f"runs out. {_GOES_ON}"
        )
    return process.returncode


def _look(alive: Path, stall_s: float) -> None:
    if time.time() - alive.stat().st_mtime > stall_s:
        raise WorkerLost(f"nothing went on for {stall_s:.0f} s: another machine of the job is gone. {_GOES_ON}")


def _end(process: subprocess.Popen[bytes], grace_s: float) -> None:
    process.terminate()
    try:
        process.wait(grace_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def environment_of(resources: Resources) -> dict[str, str]:
    """Return the environment of the process that learns on one of several machines."""
    return {**os.environ, "TF_CONFIG": tf_config(resources), "TRAINING_SUPERVISED": "1"}
