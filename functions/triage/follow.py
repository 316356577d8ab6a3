"""The model that answers follows the registry's pointer, and no request ever waits for it.

A request that finds the last look too long ago starts a thread that looks at the pointer, fetches what it names, checks
its hashes, its signature and its answers to the drawn photos, loads it, and only then swaps one attribute. Until then,
and whenever any of it fails, the model before goes on answering. Lambda stops threads between invocations and wakes
them with the next: such a look takes longer on the clock, and holds nobody up. Whoever answers takes the scorer once a
request, so that score and version always belong together.
"""

from __future__ import annotations

import hashlib
import shutil
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from functions.common import observability
from functions.common.problems import ModelUnavailable
from functions.common.signing import KeyUnusable
from functions.registry.errors import RegistryError, VersionUnusable
from functions.registry.pointer import SHIPPED, Pointer, read_pointer
from functions.registry.versions import MANIFEST, fetch
from functions.triage import ROOM
from functions.triage.scorer import load_scorer
from functions.triage.trial import checked_scorer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from functions.common.storage import Storage
    from functions.triage.scorer import Scorer

# A version that was refused is tried again, as a file may only have been late: after so many refreshes, then twice as
# many, up to an hour.
_FIRST_PAUSE_REFRESHES = 1
_LONGEST_PAUSE_S = 3600.0


@dataclass
class _Refused:
    """The pointer that led to a version which cannot be used, and when it is worth another try."""

    tag: str = ""
    pause_s: float = 0.0
    again_at: float = 0.0


@dataclass
class Follower:
    """Gives the scorer that answers now.

    Args:
        storage: the registry.
        public_key: PEM, of the key that signs versions.
        shipped: folder of the model in the image.
        cache: folder for fetched versions; at most two are kept in it.
        refresh_s: for so many seconds a new pointer may go unseen.
        threads: processors that one inference may use.
        clock: seconds that only grow.

    """

    storage: Storage
    public_key: bytes
    shipped: Path
    cache: Path
    refresh_s: float
    threads: int = 1
    clock: Callable[[], float] = time.monotonic
    _kept: dict[str, Scorer] = field(default_factory=dict)  # by manifest; what answers comes last
    _tag: str = ""
    _looked_at: float = float("-inf")
    _refused: _Refused = field(default_factory=_Refused)
    _look: threading.Thread | None = None
    _starting: threading.Lock = field(default_factory=threading.Lock)

    def start(self, patience_s: float) -> None:
        """Load the current version, waiting for it no longer than `patience_s`; then the model in the image serves."""
        self._begin_look().join(patience_s)

    def scorer(self) -> Scorer:
        """Return the scorer that answers now.

        Raises:
            ModelUnavailable: when not even the model in the image can be loaded.

        """
        if self.clock() - self._looked_at >= self.refresh_s:
            self._begin_look()
        kept = self._kept
        if not kept:
            return self._serve(SHIPPED, self._load_shipped())
        return next(reversed(kept.values()))

    def settle(self, patience_s: float = 60.0) -> None:
        """Wait for a look that is under way."""
        if self._look is not None:
            self._look.join(patience_s)

    def _begin_look(self) -> threading.Thread:
        with self._starting:
            if self._look is None or not self._look.is_alive():
                self._looked_at = self.clock()
                self._look = threading.Thread(target=self._follow, name="follow", daemon=True)
                self._look.start()
            return self._look

    def _follow(self) -> None:
        """Look at the pointer once, and do what it says; whatever goes wrong, what answers stays."""
        tag = ""
        try:
            found = read_pointer(self.storage, self._tag)
            if found is None:
                return
            pointer, tag = found
            if tag == self._refused.tag and self.clock() < self._refused.again_at:
                return
            key = pointer.manifest_sha256 or SHIPPED
            self._serve(key, self._kept.get(key) or self._loaded(pointer))
            self._tag, self._refused = tag, _Refused()
            self._forget_others()
        except (RegistryError, ModelUnavailable, KeyUnusable) as refusal:
            self._pause(tag)
            self._tell("ModelRefused", refusal)
        except OSError as error:
            self._tell("ModelFollowFailed", error)
        else:
            observability.emit(ROOM, {"ModelFollowed": 1})

    def _loaded(self, pointer: Pointer) -> Scorer:
        if pointer.version == SHIPPED:
            return self._load_shipped()
        folder = fetch(self.storage, pointer.version, self.cache, self.public_key)
        if hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest() != pointer.manifest_sha256:
            raise VersionUnusable(f"{pointer.version} has another manifest than the pointer names")
        return checked_scorer(folder, threads=self.threads)

    def _load_shipped(self) -> Scorer:
        return load_scorer(self.shipped, threads=self.threads)

    def _serve(self, key: str, scorer: Scorer) -> Scorer:
        """Let a scorer answer from now on, and keep the one before, to which a roll-back leads at once."""
        before = list(self._kept.items())[-1:]
        self._kept = {**dict(before), key: scorer} if key not in dict(before) else dict(before)
        return scorer

    def _forget_others(self) -> None:
        marks = tuple(f"-{key[:16]}" for key in self._kept)
        for folder in self.cache.glob("*"):
            if not folder.name.endswith(marks):
                shutil.rmtree(folder, ignore_errors=True)

    def _pause(self, tag: str) -> None:
        first = self.refresh_s * _FIRST_PAUSE_REFRESHES
        longer = min(2 * self._refused.pause_s, _LONGEST_PAUSE_S) if tag == self._refused.tag else first
        self._refused = _Refused(tag, longer or first, self.clock() + (longer or first))

    def _tell(self, metric: str, reason: Exception) -> None:
        observability.logger(ROOM).warning("the model was not followed", reason=str(reason), kind=type(reason).__name__)
        observability.emit(ROOM, {metric: 1})
