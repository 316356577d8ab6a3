from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.training.photos import draw_set, write_manifest
from training.card import snapshot_sha256
from training.errors import SplitLeaks
from training.manifest import labels_of
from training.run import Folds, read_split

if TYPE_CHECKING:
    from pathlib import Path


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_manifest_without_folds_is_dealt_by_whole_lesions_always_the_same_way(tmp_path: Path) -> None:
    folder = draw_set(tmp_path / "data", lesions=63, folds=9)
    rows = rows_of(folder)
    write_manifest(folder / "manifest.csv", [{k: v for k, v in row.items() if k != "fold"} for row in rows])
    table, split = read_split(folder, Folds())
    assert sorted(set(table["fold"])) == list(range(9))
    parts = (split.train, split.choose, split.test)
    assert sum(map(len, parts)) == 126
    lesions = [set(part["lesion_id"]) for part in parts]
    assert sum(map(len, lesions)) == len(set.union(*lesions)) == 63
    # Each diagnosis is in each set: the deal is even.
    assert all(set(part["diagnosis"]) == set(table["diagnosis"]) for part in parts)
    again, _ = read_split(folder, Folds())
    assert snapshot_sha256(again) == snapshot_sha256(table)


def test_a_near_duplicate_that_straddles_is_refused(tmp_path: Path) -> None:
    folder = draw_set(tmp_path / "data", lesions=63, folds=9)
    read_split(folder, Folds())
    pair = [{"image_a": "photo_000_0", "image_b": "photo_062_1"}]
    write_manifest(folder / "near_duplicates.csv", pair)
    with pytest.raises(SplitLeaks, match=r"photo_000_0 \(train\) and photo_062_0 \(test\)"):
        read_split(folder, Folds())


def test_how_a_diagnosis_was_confirmed_reaches_neither_labels_nor_sets(tmp_path: Path) -> None:
    folder = draw_set(tmp_path / "data", lesions=63, folds=9)
    rows = rows_of(folder)
    given = []
    for confirmed in ("histo", "follow_up"):
        write_manifest(folder / "manifest.csv", [{**row, "dx_type": confirmed} for row in rows])
        table, split = read_split(folder, Folds())
        given.append((labels_of(table), list(table["file"]), split.train.index, split.choose.index, split.test.index))
    for one, other in zip(*given, strict=True):
        np.testing.assert_array_equal(one, other)
