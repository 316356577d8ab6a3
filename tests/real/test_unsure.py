"""When the shipped model does not know: real lesions are answered, what is none is not."""

from __future__ import annotations

import csv
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from functions.triage.answer import Prediction, answer_photo
from functions.triage.explain import explain
from functions.triage.pixels import square_pixels
from functions.triage.scorer import columns_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from functions.triage.scorer import Scorer

# One photo of so many: a few seconds of each set.
LESIONS_STEP, EVERYDAY_STEP = 12, 5
EXPLAIN_MS = 15


@pytest.fixture(scope="module")
def careful(scorer: Scorer) -> Scorer:
    if scorer.card.novelty is None:
        pytest.skip(f"the model {scorer.card.version} was packed without the limits of what it knows")
    return scorer


def answers(scorer: Scorer, files: Iterable[Path]) -> list[Prediction]:
    return [answer_photo(file.read_bytes(), scorer, prediction_id="p", request_id="r")[0] for file in files]


def files_of(folder: Path, manifest: str, **wanted: str) -> list[Path]:
    with (folder / manifest).open(encoding="utf-8", newline="") as rows:
        return [
            folder / row["path"]
            for row in csv.DictReader(rows)
            if all(row[name] == value for name, value in wanted.items())
        ]


def unsure(found: list[Prediction]) -> float:
    return sum(answer.risk_band == "unsure" for answer in found) / len(found)


def test_lesions_are_answered(lesions: Path, careful: Scorer) -> None:
    found = answers(careful, files_of(lesions, "lesions.csv", fold="8")[::LESIONS_STEP])
    assert len(found) > 100
    assert unsure(found) <= 0.04  # 2 % of all; of these 120, by chance, up to 4
    told = careful.card.refusals["test"].refused
    assert told
    assert told.value <= 0.02


def test_everyday_photos_are_not(lesions: Path, careful: Scorer) -> None:
    found = answers(careful, files_of(lesions / "everyday-photos", "everyday.csv")[::EVERYDAY_STEP])
    assert len(found) > 50
    assert unsure(found) >= 0.9  # 95 % of all
    told = careful.card.refusals["everyday"].refused
    assert told
    assert told.value >= 0.95


def test_phone_photos_are_answered_as_clinical_ones_and_never_low(lesions: Path, careful: Scorer) -> None:
    found = answers(careful, files_of(lesions / "phone-photos", "lesions.csv"))
    assert unsure(found) <= 0.10
    clinical = [answer for answer in found if answer.domain.kind == "clinical"]
    assert len(clinical) > len(found) / 2
    assert {answer.risk_band for answer in clinical} <= {"watch", "urgent"}
    assert all(answer.advice.caution for answer in clinical)


def test_the_explanation_is_exact_and_quick(lesions: Path, careful: Scorer) -> None:
    size = careful.card.input_size
    squares = [square_pixels(file.read_bytes(), size) for file in files_of(lesions, "lesions.csv", fold="8")[:300:100]]
    outputs = [careful.outputs(square, ["logits", "activation"]) for square in squares]
    # Without the head's bias, which is the same for every photo.
    constants = [found["logits"][0] - found["activation"][0].mean(axis=(0, 1)) for found in outputs]
    for constant in constants[1:]:
        np.testing.assert_allclose(constant, constants[0], atol=1e-3)
    malignant = columns_of(careful.card.malignant, careful.card.classes)
    probabilities = careful.calibrated(outputs[0]["logits"])[0]
    took = []
    for _ in range(10):
        began = time.perf_counter()
        explain(outputs[0]["activation"][0], probabilities, malignant, careful.card.temperature, size)
        took.append(1e3 * (time.perf_counter() - began))
    assert min(took) < EXPLAIN_MS
