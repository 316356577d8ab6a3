"""One training run from end to end, and the report of a finished model made again."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from functions.triage.card import Evaluation, TrainingData
from functions.triage.pixels import square_pixels
from training import card as cards
from training.calibrate import calibration_of, cutoffs_of
from training.evaluate import evaluation_of, lesions_of, logits_of
from training.job import Room, manifest_in
from training.manifest import DIAGNOSES, MALIGNANT, read_manifest
from training.splits import Split, deal_folds, groups, split_by_fold
from training.store import open_store
from training.weights import local_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractContextManager

    import pandas as pd
    from numpy.typing import NDArray

    from functions.triage.card import Card
    from functions.triage.scorer import Scorer
    from training.fit import Fitting

    Bar = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]

# Real photos on which the exported file must answer as the network does.
_PARITY_PHOTOS = 64
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
    say: Callable[[str], None],
    bar: Bar,
) -> Card:
    """Train, export, calibrate, evaluate and write the model package and its report into the room.

    Args:
        room: where checkpoints, model and report go.
        data: folder of the manifest and its photos.
        weights: starting weights, see `weights.local_weights`.
        folds: which folds train, choose and test.
        settings: of the fit.
        created: today, RFC 3339 date, for the card.
        say: takes one line of progress at a time.
        bar: opens a progress bar of a title and a total, and gives what sets it.

    Returns:
        The finished card.

    Raises:
        TrainingError: with what has to be mended.

    """
    table, split = read_split(data, folds)
    say(f"{len(table):,} photos: {len(split.train):,} train, {len(split.choose):,} choose, {len(split.test):,} test")
    start = local_weights(weights, room.base / "weights")
    with bar("decoding photos", len(table)) as advance:
        photos = open_store(list(table["file"]), room.store, on_progress=advance)

    from training import networks
    from training.export import export, round_to_half
    from training.fit import fit

    labels = labels_of(table)
    rows = (split.train.index.to_numpy(), split.choose.index.to_numpy())
    network, history = fit(
        lambda: networks.inception_v3(len(DIAGNOSES), weights=start),
        photos,
        labels,
        [DIAGNOSES.index(code) for code in MALIGNANT],
        rows,
        settings,
        room.checkpoints,
        say,
    )
    size = int(history[-1]["size"])
    say("exporting to ONNX")
    round_to_half(network)
    shown = [square_pixels(Path(file).read_bytes(), size) for file in split.choose["file"].iloc[:_PARITY_PHOTOS]]
    model = room.base / "model.onnx"
    parity = export(network, size, np.stack(shown), model)
    say(f"the file answers as the network does: largest difference of a probability {parity:.1e}")

    draft = cards.draft_card(
        version=f"{created.replace('-', '.')}-{cards.file_sha256(model)[:8]}",
        created=created,
        input_size=size,
        classes=DIAGNOSES,
        malignant=MALIGNANT,
        parity=parity,
        data=_training_data(data.name, table, split, folds),
    )
    scorer = cards.unpackaged_scorer(model, draft)
    chosen_logits = _scored(scorer, split.choose, bar)
    calibration = calibration_of(chosen_logits, labels[rows[1]])
    scorer = cards.with_card(scorer, temperature=calibration.temperature, biases=list(calibration.biases))
    chosen = scorer.calibrated(chosen_logits)
    cutoffs = cutoffs_of(scorer.malignant(chosen), split.choose["target"].to_numpy() == 1)
    scorer = cards.with_card(scorer, cutoffs=cutoffs)
    tested = scorer.calibrated(_scored(scorer, split.test, bar))
    card = _judged(scorer, split, chosen, tested)
    _write(room.model, room.report, model, card, split.test, tested, history)
    model.unlink()
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
    chosen = scorer.calibrated(_scored(scorer, split.choose, bar))
    tested = scorer.calibrated(_scored(scorer, split.test, bar))
    card = _judged(scorer, split, chosen, tested)
    from training.report import write_report

    history = json.loads((model / "report.json").read_text(encoding="utf-8"))["history"]
    write_report(report, card, tested, labels_of(split.test), history)
    return card


def read_split(data: Path, folds: Folds) -> tuple[pd.DataFrame, Split]:
    """Read a folder's manifest and split it, refusing every leak.

    A manifest without folds is dealt as many as are asked for, group by group, always the same way.

    Raises:
        TrainingError: when the manifest is not usable, or the split leaks.

    """
    table = read_manifest(manifest_in(data))
    group = groups(table, near_duplicates(data))
    if (table["fold"] == "").all():
        table["fold"] = deal_folds(table, group, 1 + max((*folds.train, *folds.choose, *folds.test)))
    return table, split_by_fold(table, group, train=folds.train, choose=folds.choose, test=folds.test)


def labels_of(table: pd.DataFrame) -> NDArray[np.int64]:
    """Return the class number of each row's diagnosis."""
    return np.array([DIAGNOSES.index(code) for code in table["diagnosis"]], dtype=np.int64)


def near_duplicates(data: Path) -> Iterable[tuple[str, str]]:
    """Yield the pairs of `image_name` that a folder lists as near-duplicates; none where it has no such list."""
    path = data / _NEAR_DUPLICATES
    if not path.exists():
        return
    with path.open(encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            yield row["image_a"], row["image_b"]


def _scored(scorer: Scorer, part: pd.DataFrame, bar: Bar) -> NDArray[np.float32]:
    with bar("scoring photos", len(part)) as advance:
        return logits_of(scorer, list(part["file"]), advance)


def _judged(scorer: Scorer, split: Split, chosen: NDArray[np.float64], tested: NDArray[np.float64]) -> Card:
    """Return the scorer's card with the figures of the choosing and the test photos."""
    card = scorer.card
    found = {"choose": _evaluation(card, split.choose, chosen), **_test_evaluations(card, split.test, tested)}
    return cards.with_card(scorer, evaluations=found).card


def _evaluation(card: Card, part: pd.DataFrame, probabilities: NDArray[np.float64]) -> Evaluation:
    return evaluation_of(probabilities, labels_of(part), lesions_of(part), card.classes, card.malignant, card.cutoffs)


def _test_evaluations(card: Card, test: pd.DataFrame, probabilities: NDArray[np.float64]) -> dict[str, Evaluation]:
    """Return the figures of all test photos, of each family of origins (`ham_*`), and of each origin."""
    origin = test["origin"]
    family = origin.where(origin == "", origin.str.partition("_")[0] + "_*")
    masks = {"test": np.ones(len(test), dtype=bool)}
    for column in (family, origin):
        for name in sorted(set(column) - {""}):
            masks[f"test, {name}"] = (column == name).to_numpy()
    return {name: _evaluation(card, test[mask], probabilities[mask]) for name, mask in masks.items()}


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


def _write(
    package: Path,
    report: Path,
    model: Path,
    card: Card,
    test: pd.DataFrame,
    probabilities: NDArray[np.float64],
    history: Sequence[dict[str, Any]],
) -> None:
    from training.report import write_report

    shutil.rmtree(report, ignore_errors=True)
    write_report(report, card, probabilities, labels_of(test), history)
    evaluations = {name: found.model_dump(mode="json") for name, found in card.evaluations.items()}
    cards.write_package(package, model, card, {"evaluations": evaluations, "history": list(history)})
