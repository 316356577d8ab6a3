"""Keeps the running hour's sketch in memory and puts it into the storage now and then, at the end of a request.

A function that Lambda ends takes with it what came since its last writing: at most `flush_photos` photos or `flush_s`
seconds of one function. The file of an hour is written whole each time, so that no photo counts twice.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from functions.common import observability
from functions.monitoring import ROOM
from functions.monitoring.sketch import Sketch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from functions.common.storage import Storage

_SKETCHES = "sketches"


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass
class Keeper:
    """Sketches what one function sees."""

    storage: Storage
    flush_s: float = 300.0
    flush_photos: int = 100
    clock: Callable[[], dt.datetime] = _now
    instance: str = field(default_factory=lambda: uuid.uuid4().hex)
    _sketches: dict[tuple[str, str], Sketch] = field(default_factory=dict)  # by hour and version
    _tags: dict[str, str | None] = field(default_factory=dict)
    _since: int = 0
    _flushed_at: dt.datetime | None = None
    _lock: Lock = field(default_factory=Lock)
    _random: np.random.Generator = field(default_factory=np.random.default_rng)

    def add(self, version: str, values: Mapping[str, float], *, is_unsure: bool) -> None:
        """Take in one photo; write when it is time. What cannot be written is kept, and told."""
        with self._lock:
            now = self.clock()
            hour = now.strftime("%Y-%m-%d/%H")
            sketch = self._sketches.setdefault((hour, version), Sketch(version=version))
            sketch.add(values, is_unsure=is_unsure, random=self._random)
            self._since += 1
            self._flushed_at = self._flushed_at or now
            is_late = (now - self._flushed_at).total_seconds() >= self.flush_s
            is_new_hour = any(kept != hour for kept, _ in self._sketches)
            if is_late or is_new_hour or self._since >= self.flush_photos:
                self._flush(hour, now)

    def _flush(self, hour: str, now: dt.datetime) -> None:
        try:
            for (kept, version), sketch in self._sketches.items():
                path = f"{_SKETCHES}/{kept}/{self.instance}-{version}.json"
                data = sketch.model_dump_json().encode()
                if self.storage.replace(path, data, self._tags.get(path), "application/json"):
                    written = self.storage.read(path)
                    self._tags[path] = written.etag if written else None
        except OSError as error:
            observability.logger(ROOM).warning("a sketch was not written", reason=str(error))
            return
        self._sketches = {key: sketch for key, sketch in self._sketches.items() if key[0] == hour}
        self._since, self._flushed_at = 0, now
