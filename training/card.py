"""The model package: the card and the files beside it, written whole or not at all."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from typing import TYPE_CHECKING, Any

import onnxruntime

from functions.triage import golden
from functions.triage.card import Card, Cutoffs
from functions.triage.scorer import NOVELTY, Scorer, load_scorer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from functions.triage.card import TrainingData, View
    from functions.triage.novelty import Novelty

DIAGNOSIS_NAMES = {
    "akiec": "actinic keratosis, Bowen's disease or squamous cell carcinoma",
    "bcc": "basal cell carcinoma",
    "bkl": "benign keratosis (solar lentigo, seborrheic or lichen planus-like keratosis)",
    "df": "dermatofibroma",
    "mel": "melanoma",
    "nv": "melanocytic nevus (mole)",
    "vasc": "vascular lesion",
}

INTENDED_USE = (
    "A pre-assessment of one photo of one skin spot of an adult, to help decide how soon a doctor should look. "
    "Not a diagnosis, not a reason to stay away from a doctor, not for choosing a treatment."
)

LIMITS = [
    "It learned from dermoscopic photos, most of them from clinics in Austria, Australia and the United States.",
    "An ordinary phone photo, taken without a dermatoscope, is outside of what it learned.",
    "Almost all photos show light skin. Nothing is claimed for dark skin.",
    "Where a photo came from predicts its diagnosis in this data; figures at another hospital will be lower.",
    "Nevi confirmed by follow-up come from few devices and are easier than nevi that a doctor chose to remove.",
    "It knows seven diagnoses. Anything else is forced into one of them.",
    "HAM10000 publishes no patient number: two lesions of one patient cannot be kept apart.",
]

MODEL_LICENCE = (
    "The weights carry the licence of the photos they learned from: non-commercial use only (CC BY-NC 4.0, in part "
    "CC BY-NC-SA 4.0). The code around them is Apache-2.0."
)


# Until the finished file has been seen on the choosing photos.
_NO_CUTOFFS = Cutoffs(low_below=0.0, urgent_from=1.0, guarantee="none yet")


def snapshot_sha256(table: pd.DataFrame) -> str:
    """Return the hash that names a training snapshot: of its rows in canonical CSV, without local paths."""
    canonical = table.drop(columns="file").sort_values("image_name").to_csv(index=False, lineterminator="\n")
    return hashlib.sha256(canonical.encode()).hexdigest()


def file_sha256(file: Path) -> str:
    """Return the hash of a file's bytes."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def draft_card(
    *,
    version: str,
    created: str,
    input_size: int,
    classes: tuple[str, ...],
    malignant: tuple[str, ...],
    parity: float,
    data: TrainingData,
    network: str = "InceptionV3 (Szegedy 2016)",
    views: Sequence[View] = ("as taken",),
) -> Card:
    """Return the card before calibration and evaluation, for which the file must already be scored."""
    return Card(
        version=version,
        created=created,
        network=f"{network}, global average pooling, seven logits; ONNX",
        views=list(views),
        input_size=input_size,
        classes=list(classes),
        malignant=list(malignant),
        diagnosis_names={code: DIAGNOSIS_NAMES[code] for code in classes},
        temperature=1.0,
        biases=[0.0] * len(classes),
        cutoffs=_NO_CUTOFFS,
        evaluations={},
        parity=parity,
        data=data,
        licence=MODEL_LICENCE,
        intended_use=INTENDED_USE,
        limits=LIMITS,
    )


def unpackaged_scorer(model: Path, card: Card) -> Scorer:
    """Return the serving scorer of a file that has no package yet."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return Scorer(card, file_sha256(model), session)


def with_card(scorer: Scorer, **changes: Any) -> Scorer:
    """Return the scorer with some of its card's fields changed."""
    return dataclasses.replace(scorer, card=scorer.card.model_copy(update=changes))


def write_package(
    folder: Path, model: Path, card: Card, report: dict[str, Any], novelty: Novelty | None = None
) -> None:
    """Write `model.onnx`, `card.json`, `report.json`, `golden.json`, and last `manifest.json` with their hashes.

    `novelty.npz` is among them where the card has its rule.

    The package appears in one step: it is written beside its place, loaded as the service loads it, and moved.
    """
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    shutil.copyfile(model, partial / "model.onnx")
    _write_json(partial / "card.json", card.model_dump(mode="json"))
    _write_json(partial / "report.json", report)
    if novelty is not None:
        (partial / NOVELTY).write_bytes(novelty.to_bytes())
    _write_json(partial / "golden.json", golden.golden_answers(unpackaged_scorer(partial / "model.onnx", card)))
    hashes = {file.name: file_sha256(file) for file in sorted(partial.iterdir())}
    _write_json(
        partial / "manifest.json",
        {"version": card.version, "snapshot_sha256": card.data.snapshot_sha256, "sha256": hashes},
    )
    load_scorer(partial)
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
