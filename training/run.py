"""One training run from end to end, and the report of a finished model made again."""

from __future__ import annotations

import csv
import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from functions.triage.card import TrainingData
from training import card as cards
from training.evaluate import lesions_of
from training.job import Room, hand_over, manifest_in
from training.manifest import DIAGNOSES, MALIGNANT, labels_of, read_manifest
from training.release import Trained, history_of, judged, release, scored, write
from training.splits import Split, deal_folds, groups, split_by_fold
from training.store import open_store
from training.weights import local_weights
from training.workers import ALONE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import pandas as pd

    from functions.triage.card import Card
    from functions.triage.scorer import Scorer
    from training.fit import Fitting
    from training.progress import Bar, Say
    from training.workers import Together

_NEAR_DUPLICATES = "near_duplicates.csv"


@dataclass(frozen=True)
class Folds:
    """Which folds train, choose and test."""

    train: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    choose: tuple[int, ...] = (7,)
    test: tuple[int, ...] = (8,)


def train(
    room: Room,
    *,
    data: Path,
    weights: str,
    folds: Folds,
    settings: Fitting,
    created: str,
    say: Say,
    bar: Bar,
    network: str = "inception_v3",
    on_epoch: Callable[[Mapping[str, Any]], None] = lambda _figures: None,
    together: Together = ALONE,
) -> Card | None:
    """Train, export, calibrate, evaluate and write the model package and its report into the room.

    Args:
        room: where checkpoints, model and report go.
        data: folder of the photos, and of their manifest where the room has no channel for it.
        weights: starting weights: `none`, or see `weights.local_weights`.
        folds: which folds train, choose and test.
        settings: of the fit.
        created: today, RFC 3339 date, for the card.
        say: takes one line of progress at a time.
        bar: opens a progress bar of a title and a total, and gives what sets it.
        network: one of `networks.SERVABLE`.
        on_epoch: takes each finished epoch's figures.
        together: the machines that train it.

    Returns:
        The finished card; None on a machine that is not the chief, which alone writes the package.

    Raises:
        TrainingError: with what has to be mended.

    """
    table, split = read_split(data, folds, room.manifest() if data == room.data else None)
    say(f"{len(table):,} photos: {len(split.train):,} train, {len(split.choose):,} choose, {len(split.test):,} test")
    start = None if weights == "none" else local_weights(weights, room.base / "weights")
    with bar("decoding photos", len(table)) as advance:
        photos = open_store(list(table["file"]), room.store, on_progress=advance)

    from training import networks
    from training.fit import fit

    if networks.is_whole(start):
        # Half way to what it was, it is as good on photos like those it knew, and better on others.
        settings = dataclasses.replace(settings, averages_start=True)
    servable = networks.SERVABLE[network]
    model, history = fit(
        lambda: servable.build(len(DIAGNOSES), weights=start),
        photos,
        labels_of(table),
        [DIAGNOSES.index(code) for code in MALIGNANT],
        (split.train.index.to_numpy(), split.choose.index.to_numpy()),
        settings,
        room.checkpoints,
        say,
        on_epoch=on_epoch,
        on_step=room.alive.touch,
        together=together,
    )
    if not together.is_chief:
        return None
    trained = Trained(
        split=split,
        data=_training_data(data.name, table, split, folds),
        history=history,
        starting_weights=_origin_of(weights),
        network=servable.title,
        phone=phone_photos(data),
        things=everyday_photos(data),
    )
    card = release(model, trained, package=room.packing, report=room.report, created=created, say=say, bar=bar)
    hand_over(room.packing, room.model)
    return card


def evaluate_again(scorer: Scorer, model: Path, data: Path, report: Path, bar: Bar) -> Card:
    """Score the test photos with a finished package, and write its report again.

    Args:
        scorer: the package, loaded.
        model: its folder.
        data: folder of the manifest and the photos it was trained on.
        report: folder for the report.
        bar: see `train`.

    Returns:
        The package's card with the evaluations found now.

    """
    folds = Folds(**{name: tuple(numbers) for name, numbers in scorer.card.data.folds.items()})
    _, split = read_split(data, folds)
    chosen, tested = (scorer.calibrated(scored(scorer, part, bar)) for part in (split.choose, split.test))
    card = judged(scorer, split, chosen, tested, phone_photos(data), bar).card
    write(report, card, tested, split.test, history_of(model))
    return card


def read_split(data: Path, folds: Folds, manifest: Path | None = None) -> tuple[pd.DataFrame, Split]:
    """Read a folder's manifest, or one that lies elsewhere, and split it, refusing every leak.

    A manifest without folds is dealt as many as are asked for, group by group, always the same way.

    Raises:
        TrainingError: when the manifest is not usable, or the split leaks.

    """
    manifest = manifest or manifest_in(data)
    table = read_manifest(manifest, data)
    group = groups(table, near_duplicates(manifest.parent))
    if (table["fold"] == "").all():
        table["fold"] = deal_folds(table, group, 1 + max((*folds.train, *folds.choose, *folds.test)))
    return table, split_by_fold(table, group, train=folds.train, choose=folds.choose, test=folds.test)


def near_duplicates(data: Path) -> Iterable[tuple[str, str]]:
    """Yield the pairs of `image_name` that a folder lists as near-duplicates; none where it has no such list."""
    path = data / _NEAR_DUPLICATES
    if not path.exists():
        return
    with path.open(encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            yield row["image_a"], row["image_b"]


def phone_photos(data: Path) -> Path | None:
    """Return the manifest of phone photos that lies beside the photos, where there is one."""
    manifest = data / "phone-photos" / "lesions.csv"
    return manifest if manifest.is_file() else None


def everyday_photos(data: Path) -> list[str]:
    """Return the photos of other things than skin that lie beside the photos."""
    folder = data / "everyday-photos"
    return sorted(str(file) for file in folder.rglob("*") if file.suffix in {".webp", ".jpg", ".jpeg", ".png"})


def _origin_of(weights: str) -> str:
    """Return where a network began, in words for the check-lists."""
    named = {"imagenet": "learned on ImageNet, from Keras", "none": "random"}
    return named.get(weights, f"of {Path(weights).name}")


def _training_data(name: str, table: pd.DataFrame, split: Split, folds: Folds) -> TrainingData:
    parts: dict[Any, pd.DataFrame] = {"train": split.train, "choose": split.choose, "test": split.test}
    return TrainingData(
        name=name,
        snapshot_sha256=cards.snapshot_sha256(table),
        folds={"train": list(folds.train), "choose": list(folds.choose), "test": list(folds.test)},
        photos={key: len(part) for key, part in parts.items()},
        lesions={key: len(set(lesions_of(part))) for key, part in parts.items()},
        origins=sorted(set(table["origin"]) - {""}),
        licence="; ".join(sorted(set(table["licence"]) - {""})) or "not stated",
    )
