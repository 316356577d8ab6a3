"""The model that answers follows the registry's pointer, and no request ever waits for it.

A request that finds the last look too long ago starts a thread that looks at the pointer, fetches what it names, checks
its hashes, its signature and its answers to the drawn photos, loads it, and only then swaps one attribute. Until then,
and whenever any of it fails, the model before goes on answering. Whoever answers takes the scorer once a request, so
that score and version always belong together.

Lambda holds the process still between invocations, threads and all. So no thread of its own sleeps until the next look:
it would not wake in time. A look begins with a request and goes on during it and those after it. Where requests come
without pause that is at once; where they are rare, some more are answered by the model before, unless the pointer goes
back to a model that is still in memory, for which one reading suffices. A connection that did not outlive the stillness
ends the look, and the next one begins anew. The clock is the wall's, as others may stand still too.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from functions.common import observability
from functions.registry.errors import VersionUnusable
from functions.registry.pointer import SHIPPED, Pointer, read_pointer
from functions.registry.versions import MANIFEST, fetch
from functions.triage import ROOM
from functions.triage.scorer import load_scorer
from functions.triage.trial import checked_scorer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from functions.common.storage import Storage
    from functions.triage.scorer import Scorer

# A version that was refused is tried again, as a file may only have been late: after one refresh, then after twice as
# long each time, up to an hour. A pointer that moved on is followed at once.
_LONGEST_PAUSE_S = 3600.0
_HASH_DIGITS = 16
# Folders as `registry.versions.fetch` names them; whatever else lies in the cache is not ours to remove.
_FETCHED = re.compile(rf".+-([0-9a-f]{{{_HASH_DIGITS}}})")


@dataclass(frozen=True)
class _Refused:
    """The pointer that led to a version which cannot be used, when that was, and for how long it is left alone."""

    tag: str = ""
    at: float = 0.0
    pause_s: float = 0.0


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
        clock: seconds since any moment; may be set back, must go on while the process is held still.

    """

    storage: Storage
    public_key: bytes
    shipped: Path
    cache: Path
    refresh_s: float
    threads: int = 1
    clock: Callable[[], float] = time.time
    _kept: dict[str, Scorer] = field(default_factory=dict)  # by manifest; what answers comes last
    _tag: str = ""
    _looked_at: float = float("-inf")
    _refused: _Refused = field(default_factory=_Refused)
    _look: threading.Thread | None = None
    _starting: threading.Lock = field(default_factory=threading.Lock)
    _swapping: threading.Lock = field(default_factory=threading.Lock)

    def start(self, patience_s: float) -> None:
        """Load the current version, waiting for it no longer than `patience_s`; then the model in the image serves."""
        look = self._begin_look()
        look.join(patience_s)
        if look.is_alive():
            report("ModelFollowFailed", TimeoutError(f"the current version is not there after {patience_s:g} s"))

    def scorer(self) -> Scorer:
        """Return the scorer that answers now.

        Raises:
            ModelUnavailable: when not even the model in the image can be loaded.

        """
        if self._is_past(self._looked_at, self.refresh_s):
            self._begin_look()
        return _last(self._kept) if self._kept else self._first()

    def settle(self, patience_s: float = 60.0) -> None:
        """Wait for a look that is under way."""
        if self._look is not None:
            self._look.join(patience_s)

    def _is_past(self, since: float, pause_s: float) -> bool:
        # A clock that was set back ends a pause too: otherwise nothing would be seen until it has caught up.
        return abs(self.clock() - since) >= pause_s

    def _begin_look(self) -> threading.Thread:
        with self._starting:
            if self._look is None or not self._look.is_alive():
                self._looked_at = self.clock()
                self._look = threading.Thread(target=self._follow, name="follow", daemon=True)
                self._look.start()
            return self._look

    def _first(self) -> Scorer:
        """Load the model in the image, unless a look was faster."""
        with self._swapping:
            if not self._kept:
                self._kept = {SHIPPED: self._load_shipped()}
            return _last(self._kept)

    def _follow(self) -> None:
        """Look at the pointer once, and do what it says; whatever goes wrong, what answers stays."""
        tag = ""
        try:
            found = read_pointer(self.storage, self._tag)
            if found is None:
                return
            pointer, tag = found
            if tag == self._refused.tag and not self._is_past(self._refused.at, self._refused.pause_s):
                return
            key = pointer.manifest_sha256 or pointer.version
            self._serve(key, self._kept.get(key) or self._loaded(pointer, key))
            self._tag, self._refused = tag, _Refused()
        except OSError as error:
            report("ModelFollowFailed", error)
        except Exception as refusal:  # whatever a package makes its readers and its runtime raise
            self._pause(tag)
            self._clean(self._kept)  # so that the next try fetches it anew
            report("ModelRefused", refusal)
        else:
            observability.emit(ROOM, {"ModelFollowed": 1})

    def _loaded(self, pointer: Pointer, key: str) -> Scorer:
        if pointer.version == SHIPPED or pointer.manifest_sha256 == self._shipped_manifest():
            return self._load_shipped()  # an image that ships the current version has nothing to fetch
        # Whatever answers is in memory; two folders leave room, where Lambda gives 512 MB.
        self._clean([*list(self._kept)[-1:], key])
        folder = fetch(self.storage, pointer.version, self.cache, self.public_key)
        if _sha256(folder / MANIFEST) != pointer.manifest_sha256:
            raise VersionUnusable(f"{pointer.version} has another manifest than the pointer names")
        return checked_scorer(folder, threads=self.threads)

    def _shipped_manifest(self) -> str:
        manifest = self.shipped / MANIFEST
        return _sha256(manifest) if manifest.is_file() else ""

    def _load_shipped(self) -> Scorer:
        return load_scorer(self.shipped, threads=self.threads)

    def _serve(self, key: str, scorer: Scorer) -> None:
        """Let a scorer answer from now on, and keep the one before, to which a roll-back leads at once."""
        with self._swapping:
            others = [kept for kept in self._kept.items() if kept[0] != key]
            self._kept = dict([*others[-1:], (key, scorer)])

    def _clean(self, keys: Iterable[str]) -> None:
        """Remove all fetched versions but those with these manifests."""
        marks = {key[:_HASH_DIGITS] for key in keys}
        for folder in self.cache.glob("*"):
            fetched = _FETCHED.fullmatch(folder.name)
            if fetched and fetched[1] not in marks:
                shutil.rmtree(folder, ignore_errors=True)

    def _pause(self, tag: str) -> None:
        again = 2 * self._refused.pause_s if tag == self._refused.tag else 0.0
        self._refused = _Refused(tag, self.clock(), min(again or self.refresh_s, _LONGEST_PAUSE_S))


def report(metric: str, reason: Exception) -> None:
    """Tell in a metric that the pointer was not followed, and in the log why."""
    observability.logger(ROOM).warning("the model was not followed", reason=str(reason), kind=type(reason).__name__)
    observability.emit(ROOM, {metric: 1})


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _last(kept: dict[str, Scorer]) -> Scorer:
    return next(reversed(kept.values()))
