"""What the card and the report say beyond AUROC: for whom, under what, at which prevalence, on phones.

`groups`, `robustness` and `calibrate` measure; here the photos are read for them, and their figures written.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from functions.triage.pixels import square_pixels
from training.calibrate import STATED_PREVALENCES, predictive_values
from training.evaluate import evaluation_of, lesions_of, logits_of
from training.groups import groupings_of, skin_tones
from training.manifest import read_manifest
from training.robustness import photos_to_disturb, robustness_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

    from functions.triage.card import Card, Evaluation, Group, Interval, Proportion
    from functions.triage.scorer import Scorer

_GROUP_COLUMNS = (
    "group",
    "photos",
    "lesions",
    "malignant",
    "AUROC",
    "sensitivity, watch",
    "sensitivity, urgent",
    "specificity, watch",
    "specificity, urgent",
)
_TONE_SIDE = 128  # pixels: skin needs no more


def evidence_of(
    scorer: Scorer,
    test: pd.DataFrame,
    probabilities: NDArray[np.float64],
    on_progress: Callable[[int], None] = lambda _done: None,
) -> dict[str, Any]:
    """Return the card's `predictive_values`, `groupings` and `robustness`.

    Args:
        scorer: the finished package; its card has the cut-offs.
        test: rows of the manifest of the test photos, both malignant and benign among them.
        probabilities: of them, calibrated, (n, classes), of the photos alone.
        on_progress: called with the number of disturbances done, which take nearly all of the time.

    Raises:
        PhotoRejected: when a photo cannot be read.

    """
    p = scorer.malignant(probabilities)
    is_malignant = test["target"].to_numpy() == 1
    tones = np.concatenate([skin_tones(_squares([file], _TONE_SIDE)) for file in test["file"]])
    rows = photos_to_disturb(is_malignant, lesions_of(test))
    disturbed = _squares(list(test["file"].iloc[rows]), scorer.card.input_size)
    prevalences = (float(is_malignant.mean()), *STATED_PREVALENCES)
    return {
        "predictive_values": predictive_values(p, is_malignant, scorer.card.cutoffs, prevalences),
        "groupings": groupings_of(test, p, scorer.card.cutoffs, tones),
        "robustness": robustness_of(scorer, disturbed, is_malignant[rows], on_progress=on_progress),
    }


def evaluation_elsewhere(scorer: Scorer, manifest: Path) -> Evaluation:
    """Return the figures of a further set of photos, none of which the network has learned from.

    Raises:
        ManifestInvalid: when the manifest is not usable.
        PhotoRejected: when a photo cannot be read.

    """
    table, card = read_manifest(manifest), scorer.card
    probabilities = scorer.calibrated(logits_of(scorer, list(table["file"])))
    labels = np.array([card.classes.index(code) for code in table["diagnosis"]])
    return evaluation_of(probabilities, labels, lesions_of(table), card.classes, card.malignant, card.cutoffs)


def evidence_lines(card: Card) -> list[str]:
    """Return the report's Markdown of what the card carries of it."""
    return [*_prevalence_lines(card), *_grouping_lines(card), *_robustness_lines(card)]


def _squares(files: list[str], size: int) -> NDArray[np.uint8]:
    return np.stack([square_pixels(Path(file).read_bytes(), size) for file in files])


def _prevalence_lines(card: Card) -> list[str]:
    if not card.predictive_values:
        return []
    rows = (
        f"| {100 * one.prevalence:.3g} % | "
        + " | ".join(_share(one.ppv[band]) for band in ("low", "watch", "urgent"))
        + f" | {_share(one.npv['low'])} |"
        for one in card.predictive_values
    )
    return [
        "## What a band says",
        "",
        "Share of malignant lesions in each band (PPV), where they are as frequent among those photographed as stated.",
        "",
        "| prevalence | low | watch | urgent | NPV of low |",
        "|---|---|---|---|---|",
        *rows,
        "",
    ]


def _grouping_lines(card: Card) -> list[str]:
    if not card.groupings:
        return []
    lines = ["## For whom", "", "Test photos. AUROC by photos with its interval over lesions; shares of lesions.", ""]
    for name, grouping in card.groupings.items():
        lines += [
            f"### By {name.replace('_', ' ')}",
            "",
            f"{grouping.about} Worst: {grouping.worst or 'cannot be told'}.",
            "",
            f"| {' | '.join(_GROUP_COLUMNS)} |",
            "|---" * len(_GROUP_COLUMNS) + "|",
            *(_group_row(group) for group in grouping.groups),
            "",
        ]
    return lines


def _group_row(group: Group) -> str:
    figures = (
        group.malignant_auroc,
        group.sensitivity_watch,
        group.sensitivity_urgent,
        group.specificity_watch,
        group.specificity_urgent,
    )
    counts = f"| {group.name} | {group.photos:,} | {group.lesions:,} | {group.malignant_lesions:,} | "
    return counts + " | ".join(_with_interval(value) for value in figures) + " |"


def _robustness_lines(card: Card) -> list[str]:
    found = card.robustness
    if found is None:
        return []
    return [
        "## Under what",
        "",
        f"{found.photos} test photos, {found.malignant_photos} of them malignant, one a lesion, seed {found.seed}.",
        f"Undisturbed AUROC {found.malignant_auroc:.3f}. The worst: {found.worst}.",
        "",
        "| disturbance | strength | AUROC | fall | in another band | malignant newly low |",
        "|---|---|---|---|---|---|",
        *(
            f"| {one.kind} | {one.strength} | {one.malignant_auroc:.3f} | {one.fall:+.3f} "
            f"| {100 * one.band_changed:.0f} % | {100 * one.malignant_newly_low:.1f} % |"
            for one in found.disturbances
        ),
        "",
    ]


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.4g} %"


def _with_interval(value: Interval | Proportion | None) -> str:
    return "too few" if value is None else f"{value.value:.3f} ({value.low:.3f}-{value.high:.3f})"
