"""One function over many items, on all processors; one item that fails is reported, and the others stand."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Item = TypeVar("Item")
Result = TypeVar("Result")
# One thread a process: the processes already use every processor, and sums stay the same to the bit.
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NIXTLA_NUM_THREADS")


@dataclass(frozen=True)
class Failure:
    """An item that gave no result, and why."""

    reason: str


@dataclass(frozen=True)
class _Guarded(Generic[Item, Result]):
    function: Callable[[Item], Result]

    def __call__(self, item: Item) -> Result | Failure:
        try:
            return self.function(item)
        except Exception as error:
            return Failure(f"{type(error).__name__}: {error}")


def processors() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def each(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    workers: int = 1,
    done: Callable[[int], None] = lambda _: None,
) -> list[Result | Failure]:
    """Return one result an item, in the order of the items, whatever the number of workers.

    Args:
        function: of a module, so that another process can find it; it must depend on its item alone.
        items: to be sent to the processes.
        workers: processes; 1 runs in this one.
        done: is told how many items are done.

    Returns:
        Results; `Failure` for an item that raised, or whose process died.

    """
    guarded = _Guarded(function)
    found: list[Result | Failure | None] = [None] * len(items)
    if workers <= 1:
        for number, item in enumerate(items):
            found[number] = guarded(item)
            done(number + 1)
        return [one for one in found if one is not None]
    _one_thread()
    waiting = deque(range(len(items)))
    while waiting:
        # A process that dies takes its pool with it: whoever was in hand is tried again, one at a time.
        suspects = deque(_run(guarded, items, waiting, workers, 2 * workers, found, done))
        while suspects:
            for number in _run(guarded, items, suspects, 1, 1, found, done):
                found[number] = Failure("the process that worked on it died")
                done(_finished(found))
    return [one if one is not None else Failure("no result") for one in found]


def _run(
    guarded: _Guarded[Item, Result],
    items: Sequence[Item],
    waiting: deque[int],
    workers: int,
    most_in_hand: int,
    found: list[Result | Failure | None],
    done: Callable[[int], None],
) -> list[int]:
    """Work through `waiting`; return the items that were in hand when a process died."""
    in_hand: dict[Future[Result | Failure], int] = {}
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        try:
            while waiting or in_hand:
                while waiting and len(in_hand) < most_in_hand:
                    in_hand[pool.submit(guarded, items[waiting[0]])] = waiting[0]
                    waiting.popleft()
                finished, _ = wait(in_hand, return_when=FIRST_COMPLETED)
                for future in finished:
                    found[in_hand[future]] = future.result()
                    del in_hand[future]
                    done(_finished(found))
        except BrokenProcessPool:
            return sorted(number for number in in_hand.values() if found[number] is None)
    return []


def _finished(found: Sequence[object]) -> int:
    return sum(one is not None for one in found)


def _one_thread() -> None:
    for name in _ONE_THREAD:
        os.environ.setdefault(name, "1")
