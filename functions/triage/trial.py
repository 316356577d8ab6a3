"""Whether a version of the registry answers as it did when it was made: fetched, loaded, and asked the drawn photos."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.common.problems import ModelUnavailable
from functions.registry.errors import VersionUnusable
from functions.registry.pointer import SHIPPED
from functions.registry.versions import fetch
from functions.triage.golden import deviations, golden_answers, read_golden
from functions.triage.scorer import SHIPPED_MODEL, load_scorer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from functions.common.storage import Storage
    from functions.triage.scorer import Scorer


def checked_scorer(folder: Path, *, threads: int = 1) -> Scorer:
    """Load a package and compare its answers to the drawn photos with those in its `golden.json`.

    Raises:
        VersionUnusable: when it cannot be loaded, or answers otherwise.

    """
    try:
        scorer = load_scorer(folder, threads=threads)
        expected = read_golden(folder)
    except (ModelUnavailable, OSError, ValueError) as error:
        raise VersionUnusable(f"{folder.name} cannot be loaded: {error}") from error
    complaints = deviations(expected, golden_answers(scorer))
    if complaints:
        raise VersionUnusable(f"{folder.name} does not answer the drawn photos as it did: {'; '.join(complaints)}")
    return scorer


def trial(storage: Storage, public_key: bytes, into: Path) -> Callable[[str], None]:
    """Return what checks a version by its name before it may answer; raises `VersionUnusable`."""

    def check(version: str) -> None:
        checked_scorer(SHIPPED_MODEL if version == SHIPPED else fetch(storage, version, into, public_key))

    return check
