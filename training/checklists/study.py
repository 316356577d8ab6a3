"""What the check-lists are answered from, and what an item is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

    from functions.triage.card import Card, Evaluation, Interval


@dataclass(frozen=True)
class Study:
    """A finished model and how it came about."""

    card: Card
    parts: Mapping[str, pd.DataFrame]  # rows of the manifest of `train`, `choose` and `test`
    history: Sequence[Mapping[str, Any]]  # one entry an epoch, from `fit`
    starting_weights: str
    libraries: Mapping[str, str]  # name -> version


@dataclass(frozen=True)
class Item:
    """One item: its number in the list, what it asks for, and its answer, or as text the reason for refusing one."""

    number: str
    asks: str
    answer: Callable[[Study], str] | str


def figure(value: Interval | None) -> str:
    """Return a figure with its interval in words."""
    return "not measurable" if value is None else f"{value.value:.3f} (95 % interval {value.low:.3f}-{value.high:.3f})"


def tested(study: Study) -> Evaluation:
    """Return the figures of all test photos."""
    return study.card.evaluations["test"]
