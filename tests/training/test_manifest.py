from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.training.photos import write_manifest
from training.errors import ManifestInvalid
from training.manifest import read_manifest

if TYPE_CHECKING:
    from pathlib import Path


def test_the_archives_own_terms_become_the_seven_codes(tmp_path: Path) -> None:
    terms = {
        "melanoma": "mel",
        "Melanoma, NOS": "mel",
        "nevus": "nv",
        "scc": "akiec",
        "Squamous cell carcinoma, NOS": "akiec",
        "solar lentigo": "bkl",
        "df": "df",
    }
    rows = [{"image_name": f"i{k}", "diagnosis": term} for k, term in enumerate(terms)]
    table = read_manifest(write_manifest(tmp_path / "manifest.csv", rows))
    assert list(table["diagnosis"]) == list(terms.values())
    assert list(table["target"]) == [1, 1, 0, 1, 1, 0, 0]


def test_a_photo_lies_at_its_path_or_under_its_name(tmp_path: Path) -> None:
    rows = [
        {"image_name": "a", "diagnosis": "nv", "path": "elsewhere/a.webp"},
        {"image_name": "b", "diagnosis": "nv", "path": ""},
    ]
    table = read_manifest(write_manifest(tmp_path / "manifest.csv", rows))
    assert list(table["file"]) == [str(tmp_path / "elsewhere/a.webp"), str(tmp_path / "images/b.jpg")]


def test_every_complaint_comes_at_once_with_its_line(tmp_path: Path) -> None:
    rows = [
        {"image_name": "a", "diagnosis": "nv", "fold": "0", "target": "0"},
        {"image_name": "a", "diagnosis": "wart", "fold": "x", "target": ""},
        {"image_name": "", "diagnosis": "mel", "fold": "", "target": "0"},
    ]
    with pytest.raises(ManifestInvalid) as error:
        read_manifest(write_manifest(tmp_path / "manifest.csv", rows))
    assert error.value.complaints == (
        "line 3: diagnosis 'wart' is not known",
        "line 4: image_name is empty",
        "line 3: image_name 'a' comes twice",
        "line 3: fold 'x' is not a whole number",
        "line 4: target '0' contradicts the diagnosis",
    )


def test_an_absent_column_is_named_with_those_that_are_there(tmp_path: Path) -> None:
    path = write_manifest(tmp_path / "manifest.csv", [{"image_name": "a", "label": "nv"}])
    with pytest.raises(ManifestInvalid, match=r"no column 'diagnosis'; columns are \['image_name', 'label'\]"):
        read_manifest(path)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00bad", None])
def test_a_file_that_is_no_table_is_one_clear_complaint(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "manifest.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ManifestInvalid):
        read_manifest(path)
