"""The photos that the program draws: the package that ships still answers them as it did."""

from __future__ import annotations

import copy
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from functions.registry.errors import VersionUnusable
from functions.triage.golden import TOLERANCE, deviations, drawn_photos, golden_answers
from functions.triage.scorer import SHIPPED_MODEL
from functions.triage.trial import checked_scorer
from tests.triage import packages

if TYPE_CHECKING:
    from pathlib import Path

    from functions.triage.scorer import Scorer


@pytest.fixture(scope="module")
def golden() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SHIPPED_MODEL / "golden.json").read_text(encoding="utf-8"))
    return found


def test_the_package_that_ships_answers_as_it_did(scorer: Scorer, golden: dict[str, Any]) -> None:
    assert deviations(golden, golden_answers(scorer)) == []


def test_the_manifest_that_ships_names_every_file() -> None:
    manifest = json.loads((SHIPPED_MODEL / "manifest.json").read_text(encoding="utf-8"))
    found = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in SHIPPED_MODEL.iterdir()
        if file.name != "manifest.json"
    }
    assert manifest["sha256"] == found


def test_drawings_are_the_same_each_time_and_unlike_each_other() -> None:
    assert drawn_photos() == drawn_photos()
    assert len(set(drawn_photos().values())) == len(drawn_photos()) == 3


def test_answers_are_no_deviation_from_themselves(golden: dict[str, Any]) -> None:
    assert deviations(golden, golden) == []


def test_a_small_difference_of_another_processor_is_none(golden: dict[str, Any]) -> None:
    found = copy.deepcopy(golden)
    found["bare skin"]["probabilities"]["mel"] += TOLERANCE / 2
    assert deviations(golden, found) == []


def test_each_kind_of_deviation_is_told(golden: dict[str, Any]) -> None:
    moved, other_pixels, forgotten, added = (copy.deepcopy(golden) for _ in range(4))
    moved["bare skin"]["probabilities"]["mel"] += 2 * TOLERANCE
    other_pixels["bare skin"]["pixels_sha256"] = "0" * 64
    del forgotten["bare skin"]
    added["freckle"] = added["bare skin"]
    assert "bare skin: a probability differs by 0.0040" in deviations(golden, moved)[0]
    assert deviations(golden, other_pixels) == ["bare skin: the pixels differ"]
    assert deviations(golden, forgotten) == ["bare skin: expected, but not drawn"]
    assert deviations(golden, added) == ["freckle: drawn, but not expected"]


def test_another_diagnosis_is_a_deviation(golden: dict[str, Any]) -> None:
    found = copy.deepcopy(golden)
    found["bare skin"]["probabilities"]["scc"] = 0.0
    assert "bare skin" in deviations(golden, found)[0]


@pytest.mark.parametrize("text", ["[1]", "{", '{"bare skin": 1}', '{"bare skin": {"pixels_sha256": "a"}}'])
def test_what_holds_no_answers_makes_a_version_unusable(tmp_path: Path, text: str) -> None:
    package = packages.write(tmp_path / "v1")
    (package / "golden.json").write_text(text, "utf-8")
    with pytest.raises(VersionUnusable, match=r"golden\.json holds no answers"):
        checked_scorer(package)
