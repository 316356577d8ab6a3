"""What the gate must know beside the scores: leaks, golden photos, milliseconds and size of both packages."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from functions.common.problems import ModelUnavailable
from functions.triage import golden
from functions.triage.pixels import square_pixels
from functions.triage.scorer import load_scorer
from training.card import snapshot_sha256
from training.errors import ScoresInvalid
from training.job import manifest_in
from training.manifest import read_manifest
from training.run import near_duplicates
from training.splits import deal_folds, groups
from training.verdict import Facts, ModelFacts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from functions.triage.card import Card
    from functions.triage.scorer import Scorer

_WARM_UP, _TIMED = 3, 31  # photos through each model, in turns


@dataclass(frozen=True)
class Package:
    """A model package, loaded, and what is needed of its folder."""

    scorer: Scorer
    golden: tuple[str, ...]  # deviations
    megabytes: float


@dataclass(frozen=True)
class Learned:
    """What a model learned from: rows of its snapshot's manifest and their known near-duplicates, or why unknown."""

    photos: pd.DataFrame | None
    near_duplicates: tuple[tuple[str, str], ...] = ()
    unknown: str = ""


def open_package(folder: Path) -> Package:
    """Load a model package and let it answer the drawn photos.

    Raises:
        ScoresInvalid: when it cannot be loaded, or has no golden answers.

    """
    try:
        scorer = load_scorer(folder)
        expected = json.loads((folder / "golden.json").read_text(encoding="utf-8"))
        megabytes = (folder / "model.onnx").stat().st_size / 1e6
    except ModelUnavailable as error:
        raise ScoresInvalid(f"The package {folder} cannot be judged: {error.detail}") from error
    except (OSError, ValueError) as error:
        raise ScoresInvalid(f"The package {folder} cannot be judged: golden.json: {error}") from error
    return Package(scorer, tuple(golden.deviations(expected, golden.golden_answers(scorer))), megabytes)


def judging_photos(data: Path, card: Card) -> pd.DataFrame:
    """Return the manifest's rows that judge: those of the test folds in the champion's card.

    Raises:
        ManifestInvalid: when the manifest is not usable.
        ScoresInvalid: when it has no such photo.

    """
    table, folds = _manifest(data, card), card.data.folds["test"]
    part = table[table["fold"].isin(folds)]
    if part.empty:
        raise ScoresInvalid(
            f"{manifest_in(data)} has no photo in the champion's test fold(s) {folds}; its folds are "
            f"{sorted(set(table['fold']))}."
        )
    return part


def learned_by(card: Card, data: Path) -> Learned:
    """Return the photos that taught or chose, from the folder of the snapshot that the card names.

    A folder with another snapshot is an answer too: then it is not known which photos these were.

    Raises:
        ManifestInvalid: when the manifest is not usable.

    """
    table = _manifest(data, card)
    found, told = snapshot_sha256(table), card.data.snapshot_sha256
    if found != told:
        return Learned(None, unknown=f"the card names the snapshot {told[:12]}, and the manifest given is {found[:12]}")
    folds = [*card.data.folds["train"], *card.data.folds["choose"]]
    return Learned(table[table["fold"].isin(folds)], tuple(near_duplicates(data)))


def leaks(learned: pd.DataFrame, test: pd.DataFrame, pairs: Iterable[tuple[str, str]] = ()) -> tuple[str, ...]:
    """Name each photo that was learned from and is a test photo, or tied to one.

    Args:
        learned: rows of a manifest.
        test: rows of a manifest.
        pairs: near-duplicates, by `image_name`.

    Returns:
        Sentences, sorted; photos are tied as in `training.splits.groups`.

    """
    names = set(test["image_name"])
    same = learned["image_name"].isin(names)
    found = [f"{name} is a test photo" for name in learned["image_name"][same]]
    together = pd.concat([learned[~same], test], ignore_index=True)
    group = groups(together, pairs)
    is_test = together["image_name"].isin(names)
    of_group = together[is_test].groupby(group[is_test])["image_name"].first()
    tied = together[~is_test & group.isin(of_group.index)]
    homes = of_group.loc[group[tied.index]]
    found += [f"{name} is tied to the test photo {home}" for name, home in zip(tied["image_name"], homes, strict=True)]
    return tuple(sorted(found))


def facts_of(champion: Package, candidate: Package, test: pd.DataFrame, learned: tuple[Learned, Learned]) -> Facts:
    """Return the facts of both models.

    Args:
        champion: the package that serves.
        candidate: the one that may.
        test: rows of the test photos.
        learned: what the champion and the candidate learned from.

    """
    took = milliseconds(champion.scorer, candidate.scorer, list(test["file"].iloc[:_TIMED]))
    both = zip((champion, candidate), took, learned, strict=True)
    facts = [_facts(package, ms, test, photos) for package, ms, photos in both]
    return Facts(champion=facts[0], candidate=facts[1])


def milliseconds(one: Scorer, other: Scorer, files: list[str]) -> tuple[float, float]:
    """Return each model's median time of a photo, pixels ready; in turns, so that other work slows both alike."""
    taken: tuple[list[float], list[float]] = ([], [])
    for number, file in enumerate([*files[:_WARM_UP], *files]):
        for scorer, times in zip((one, other), taken, strict=True):
            photo = square_pixels(Path(file).read_bytes(), scorer.card.input_size)[np.newaxis]
            began = time.perf_counter()
            scorer.logits(photo)
            if number >= _WARM_UP:
                times.append(1000 * (time.perf_counter() - began))
    return float(np.median(taken[0])), float(np.median(taken[1]))


def _manifest(data: Path, card: Card) -> pd.DataFrame:
    """Return a folder's manifest; one without folds is dealt as it was for the card's training."""
    table = read_manifest(manifest_in(data), data)
    if (table["fold"] == "").all():
        count = 1 + max(fold for folds in card.data.folds.values() for fold in folds)
        table["fold"] = deal_folds(table, groups(table, near_duplicates(data)), count)
    return table


def _facts(package: Package, took: float, test: pd.DataFrame, learned: Learned) -> ModelFacts:
    card = package.scorer.card
    chosen = card.evaluations.get("choose")
    return ModelFacts(
        version=card.version,
        created=card.created,
        model_sha256=package.scorer.sha256,
        snapshot_sha256=card.data.snapshot_sha256,
        milliseconds=took,
        megabytes=package.megabytes,
        cutoffs=card.cutoffs,
        choose_auroc=chosen.malignant_auroc if chosen else None,
        golden=package.golden,
        leaks=() if learned.photos is None else leaks(learned.photos, test, learned.near_duplicates),
        unchecked=learned.unknown,
    )
