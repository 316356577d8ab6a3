"""What photos of skin look like to the early network, so that what is unlike them can be answered with `unsure`.

The late features know only what tells diagnoses apart: everyday photos lie among the lesions there (AUROC 0.57 to 0.93
by Mahalanobis distance or residual), while after the block mixed3 they stand apart (0.999; `training/EXPERIMENTS.md`).
Only photos of skin are fitted; everyday photos judge, and chose nothing but the layer and the number of components.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from functions.triage.card import DomainRule, NoveltyRule
from functions.triage.novelty import Novelty
from training.evaluate import proportion

if TYPE_CHECKING:
    from numpy.typing import NDArray

COMPONENTS = 96
# Phone photos are few; so weighted, the plane passes near them and they are refused hardly more often than the others.
PHONE_WEIGHT = 0.3
# The share of the choosing photos that lies beyond each rule.
REFUSED = 0.01
CALLED_CLINICAL = 0.02
_PARTS = 10


@dataclass(frozen=True)
class HeldOut:
    """Phone photos as judged by rules that were fitted and chosen without their patients.

    Attributes:
        refused: bool (n,), called unlike anything seen.
        clinical: bool (n,), called clinical.

    """

    refused: NDArray[np.bool_]
    clinical: NDArray[np.bool_]


def fit_novelty(
    train: NDArray[np.floating],
    phone: NDArray[np.floating],
    *,
    components: int = COMPONENTS,
    phone_weight: float = PHONE_WEIGHT,
) -> Novelty:
    """Lay the plane through the textures of photos of skin, and draw the line between the two kinds of photo in it.

    The plane holds the principal components of a mixture: the training photos with weight 1 - phone_weight, the phone
    photos with phone_weight. The line is Fisher's linear discriminant with the covariance shrunk by Ledoit and Wolf
    (2004, J Multivariate Anal 88:365), both kinds counting alike.

    Args:
        train: textures (n, channels) of dermoscopic photos that train.
        phone: textures (m, channels) of phone photos; without any there is no line, and all weights in it are 0.
        components: dimensions of the plane.
        phone_weight: in 0..1.

    """
    wide, clinical = train.astype(np.float64), phone.astype(np.float64)
    if not len(clinical):
        return _plane_alone(wide, components)
    centres, weights = (wide.mean(axis=0), clinical.mean(axis=0)), (1 - phone_weight, phone_weight)
    apart = centres[1] - centres[0]
    mean = centres[0] + phone_weight * apart
    spread = weights[0] * np.cov(wide.T, bias=True) + weights[1] * np.cov(clinical.T, bias=True)
    spread += weights[0] * weights[1] * np.outer(apart, apart)
    axes = _leading(spread, components)
    inside = (np.concatenate([wide, clinical]) - mean) @ axes.T.astype(np.float64)
    line = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto", priors=[0.5, 0.5])
    line.fit(inside, np.repeat([0, 1], [len(wide), len(clinical)]))
    return Novelty(mean.astype(np.float32), axes, line.coef_[0].astype(np.float32), float(line.intercept_[0]))


def _plane_alone(wide: NDArray[np.float64], components: int) -> Novelty:
    mean, axes = wide.mean(axis=0), _leading(np.cov(wide.T, bias=True), components)
    return Novelty(mean.astype(np.float32), axes, np.zeros(components, np.float32), 0.0)


def _leading(spread: NDArray[np.float64], components: int) -> NDArray[np.float32]:
    """Return the principal axes as they are stored, float32 (components, channels) of values that float16 holds."""
    _, vectors = np.linalg.eigh(spread)
    return np.asarray(vectors[:, ::-1][:, :components].T.astype(np.float16).astype(np.float32))


def novelty_rule(novelty: Novelty, choose: NDArray[np.floating], phone_weight: float = PHONE_WEIGHT) -> NoveltyRule:
    """Choose the distance beyond which a photo is refused: a hundredth of the choosing photos' textures lies there."""
    return NoveltyRule(
        refuse_above=float(np.quantile(novelty.distance(choose), 1 - REFUSED)),
        components=len(novelty.axes),
        phone_weight=phone_weight,
        chosen=f"{100 * REFUSED:.0f} % of the {len(choose)} choosing photos lie beyond it.",
    )


def clinical_from(novelty: Novelty, choose: NDArray[np.floating]) -> float:
    """Choose the value from which on a photo is called clinical: a fiftieth of the choosing photos reach it."""
    return float(np.quantile(novelty.clinical(choose), 1 - CALLED_CLINICAL))


def domain_rule(
    novelty: Novelty, choose: NDArray[np.floating], test: NDArray[np.floating], held_out: HeldOut
) -> DomainRule:
    """Choose the rule on the choosing photos, and state its figures on test and held-out phone photos."""
    start = clinical_from(novelty, choose)
    return DomainRule(
        clinical_from=start,
        chosen=(
            f"{100 * CALLED_CLINICAL:.0f} % of the {len(choose)} choosing photos, all dermoscopic, reach it; the line "
            f"was learned from the training photos and {len(held_out.clinical)} phone photos."
        ),
        sensitivity=proportion(held_out.clinical),
        specificity=proportion(novelty.clinical(test) < start),
    )


def held_out_phone(
    train: NDArray[np.floating],
    choose: NDArray[np.floating],
    phone: NDArray[np.floating],
    patients: NDArray[np.str_],
) -> HeldOut:
    """Judge each phone photo by rules fitted without its patient: ten parts, patients together.

    Args:
        train: textures as for `fit_novelty`.
        choose: textures of the choosing photos.
        phone: textures (m, channels).
        patients: (m,) names.

    """
    names = np.unique(patients)
    part = np.searchsorted(names, patients) % min(_PARTS, len(names))
    refused, clinical = np.zeros(len(phone), dtype=bool), np.zeros(len(phone), dtype=bool)
    for left_out in np.unique(part):
        held = part == left_out
        fitted = fit_novelty(train, phone[~held])
        refused[held] = fitted.distance(phone[held]) > novelty_rule(fitted, choose).refuse_above
        clinical[held] = fitted.clinical(phone[held]) >= clinical_from(fitted, choose)
    return HeldOut(refused, clinical)
