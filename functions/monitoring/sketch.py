"""An hour's sketch of what came in: counts, and a uniform sample of measured values (Vitter 1985, algorithm R)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

QUANTITIES = ("score", "dark", "glare", "not_in_frame", "blurred", "distance", "clinical", "tone")
MOST_ROWS = 200
_DIGITS = 4

Row = list[float | None]


class Sketch(BaseModel):
    """What one function saw in one hour of one model version."""

    model_config = ConfigDict(extra="forbid")

    version: str
    photos: int = 0
    unsure: int = 0
    rows: list[Row] = Field(default_factory=list, description="Values in the order of QUANTITIES; null: not measured.")

    def add(self, values: Mapping[str, float], *, is_unsure: bool, random: np.random.Generator) -> None:
        """Take in one photo."""
        self.photos += 1
        self.unsure += is_unsure
        row = [_rounded(values.get(name)) for name in QUANTITIES]
        if len(self.rows) < MOST_ROWS:
            self.rows.append(row)
        elif (place := int(random.integers(self.photos))) < MOST_ROWS:
            self.rows[place] = row


class Reference(BaseModel):
    """The same of the photos that chose a model's limits; it travels in the model's package as `reference.json`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    photos: int
    unsure: int
    rows: list[Row]


def merged(sketches: Iterable[Sketch], most: int, random: np.random.Generator) -> tuple[int, int, NDArray[np.float64]]:
    """Return the photos, those without a score, and a sample of at most `most` rows in which each photo counts alike.

    Rows are float64 (n, quantities), NaN where nothing was measured.
    """
    found = [sketch for sketch in sketches if sketch.rows]
    photos, unsure = sum(sketch.photos for sketch in found), sum(sketch.unsure for sketch in found)
    rows = [table(sketch.rows) for sketch in found]
    if not rows:
        return 0, 0, np.empty((0, len(QUANTITIES)))
    weights = np.concatenate(
        [np.full(len(part), sketch.photos / len(part)) for part, sketch in zip(rows, found, strict=True)]
    )
    every = np.concatenate(rows)
    if len(every) <= most and np.ptp(weights) == 0:
        return photos, unsure, every
    take = random.choice(len(every), size=min(most, len(every)), replace=False, p=weights / weights.sum())
    return photos, unsure, every[take]


def table(rows: list[Row]) -> NDArray[np.float64]:
    """Return rows as float64 (n, quantities), NaN for null."""
    return np.array([[math.nan if value is None else value for value in row] for row in rows], dtype=np.float64)


def _rounded(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(float(value), _DIGITS)
