from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from functions.triage.pixels import square_pixels
from tests.training.photos import draw_set
from training.errors import ManifestInvalid
from training.store import open_store

if TYPE_CHECKING:
    from pathlib import Path


def test_a_store_holds_what_the_service_would_see_and_is_made_once(tmp_path: Path) -> None:
    files = sorted(str(file) for file in (draw_set(tmp_path, lesions=3, folds=1) / "images").iterdir())
    told: list[int] = []
    photos = open_store(files, tmp_path / "store", size=64, on_progress=told.append)
    assert photos.shape == (6, 64, 64, 3)
    for photo, file in zip(photos, files, strict=True):
        np.testing.assert_array_equal(photo, square_pixels((tmp_path / "images" / file).read_bytes(), 64))
    assert told == [1, 2, 3, 4, 5, 6]
    open_store(files, tmp_path / "store", size=64, on_progress=told.append)
    assert len(told) == 6


def test_other_files_or_another_size_are_another_store(tmp_path: Path) -> None:
    files = sorted(str(file) for file in (draw_set(tmp_path, lesions=2, folds=1) / "images").iterdir())
    open_store(files, tmp_path / "store", size=64)
    assert open_store(files[:2], tmp_path / "store", size=64).shape[0] == 2
    assert open_store(files, tmp_path / "store", size=32).shape[1] == 32


def test_unreadable_photos_are_all_named_and_nothing_is_left_behind(tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("not a photo", encoding="utf-8")
    (tmp_path / "empty.jpg").write_bytes(b"")
    with pytest.raises(ManifestInvalid) as error:
        open_store([str(tmp_path / "text.jpg"), str(tmp_path / "empty.jpg")], tmp_path / "store")
    assert len(error.value.complaints) == 2
    assert list((tmp_path / "store").iterdir()) == []


def test_missing_photos_are_named_before_any_is_decoded(tmp_path: Path) -> None:
    with pytest.raises(ManifestInvalid, match=r"nowhere\.jpg: no such photo"):
        open_store([str(tmp_path / "nowhere.jpg")], tmp_path / "store")
    assert not (tmp_path / "store").exists()
