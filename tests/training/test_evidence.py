from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.training.photos import draw_set
from tests.triage import packages
from training.evaluate import logits_of
from training.evidence import evaluation_elsewhere, evidence_lines, evidence_of
from training.manifest import read_manifest

if TYPE_CHECKING:
    from pathlib import Path

    from functions.triage.card import Card


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_set(tmp_path_factory.mktemp("set"), lesions=21, folds=3)


def test_what_is_measured_fills_the_card_and_the_report(drawn: Path) -> None:
    scorer = packages.scorer()
    table = read_manifest(drawn / "manifest.csv")
    probabilities = scorer.calibrated(logits_of(scorer, list(table["file"])))
    done: list[int] = []
    found = evidence_of(scorer, table, probabilities, done.append)
    card: Card = scorer.card.model_copy(update=found)
    assert type(card).model_validate_json(card.model_dump_json()) == card
    assert card.robustness is not None
    assert card.robustness.photos == 18  # nine malignant lesions of 21, and as many benign
    assert len(done) == len(card.robustness.disturbances)
    assert [value.prevalence for value in card.predictive_values] == [pytest.approx(9 / 21), 0.01, 0.001]
    assert {group.name for group in card.groupings["origin"].groups} == {"drawn_here", "drawn_there"}
    text = "\n".join(evidence_lines(card))
    for heading in ("## What a band says", "## For whom", "### By skin tone", "## Under what"):
        assert heading in text
    for one in card.robustness.disturbances:
        assert f"| {one.kind} | {one.strength} | {one.malignant_auroc:.3f} |" in text
    assert "too few" in text  # ten malignant lesions are wanted, an origin has five


def test_a_card_without_evidence_has_no_such_lines() -> None:
    assert evidence_lines(packages.card()) == []


def test_another_set_is_judged_as_the_service_judges(drawn: Path) -> None:
    scorer = packages.scorer()
    found = evaluation_elsewhere(scorer, drawn / "manifest.csv")
    table = read_manifest(drawn / "manifest.csv")
    p = scorer.malignant(scorer.calibrated(logits_of(scorer, list(table["file"]))))
    assert (found.photos, found.lesions, found.malignant_photos) == (42, 21, 18)
    assert found.brier == pytest.approx(np.mean((p - table["target"]) ** 2))
