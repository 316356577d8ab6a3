"""From a trained network to a model package: stored, calibrated, taught when to be unsure, judged once, written."""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx

from functions.triage.card import StoredForm
from functions.triage.pixels import square_pixels
from functions.triage.scorer import load_scorer
from training import card as cards
from training.calibrate import calibration_of, cutoffs_of
from training.checklists import Study, counts_of, filled, write_sheets
from training.evaluate import evaluation_of, lesions_of, logits_of
from training.evidence import evaluation_elsewhere, evidence_of
from training.manifest import DIAGNOSES, MALIGNANT, labels_of, read_manifest
from training.metadata import person_effect, with_facts
from training.quantize import float32_graph, judged_form, quantized
from training.reference import add_reference, reference_of
from training.robustness import disturbances
from training.unsure import TRAINING_PHOTOS, Looks, limits_of, looks_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import keras
    import pandas as pd
    from numpy.typing import NDArray

    from functions.triage.card import Card, Evaluation, TrainingData, View
    from functions.triage.novelty import Novelty
    from functions.triage.scorer import Scorer
    from training.progress import Bar, Say
    from training.splits import Split

# Real photos on which the exported file must answer as the network does.
_PARITY_PHOTOS = 64
# From so many training photos the ranges of eight bits are read.
_RANGE_PHOTOS = 48
# A photo and the same turned by half: on fold 7 most of what eight views bring, for twice one (`EXPERIMENTS.md`).
VIEWS: tuple[View, ...] = ("as taken", "turned by half")
_LIBRARIES = ("tensorflow-cpu", "keras", "onnx", "onnxruntime", "numpy", "scikit-learn", "pillow")


@dataclass(frozen=True)
class Trained:
    """What a run has when the network has learned.

    `phone` is a manifest of phone photos, where there is one; `things` are photos that show no skin.
    """

    split: Split
    data: TrainingData
    history: Sequence[dict[str, Any]]
    starting_weights: str
    network: str  # its title, for the card
    phone: Path | None
    things: Sequence[str]


def release(
    network: keras.Model,
    trained: Trained,
    *,
    package: Path,
    report: Path,
    created: str,
    say: Say,
    bar: Bar,
) -> Card:
    """Write the model package and its report.

    Every choice is made on the choosing photos; the test photos are judged once, by the finished file.

    Args:
        network: float32, 0..255 in, logits out; its kernels are rounded on the way.
        trained: see there.
        package: folder of the package.
        report: folder of the report.
        created: today, RFC 3339 date.
        say: takes one line of progress at a time.
        bar: opens a progress bar of a title and a total, and gives what sets it.

    Returns:
        The finished card.

    Raises:
        TrainingError: when the stored file differs from the network, or a check-list has an empty item.
        PhotoRejected: when a photo cannot be read.

    """
    from training.export import export, round_to_half

    split, size = trained.split, int(trained.history[-1]["size"])
    say("exporting to ONNX")
    round_to_half(network)
    shown = _squares(list(split.choose["file"].iloc[:_PARITY_PHOTOS]), size)
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model.onnx"
        parity = export(network, size, shown, model)
        say(f"the file answers as the network does: largest difference of a probability {parity:.1e}")
        draft = _draft(model, trained, size, parity, created)
        scorer, model, chosen = _in_fastest_form(draft, model, split, say, bar)
        is_malignant = split.choose["target"].to_numpy() == 1
        cutoffs = cutoffs_of(scorer.malignant(chosen), is_malignant, lesions_of(split.choose))
        person = person_effect(split.train, split.choose, chosen, DIAGNOSES)
        scorer = cards.with_card(scorer, cutoffs=cutoffs, person=person)
        novelty, limits = _limits(scorer, trained, bar)
        scorer = cards.with_card(scorer, **limits)
        tested = scorer.calibrated(scored(scorer, split.test, bar))
        scorer = judged(scorer, split, chosen, tested, trained.phone, bar)
        card = scorer.card
        libraries = {name: importlib.metadata.version(name) for name in _LIBRARIES}
        parts = {"train": split.train, "choose": split.choose, "test": split.test}
        sheets = filled(Study(card, parts, trained.history, trained.starting_weights, libraries))
        card = card.model_copy(update={"checklists": counts_of(sheets)})
        shutil.rmtree(report, ignore_errors=True)
        write(report, card, tested, split.test, trained.history)
        write_sheets(report, sheets)
        found = {name: one.model_dump(mode="json") for name, one in card.evaluations.items()}
        cards.write_package(package, model, card, {"evaluations": found, "history": list(trained.history)}, novelty)
        add_reference(package, reference_of(load_scorer(package), list(split.choose["file"]), bar))
    return card


def judged(
    scorer: Scorer,
    split: Split,
    chosen: NDArray[np.float64],
    tested: NDArray[np.float64],
    phone: Path | None,
    bar: Bar,
) -> Scorer:
    """Return the scorer with every figure of the choosing, the test and the phone photos in its card.

    Args:
        scorer: finished but for its figures.
        split: the rows.
        chosen: calibrated probabilities of the choosing photos, (n, classes), of the photos alone.
        tested: of the test photos.
        phone: manifest of phone photos, where there is one.
        bar: see `release`.

    """
    card = scorer.card
    choose = _evaluation(card, split.choose, chosen)
    melanoma = choose.melanoma_on_curve.threshold if choose.melanoma_on_curve else None
    found = {"choose": choose}
    for name, mask in _parts(split.test).items():
        found[name] = _evaluation(card, split.test[mask], tested[mask], melanoma_from=melanoma)
    if card.person is not None:
        informed = with_facts(tested, card.person, split.test)
        banded_by = np.maximum(scorer.malignant(tested), scorer.malignant(informed))
        found["test, with age, sex and site"] = _evaluation(
            card, split.test, informed, melanoma_from=melanoma, banded_by=banded_by
        )
    if phone is not None:
        found["phone"] = evaluation_elsewhere(scorer, phone)
    scorer = cards.with_card(scorer, evaluations=found)
    with bar("disturbing photos", disturbances()) as advance:
        return cards.with_card(scorer, **evidence_of(scorer, split.test, tested, advance))


def write(
    report: Path,
    card: Card,
    tested: NDArray[np.float64],
    test: pd.DataFrame,
    history: Sequence[dict[str, Any]],
) -> None:
    """Write the report of a finished card."""
    from training.report import write_report

    write_report(report, card, tested, labels_of(test), history)


def history_of(package: Path) -> list[dict[str, Any]]:
    """Return a package's epochs."""
    return list(json.loads((package / "report.json").read_text(encoding="utf-8"))["history"])


def _draft(model: Path, trained: Trained, size: int, parity: float, created: str) -> Scorer:
    card = cards.draft_card(
        version="draft",
        created=created,
        input_size=size,
        classes=DIAGNOSES,
        malignant=MALIGNANT,
        parity=parity,
        data=trained.data,
        network=trained.network,
        views=VIEWS,
    )
    return cards.unpackaged_scorer(model, card)


def _calibrated(scorer: Scorer, choose: pd.DataFrame, bar: Bar) -> tuple[Scorer, NDArray[np.float64]]:
    """Return the scorer calibrated on the choosing photos, and their calibrated probabilities, (n, classes)."""
    logits = scored(scorer, choose, bar)
    calibration = calibration_of(logits, labels_of(choose))
    scorer = cards.with_card(scorer, temperature=calibration.temperature, biases=list(calibration.biases))
    return scorer, scorer.calibrated(logits)


def _in_fastest_form(
    draft: Scorer, model: Path, split: Split, say: Say, bar: Bar
) -> tuple[Scorer, Path, NDArray[np.float64]]:
    """Return the calibrated scorer of the fastest file that answers as well as float32, that file, and its answers.

    The stored kernels are exactly float32's, as they were rounded before the export: eight bits are all that is left
    to judge, with a calibration of their own. The answers are the choosing photos' probabilities, (n, classes).
    """
    eight = model.with_name("eight.onnx")
    some = split.train["file"].iloc[:: max(1, len(split.train) // _RANGE_PHOTOS)]
    ranges = _squares(list(some), draft.card.input_size)
    onnx.save(quantized(float32_graph(model), ranges), eight)
    scorer, plain = _calibrated(draft, split.choose, bar)
    small, found = _calibrated(cards.unpackaged_scorer(eight, draft.card), split.choose, bar)
    is_malignant = split.choose["target"].to_numpy() == 1
    verdict = judged_form(scorer.malignant(plain), small.malignant(found), is_malignant)
    say(
        f"in eight bits: malignant AUROC falls by {verdict.auroc_fall:.4f}, P(malignant) stays within 0.02 for "
        f"{100 * verdict.share_within:.1f} % of photos: {'serves' if verdict.may_serve else 'does not serve'}"
    )
    forms = {
        "float16": StoredForm(bytes=model.stat().st_size, auroc_fall=0.0, share_within=1.0, largest_move=0.0),
        "8 bits": StoredForm(
            bytes=eight.stat().st_size,
            auroc_fall=verdict.auroc_fall,
            share_within=verdict.share_within,
            largest_move=verdict.largest_move,
        ),
    }
    served, file, kind, chosen = (
        (small, eight, "8 bits", found) if verdict.may_serve else (scorer, model, "float16", plain)
    )
    version = f"{draft.card.created.replace('-', '.')}-{served.sha256[:8]}"
    return cards.with_card(served, version=version, stored_as=kind, stored_forms=forms), file, chosen


def _limits(scorer: Scorer, trained: Trained, bar: Bar) -> tuple[Novelty, dict[str, Any]]:
    """Return what tells photos of skin from others, and the card's fields of it."""
    split = trained.split
    phone = read_manifest(trained.phone) if trained.phone else split.train.iloc[:0]
    some = split.train.iloc[:: max(1, len(split.train) // TRAINING_PHOTOS)]
    files = {
        "train": list(some["file"]),
        "choose": list(split.choose["file"]),
        "test": list(split.test["file"]),
        "phone": list(phone["file"]),
        "things": list(trained.things),
    }
    looks: dict[str, Looks] = {}
    for name, of_part in files.items():
        if not of_part:
            looks[name] = looks["train"].none()
            continue
        with bar(f"looking at photos: {name}", len(of_part)) as advance:
            looks[name] = looks_of(scorer, of_part, advance)
    patients = phone["patient_id"].to_numpy(str)
    further = {"everyday": looks["things"]} if trained.things else {}
    found = limits_of(looks["train"], looks["choose"], looks["test"], looks["phone"], patients, further)
    return found.novelty, found.changes


def scored(scorer: Scorer, part: pd.DataFrame, bar: Bar) -> NDArray[np.float32]:
    """Return the logits, float32 (n, classes), of the photos of some rows of the manifest."""
    with bar("scoring photos", len(part)) as advance:
        return logits_of(scorer, list(part["file"]), advance)


def _squares(files: Sequence[str], size: int) -> NDArray[np.uint8]:
    return np.stack([square_pixels(Path(file).read_bytes(), size) for file in files])


def _evaluation(card: Card, part: pd.DataFrame, probabilities: NDArray[np.float64], **how: Any) -> Evaluation:
    return evaluation_of(
        probabilities, labels_of(part), lesions_of(part), card.classes, card.malignant, card.cutoffs, **how
    )


def _parts(test: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
    """Return the rows of all test photos, of each family of origins (`ham_*`), and of each origin."""
    origin = test["origin"]
    family = origin.where(origin == "", origin.str.partition("_")[0] + "_*")
    masks = {"test": np.ones(len(test), dtype=bool)}
    for column in (family, origin):
        for name in sorted(set(column) - {""}):
            masks[f"test, {name}"] = (column == name).to_numpy()
    return masks
