"""Whether a day's photos are like those that chose the model's limits: pure arithmetic on two samples.

Each quantity is compared by the population stability index (PSI; Yurdakul 2018) over the reference's tenths, all of
them together by the maximum mean discrepancy with a Gaussian kernel of median width (MMD; Gretton 2012, JMLR 13:723),
the share without a score by its difference. Every statistic has a permutation p-value, and Holm's rule (1979) holds the
chance of any false alarm on a day. An alarm also needs a size that matters: with many photos everything is significant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from functions.monitoring.sketch import QUANTITIES

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Of any false alarm on one day: half an alarm is to be expected in a hundred days.
ALPHA = 0.005
# "Some change" by the usual reading of the index (Siddiqi 2006, Credit Risk Scorecards, chapter 8); below, none.
LEAST_PSI = 0.1
LEAST_UNSURE_CHANGE = 0.05
_PERMUTATIONS = 3999
_MMD_PERMUTATIONS = 1999
_MOST_MMD_ROWS = 300
_TENTHS = 10
_JOINT, _UNSURE = "together", "unsure"


class Comparison(BaseModel):
    """One quantity, a day against the reference."""

    model_config = ConfigDict(frozen=True)

    quantity: str
    statistic: float
    p: float = Field(ge=0, le=1)
    alarm: bool


class Drift(BaseModel):
    """What a day's comparison found; `skipped` says why there is none."""

    model_config = ConfigDict(frozen=True)

    day: str
    version: str
    photos: int
    comparisons: list[Comparison] = []
    skipped: str = ""

    @property
    def alarm(self) -> bool:
        """Whether anything drifted."""
        return any(found.alarm for found in self.comparisons)


def compared(
    day: NDArray[np.float64],
    reference: NDArray[np.float64],
    unsure: tuple[tuple[int, int], tuple[int, int]],
    random: np.random.Generator,
) -> list[Comparison]:
    """Compare a day's sample with the reference's.

    Args:
        day: float64 (n, quantities), NaN where nothing was measured.
        reference: float64 (m, quantities).
        unsure: photos without a score and all photos, of the day and of the reference.
        random: draws the permutations.

    """
    found: list[tuple[str, float, float, bool]] = []
    for place, name in enumerate(QUANTITIES):
        here, there = (rows[:, place][np.isfinite(rows[:, place])] for rows in (day, reference))
        if min(len(here), len(there)) < 2 * _TENTHS or np.ptp(there) == 0:
            continue
        index, p = _psi(here, there, random)
        found.append((name, index, p, index >= LEAST_PSI))
    distance, p = _mmd(day, reference, random)
    found.append((_JOINT, distance, p, any(matters for *_, matters in found)))
    change, p = _unsure(*unsure, random)
    found.append((_UNSURE, change, p, abs(change) >= LEAST_UNSURE_CHANGE))
    significant = _holm([p for _, _, p, _ in found])
    return [
        Comparison(quantity=name, statistic=round(statistic, 4), p=p, alarm=bool(is_significant and matters))
        for (name, statistic, p, matters), is_significant in zip(found, significant, strict=True)
    ]


def _psi(here: NDArray[np.float64], there: NDArray[np.float64], random: np.random.Generator) -> tuple[float, float]:
    """Return the index over the reference's tenths, and its p-value under relabelling."""
    edges = np.unique(np.quantile(there, np.linspace(0, 1, _TENTHS + 1)[1:-1]))
    bins = len(edges) + 1
    pooled = np.searchsorted(edges, np.concatenate([here, there]), side="right")
    counts = np.bincount(pooled, minlength=bins)

    def index(of_here: NDArray[np.int64]) -> NDArray[np.float64]:
        p = (of_here + 0.5) / (len(here) + 0.5 * bins)
        q = (counts - of_here + 0.5) / (len(there) + 0.5 * bins)
        return np.asarray(((p - q) * np.log(p / q)).sum(axis=-1))

    observed = float(index(np.bincount(pooled[: len(here)], minlength=bins)))
    # Relabelling draws the day's bins without replacement from all: a multivariate hypergeometric number of each.
    drawn = index(random.multivariate_hypergeometric(counts, len(here), size=_PERMUTATIONS))
    return observed, float((1 + (drawn >= observed).sum()) / (1 + _PERMUTATIONS))


def _mmd(day: NDArray[np.float64], reference: NDArray[np.float64], random: np.random.Generator) -> tuple[float, float]:
    """Return the squared discrepancy of standardised rows, and its p-value under relabelling."""
    here, there = (_sample(rows, random) for rows in (day, reference))
    middle, spread = np.nanmedian(reference, axis=0), np.nanstd(reference, axis=0)
    rows = np.concatenate([here, there])
    rows = (np.where(np.isfinite(rows), rows, middle) - middle) / np.where(spread > 0, spread, 1)
    rows = np.nan_to_num(rows)
    squared = np.maximum((rows**2).sum(1)[:, None] + (rows**2).sum(1) - 2 * rows @ rows.T, 0)
    kernel = np.exp(-squared / (np.median(squared[squared > 0]) if (squared > 0).any() else 1.0))
    n = len(here)
    labels = np.zeros((1 + _MMD_PERMUTATIONS, len(rows)))
    labels[0, :n] = 1
    for row in labels[1:]:
        row[random.permutation(len(rows))[:n]] = 1
    within = np.einsum("pi,pi->p", labels @ kernel, labels)
    across = labels @ kernel.sum(1) - within
    rest = kernel.sum() - within - 2 * across
    m = len(rows) - n
    found = within / n**2 + rest / m**2 - 2 * across / (n * m)
    return float(found[0]), float((1 + (found[1:] >= found[0]).sum()) / (1 + _MMD_PERMUTATIONS))


def _unsure(day: tuple[int, int], reference: tuple[int, int], random: np.random.Generator) -> tuple[float, float]:
    """Return the change of the share without a score, and its two-sided p-value under relabelling."""
    (a, n), (b, m) = day, reference
    observed = a / n - b / m
    drawn = random.hypergeometric(a + b, n + m - a - b, n, size=_PERMUTATIONS)
    differences = np.abs(drawn / n - (a + b - drawn) / m)
    return observed, float((1 + (differences >= abs(observed) - 1e-12).sum()) / (1 + _PERMUTATIONS))


def _sample(rows: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
    if len(rows) <= _MOST_MMD_ROWS:
        return rows
    return rows[random.choice(len(rows), _MOST_MMD_ROWS, replace=False)]


def _holm(p: list[float]) -> list[bool]:
    """Return which hypotheses Holm's step-down rule rejects at ALPHA."""
    rejected = [False] * len(p)
    for rank, place in enumerate(np.argsort(p)):
        if p[place] > ALPHA / (len(p) - rank):
            break
        rejected[place] = True
    return rejected
