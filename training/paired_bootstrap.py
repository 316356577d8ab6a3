"""The same lesions drawn again and again, and what each of two models reaches on each draw.

Whole lesions are drawn, as photos of one are alike, and malignant and benign ones apart, so that every draw has as many
of both as the test set has (stratified bootstrap; Efron and Tibshirani 1993, chapters 8 and 16). Both models are judged
on the same draws: what makes a draw easy or hard falls out of their difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# The 5th percentile of so many draws has a standard error of a twentieth of the figure's own.
RESAMPLES = 2000


@dataclass(frozen=True)
class Resamples:
    """How often each draw holds each photo, float32 (draws, photos)."""

    truth: NDArray[np.bool_]
    times: NDArray[np.float32]

    @cached_property
    def of_malignant(self) -> NDArray[np.float32]:
        """Return the columns of the malignant photos."""
        return np.ascontiguousarray(self.times[:, self.truth])

    @cached_property
    def of_benign(self) -> NDArray[np.float32]:
        """Return the columns of the benign photos."""
        return np.ascontiguousarray(self.times[:, ~self.truth])

    def within(self, mask: NDArray[np.bool_]) -> Resamples:
        """Return the same draws of some of the photos, (photos,); a draw may hold few of them, or none."""
        return Resamples(self.truth[mask], self.times[:, mask])


def resampled(
    truth: NDArray[np.bool_], lesions: NDArray[np.str_], draws: int = RESAMPLES, *, seed: int = 0
) -> Resamples:
    """Draw lesions with replacement; one with a malignant photo is malignant.

    Args:
        truth: (n,), whether the photo shows a malignant lesion; both values present.
        lesions: (n,) lesion names.
        draws: how many.
        seed: the same gives the same draws.

    """
    names, lesion = np.unique(lesions, return_inverse=True)
    is_malignant = np.bincount(lesion, weights=truth, minlength=len(names)) > 0
    random = np.random.default_rng(seed)
    times = np.zeros((draws, len(names)), dtype=np.float32)
    for stratum in (is_malignant, ~is_malignant):
        count = int(stratum.sum())
        times[:, stratum] = random.multinomial(count, np.full(count, 1 / count), size=draws) if count else 0
    return Resamples(truth, times[:, lesion])


def auroc(truth: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    """Return the share of pairs of a malignant and a benign photo that the score orders, ties counting half."""
    return float(_won(truth, score).mean())


def aurocs(draws: Resamples, score: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the AUROC of each draw, (draws,); NaN where a draw lacks one of the kinds.

    Args:
        draws: of n photos.
        score: (n,), larger for malignant.

    """
    malignant, benign = draws.of_malignant, draws.of_benign
    won = ((malignant @ _won(draws.truth, score)) * benign).sum(axis=1, dtype=np.float64)
    pairs = malignant.sum(axis=1, dtype=np.float64) * benign.sum(axis=1, dtype=np.float64)
    found: NDArray[np.float64] = np.divide(won, pairs, out=np.full(len(won), np.nan), where=pairs > 0)
    return found


def sensitivity(truth: NDArray[np.bool_], score: NDArray[np.float64], threshold: float) -> float:
    """Return the share of malignant photos with `score >= threshold`."""
    return float((score[truth] >= threshold).mean())


def sensitivities(draws: Resamples, score: NDArray[np.float64], threshold: float) -> NDArray[np.float64]:
    """Return the share of malignant photos with `score >= threshold` in each draw, (draws,); NaN without any."""
    malignant = draws.of_malignant
    hits = malignant @ (score[draws.truth] >= threshold).astype(np.float32)
    of = malignant.sum(axis=1)
    found: NDArray[np.float64] = np.divide(hits, of, out=np.full(len(of), np.nan), where=of > 0)
    return found


def matched_threshold(
    truth: NDArray[np.bool_], score: NDArray[np.float64], other: NDArray[np.float64], threshold: float
) -> float:
    """Return the lowest threshold of `score` at which no more benign photos are called than `other` calls at its own.

    Args:
        truth: (n,).
        score: (n,) of the model whose threshold is sought.
        other: (n,) of the model with the given threshold.
        threshold: of `other`: called is `other >= threshold`.

    """
    called = int((other[~truth] >= threshold).sum())
    benign = np.sort(score[~truth])[::-1]
    return float(np.nextafter(benign[called], np.inf)) if called < len(benign) else float(score.min())


def matched_sensitivities(
    draws: Resamples, score: NDArray[np.float64], other: NDArray[np.float64], threshold: float
) -> NDArray[np.float64]:
    """Return, for each draw, the sensitivity of `score` at the specificity that `other` has there at its threshold.

    The threshold of `score` is sought anew in each draw, as in `matched_threshold`: what it owes to chance is counted.
    """
    truth = draws.truth
    allowed = draws.of_benign @ (other[~truth] >= threshold).astype(np.float32)
    benign, malignant = score[~truth], score[truth]
    down = np.argsort(-benign, kind="stable")
    called = np.cumsum(draws.of_benign[:, down], axis=1)
    # How many benign photos, from the highest score down, fit among the allowed; the next one sets the threshold.
    fit = (called <= allowed[:, np.newaxis] + 0.5).sum(axis=1)
    sorted_down = benign[down]
    limits = np.where(fit < len(down), sorted_down[np.minimum(fit, len(down) - 1)], -np.inf)
    of_malignant = draws.of_malignant
    up = np.argsort(malignant, kind="stable")
    sums = np.cumsum(of_malignant[:, up], axis=1)
    total = sums[:, -1]
    # Not called are those whose score is not above the limit.
    below = np.searchsorted(malignant[up], limits, side="right")
    missed = np.where(below > 0, np.take_along_axis(sums, np.maximum(below - 1, 0)[:, None], axis=1)[:, 0], 0.0)
    return np.asarray(1 - missed / total, dtype=np.float64)


def interval(drawn: NDArray[np.float64]) -> tuple[float, float]:
    """Return the 2.5th and 97.5th percentile; draws without a value count for nothing."""
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def _won(truth: NDArray[np.bool_], score: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return 1 where the malignant photo scores higher, 0.5 at a tie, (malignant, benign)."""
    malignant, benign = score[truth][:, np.newaxis], score[~truth][np.newaxis]
    return np.asarray((malignant > benign) + 0.5 * (malignant == benign), dtype=np.float32)
