from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from functions.triage.card import Card, Cutoffs, TrainingData
from training.card import draft_card, snapshot_sha256
from training.evaluate import evaluation_of
from training.manifest import DIAGNOSES, MALIGNANT
from training.report import FIGURES, write_report

if TYPE_CHECKING:
    from pathlib import Path

HISTORY = [
    {
        "phase": phase,
        "size": 75,
        "loss": 1.0,
        "accuracy": 0.5,
        "val_loss": 0.9,
        "val_accuracy": 0.6,
        "val_auroc": 0.8,
        "seconds": 3.0,
    }
    for phase in ("head", "head", "whole")
]


def judged(labels: np.ndarray) -> tuple[Card, np.ndarray]:
    probabilities = np.random.default_rng(0).dirichlet(np.ones(7), len(labels))
    data = TrainingData(
        name="drawn",
        snapshot_sha256="0" * 64,
        folds={"train": [0], "choose": [1], "test": [2]},
        photos={"train": 1, "choose": 1, "test": len(labels)},
        lesions={"train": 1, "choose": 1, "test": len(labels)},
        origins=["here"],
        licence="CC0",
    )
    card = draft_card(
        version="v",
        created="2026-11-22",
        input_size=75,
        classes=DIAGNOSES,
        malignant=MALIGNANT,
        parity=1e-6,
        data=data,
    )
    cutoffs = Cutoffs(low_below=0.1, urgent_from=0.7, guarantee="for the test")
    lesions = np.arange(len(labels)).astype(str)
    found = evaluation_of(probabilities, labels, lesions, DIAGNOSES, MALIGNANT, cutoffs)
    return card.model_copy(update={"evaluations": {"test": found}}), probabilities


def test_a_report_has_every_figure_small_enough_to_keep_and_comes_out_the_same_twice(tmp_path: Path) -> None:
    labels = np.arange(140) % 7
    card, probabilities = judged(labels)
    for name in ("one", "two"):
        write_report(tmp_path / name, card, probabilities, labels, HISTORY)
    files = sorted(file.name for file in (tmp_path / "one").iterdir())
    assert files == sorted(["report.md", *(f"{name}.png" for name in FIGURES)])
    for name in files:
        content = (tmp_path / "one" / name).read_bytes()
        assert content == (tmp_path / "two" / name).read_bytes()
        assert 0 < len(content) < 300_000
    text = (tmp_path / "one" / "report.md").read_text(encoding="utf-8")
    assert "| test | 140 | 140 | 60 |" in text
    assert "| 3 | whole | 75 | 1.000 |" in text
    assert all(limit in text for limit in card.limits)


def test_a_set_without_malignant_photos_still_has_a_report(tmp_path: Path) -> None:
    labels = np.full(20, DIAGNOSES.index("nv"))
    card, _ = judged(labels)
    assert card.evaluations["test"].malignant_auroc is None
    mixed = np.arange(140) % 7
    write_report(tmp_path, card, judged(mixed)[1], mixed, HISTORY)
    assert "| test | 20 | 20 | 0 | - |" in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_a_snapshot_is_named_by_its_rows_not_by_their_order_or_place() -> None:
    table = pd.DataFrame({"image_name": ["b", "a"], "diagnosis": ["nv", "mel"], "file": ["/x/b", "/x/a"]})
    moved = table.iloc[::-1].assign(file=["/y/a", "/y/b"])
    assert snapshot_sha256(table) == snapshot_sha256(moved)
    assert snapshot_sha256(table) != snapshot_sha256(table.assign(diagnosis=["nv", "nv"]))


def test_a_card_refuses_cut_offs_in_the_wrong_order() -> None:
    with pytest.raises(ValueError, match="must not lie above"):
        Cutoffs(low_below=0.8, urgent_from=0.2, guarantee="none")
