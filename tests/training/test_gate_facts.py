"""What a candidate learned from is held against the test photos; packages are measured side by side."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from functions.triage import golden
from functions.triage.scorer import load_scorer
from tests.training.photos import draw_set, write_manifest
from tests.triage import packages
from training import gate_facts
from training.card import snapshot_sha256
from training.errors import ScoresInvalid
from training.manifest import read_manifest

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


def rows(*given: dict[str, str], folder: Path) -> pd.DataFrame:
    usual = {"diagnosis": "nv", "lesion_id": "", "patient_id": "", "group_id": "", "fold": "0"}
    folder.mkdir(parents=True, exist_ok=True)
    return read_manifest(write_manifest(folder / "manifest.csv", [{**usual, **one} for one in given]))


@pytest.mark.parametrize(
    ("learned", "pairs", "found"),
    [
        ({"image_name": "a", "lesion_id": "l2"}, (), ()),
        ({"image_name": "t", "lesion_id": "l1"}, (), ("t is a test photo",)),
        ({"image_name": "a", "lesion_id": "l1"}, (), ("a is tied to the test photo t",)),
        ({"image_name": "a", "patient_id": "p1"}, (), ("a is tied to the test photo t",)),
        ({"image_name": "a", "group_id": "g1"}, (), ("a is tied to the test photo t",)),
        ({"image_name": "a"}, (("t", "a"),), ("a is tied to the test photo t",)),
        ({"image_name": "a"}, (("t", "c"),), ()),
    ],
)
def test_each_tie_to_a_test_photo_is_a_leak(
    tmp_path: Path, learned: dict[str, str], pairs: tuple[tuple[str, str], ...], found: tuple[str, ...]
) -> None:
    test = rows(
        {"image_name": "t", "lesion_id": "l1", "patient_id": "p1", "group_id": "g1"},
        {"image_name": "u", "lesion_id": "l9", "patient_id": "", "group_id": ""},
        folder=tmp_path / "test",
    )
    taught = rows(learned, folder=tmp_path / "learned")
    assert gate_facts.leaks(taught, test, pairs) == found


def test_a_tie_by_way_of_another_learned_photo_is_a_leak_too(tmp_path: Path) -> None:
    test = rows({"image_name": "t", "lesion_id": "l1"}, folder=tmp_path / "test")
    learned = rows(
        {"image_name": "a", "lesion_id": "l1", "patient_id": "p"},
        {"image_name": "b", "lesion_id": "l2", "patient_id": "p"},
        folder=tmp_path / "learned",
    )
    assert len(gate_facts.leaks(learned, test)) == 2


def test_what_was_learned_is_read_from_the_snapshot_that_the_card_names(tmp_path: Path) -> None:
    data = draw_set(tmp_path / "set", lesions=42, folds=3)
    told = snapshot_sha256(read_manifest(data / "manifest.csv"))
    card = packages.card()
    named = card.model_copy(update={"data": card.data.model_copy(update={"snapshot_sha256": told})})
    learned = gate_facts.learned_by(named, data)
    assert learned.photos is not None
    assert set(learned.photos["fold"]) == {0, 1}
    assert set(gate_facts.judging_photos(data, card)["fold"]) == {2}
    other = gate_facts.learned_by(card, data)
    assert other.photos is None
    assert "000000000000" in other.unknown


def test_a_folder_without_test_photos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScoresInvalid, match=r"no photo in the champion's test fold\(s\) \[2\]"):
        gate_facts.judging_photos(draw_set(tmp_path / "set", lesions=14, folds=2), packages.card())


def test_a_package_without_what_the_gate_needs_is_refused(tmp_path: Path) -> None:
    package = packages.write(tmp_path / "package")
    with pytest.raises(ScoresInvalid, match=r"golden\.json"):
        gate_facts.open_package(package)
    (package / "model.onnx").write_bytes(b"other")
    with pytest.raises(ScoresInvalid, match="not the file in its manifest"):
        gate_facts.open_package(package)


def test_a_package_that_answers_otherwise_than_it_says_is_told(tmp_path: Path) -> None:
    package = packages.write(tmp_path / "package")
    answers = golden.golden_answers(load_scorer(package))
    (package / "golden.json").write_text(json.dumps(answers), encoding="utf-8")
    assert gate_facts.open_package(package).golden == ()
    answers["bare skin"]["probabilities"]["mel"] += 0.1
    (package / "golden.json").write_text(json.dumps(answers), encoding="utf-8")
    assert "bare skin" in gate_facts.open_package(package).golden[0]


def test_both_models_are_timed_on_the_same_photos(tmp_path: Path) -> None:
    files = list(read_manifest(draw_set(tmp_path / "set", lesions=7, folds=1) / "manifest.csv")["file"])
    one, other = gate_facts.milliseconds(packages.scorer(), packages.scorer(), files)
    assert 0 < one < 1000
    assert 0 < other < 1000
