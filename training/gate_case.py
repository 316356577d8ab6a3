"""Two score tables side by side, photo by photo, with what several of the gate's rules look at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from training import paired_bootstrap as paired
from training.evaluate import first_photos
from training.groups import LEAST_LESIONS, UNKNOWN, age_bands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from training.score_table import ScoreTable
    from training.verdict import Facts, Rules


@dataclass(frozen=True)
class Compared:
    """One figure of both models, of all photos and of each draw of lesions, (draws,)."""

    champion: float
    candidate: float
    champion_drawn: NDArray[np.float64]
    candidate_drawn: NDArray[np.float64]

    @property
    def difference(self) -> float:
        """Return candidate less champion."""
        return self.candidate - self.champion

    @cached_property
    def differences(self) -> NDArray[np.float64]:
        """Return candidate less champion of each draw."""
        return self.candidate_drawn - self.champion_drawn

    def lower(self, alpha: float) -> float:
        """Return the lower end of the difference's one-sided interval of confidence 1 - alpha, by percentile."""
        return float(np.nanquantile(self.differences, alpha))

    def error(self) -> float:
        """Return the difference's standard error, 0 where no draw has a difference."""
        return float(np.nanstd(self.differences))


class GroupCase(NamedTuple):
    """One group of the test photos, its two comparisons, or why there are none."""

    grouping: str
    name: str
    photos: int
    lesions: int
    malignant_lesions: int
    auroc: Compared | None
    sensitivity: Compared | None
    too_few: str


@dataclass(frozen=True)
class Case:
    """What the rules judge: both tables hold the same photos in the same order, malignant and benign among them."""

    champion: ScoreTable
    candidate: ScoreTable
    facts: Facts
    rules: Rules
    draws: int = paired.RESAMPLES

    @property
    def truth(self) -> NDArray[np.bool_]:
        """Return which photos are malignant, (n,)."""
        return self.champion.is_malignant

    @cached_property
    def resamples(self) -> paired.Resamples:
        """Return the draws, the same for every figure of both models."""
        return paired.resampled(self.truth, self.champion.lesions, self.draws)

    @cached_property
    def first(self) -> NDArray[np.int64]:
        """Return the row of each lesion's first photo."""
        return first_photos(self.champion.lesions)

    @cached_property
    def auroc(self) -> Compared:
        """Return the malignant AUROC."""
        return self._aurocs(np.ones(len(self.truth), dtype=bool))

    @property
    def threshold(self) -> float:
        """Return the champion's operating point: from it on it calls a spot urgent."""
        return self.facts.champion.cutoffs.urgent_from

    @cached_property
    def matched(self) -> tuple[float, float]:
        """Return the champion's and the candidate's lowest threshold with the champion's specificity on these photos.

        The champion's lies a little under its own: both are given the same, so that a model equals itself.
        """
        before, after = self.champion.p_malignant, self.candidate.p_malignant
        return (
            paired.matched_threshold(self.truth, before, before, self.threshold),
            paired.matched_threshold(self.truth, after, before, self.threshold),
        )

    @cached_property
    def specificity(self) -> float:
        """Return the champion's specificity at its operating point."""
        return float((self.champion.p_malignant[~self.truth] < self.threshold).mean())

    @cached_property
    def sensitivity(self) -> Compared:
        """Return the sensitivity at the champion's specificity, whose threshold is sought anew in each draw."""
        champion, candidate = self.champion.p_malignant, self.candidate.p_malignant
        return Compared(
            paired.sensitivity(self.truth, champion, self.matched[0]),
            paired.sensitivity(self.truth, candidate, self.matched[1]),
            paired.matched_sensitivities(self.resamples, champion, champion, self.threshold),
            paired.matched_sensitivities(self.resamples, candidate, champion, self.threshold),
        )

    @cached_property
    def groups(self) -> tuple[GroupCase, ...]:
        """Return both models by sex, age and origin; shares and AUROC count photos."""
        return tuple(self._group(grouping, name, mask) for grouping, name, mask in self._masks())

    @cached_property
    def judged_groups(self) -> tuple[GroupCase, ...]:
        """Return the groups that are large enough to be judged."""
        return tuple(group for group in self.groups if not group.too_few)

    def called_low(self, table: ScoreTable, low_below: float) -> NDArray[np.bool_]:
        """Return whether the first photo of each malignant lesion is called low."""
        first = self.first[self.truth[self.first]]
        return table.p_malignant[first] < low_below

    def _masks(self) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
        columns = {
            "sex": _stated(self.champion.sexes),
            "age": age_bands(self.champion.ages),
            "origin": _stated(self.champion.origins),
        }
        for grouping, column in columns.items():
            for name in sorted(set(column.tolist())):
                yield grouping, name, column == name

    def _group(self, grouping: str, name: str, mask: NDArray[np.bool_]) -> GroupCase:
        lesions, row = np.unique(self.champion.lesions[mask], return_inverse=True)
        malignant = int((np.bincount(row, weights=self.truth[mask], minlength=len(lesions)) > 0).sum())
        counts = (("malignant", malignant), ("benign", len(lesions) - malignant))
        few = [f"{count} {kind} lesions, {LEAST_LESIONS} wanted" for kind, count in counts if count < LEAST_LESIONS]
        why = "whose photos these are is not known" if name == UNKNOWN else "; ".join(few)
        auroc = None if why else self._aurocs(mask)
        sensitivity = None if why else self._sensitivities(mask)
        return GroupCase(grouping, name, int(mask.sum()), len(lesions), malignant, auroc, sensitivity, why)

    def _aurocs(self, mask: NDArray[np.bool_]) -> Compared:
        truth = self.truth[mask]
        champion, candidate = self.champion.p_malignant[mask], self.candidate.p_malignant[mask]
        draws = self.resamples if mask.all() else self.resamples.within(mask)
        return Compared(
            paired.auroc(truth, champion),
            paired.auroc(truth, candidate),
            paired.aurocs(draws, champion),
            paired.aurocs(draws, candidate),
        )

    def _sensitivities(self, mask: NDArray[np.bool_]) -> Compared:
        """Return the group's sensitivities at the thresholds that hold for everybody."""
        truth, draws = self.truth[mask], self.resamples.within(mask)
        champion, candidate = self.champion.p_malignant[mask], self.candidate.p_malignant[mask]
        return Compared(
            paired.sensitivity(truth, champion, self.matched[0]),
            paired.sensitivity(truth, candidate, self.matched[1]),
            paired.sensitivities(draws, champion, self.matched[0]),
            paired.sensitivities(draws, candidate, self.matched[1]),
        )


def _stated(column: NDArray[np.str_]) -> NDArray[np.str_]:
    return np.where(column == "", UNKNOWN, column)
