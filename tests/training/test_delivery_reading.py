"""A manifest is read as it is meant or refused as a whole; photos are read from within the delivery alone."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.common.storage import open_storage
from functions.triage.pixels import MAX_BYTES
from tests.training.delivered import encoded, picture
from training.delivery_reading import COLUMNS, ManifestTrouble, Source, read_back, read_rows, with_photos, written

if TYPE_CHECKING:
    from pathlib import Path

    from training.delivery_rules import Row


def test_rows_have_the_line_they_end_on_and_all_columns() -> None:
    rows, left_out = read_rows(b'\xef\xbb\xbfimage_name,diagnosis,note\na,mel,"two\nlines"\n\nb , nv,x\n')
    assert [(row.line, row.name, row.values["diagnosis"]) for row in rows] == [(3, "a", "mel"), (5, "b", "nv")]
    assert all(set(row.values) == set(COLUMNS) for row in rows)
    assert left_out == ("'note'",)
    assert rows[0].path == "images/a.jpg"


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        (b"", "no column image_name; the manifest has no column diagnosis"),
        (b"image_name,dx\na,mel\n", "no column diagnosis"),
        (b"image_name,diagnosis,diagnosis\n", "the column diagnosis twice"),
        (b"image_name,diagnosis\n\xff\xfe,nv\n", "not UTF-8"),
        (b'image_name,diagnosis\n"a,nv\n', "not CSV"),
        (b"image_name,diagnosis\n" + b"a" * 200_000 + b",nv\n", "not CSV"),
        (b"PK\x03\x04\x14\x00\x08\x08", "no column image_name"),
    ],
)
def test_a_manifest_that_is_none_is_refused_with_the_reason(manifest: bytes, said: str) -> None:
    with pytest.raises(ManifestTrouble, match=said):
        read_rows(manifest)


def test_a_line_of_another_length_is_told() -> None:
    rows, _ = read_rows(b"image_name,diagnosis,sex\na,nv\nb,nv,male,55\nc,nv,male\n")
    assert [row.misfit for row in rows] == [
        "the line has 2 fields, the header 3",
        "the line has 4 fields, the header 3",
        "",
    ]


@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: f"image_name,diagnosis\n{text}".encode()))
def test_no_bytes_break_the_reading(manifest: bytes) -> None:
    with contextlib.suppress(ManifestTrouble):
        rows, _ = read_rows(manifest)
        assert all(set(row.values) == set(COLUMNS) for row in rows)


plain = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=20)


@given(st.lists(st.fixed_dictionaries({"image_name": plain, "sex": plain}), max_size=5))
def test_a_written_table_is_read_back(rows: list[dict[str, str]]) -> None:
    assert read_back(written(rows, ["image_name", "sex"])) == rows


def one(folder: Path, path: str) -> Row:
    rows, _ = read_rows(f"image_name,diagnosis,path\na,nv,{path}\n".encode())
    (seen,) = with_photos(rows, Source(open_storage(folder)), lambda _done: None)
    return seen


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = tmp_path / "delivery"
    inside.mkdir()
    (inside / "images").mkdir()
    (inside / "a.png").write_bytes(encoded(picture(1)))
    (inside / "small.png").write_bytes(encoded(picture(1).resize((40, 40))))
    (inside / "cut.jpg").write_bytes(encoded(picture(1), "JPEG")[:-200])
    (inside / "large.jpg").write_bytes(encoded(picture(1), "JPEG") + bytes(3 * MAX_BYTES))
    (tmp_path / "secret.png").write_bytes(encoded(picture(2)))
    (inside / "link.png").symlink_to(tmp_path / "secret.png")
    return inside


def test_a_photo_is_seen_by_its_content(folder: Path) -> None:
    (folder / "wrong.jpg").write_bytes((folder / "a.png").read_bytes())
    seen = one(folder, "wrong.jpg")
    assert (seen.extension, seen.trouble, len(seen.sha256), len(seen.likeness)) == ("png", "", 64, 64)


@pytest.mark.parametrize("path", ["none.png", "images", "a.png/b.png"])
def test_an_absent_photo_is_told(folder: Path, path: str) -> None:
    assert one(folder, path).absent


@pytest.mark.parametrize(("path", "said"), [("small.png", "40 x 40"), ("cut.jpg", "cut short"), ("large.jpg", "bytes")])
def test_pixels_decides_what_is_readable(folder: Path, path: str, said: str) -> None:
    assert said in one(folder, path).trouble


@pytest.mark.parametrize("path", ["../secret.png", "link.png", "/etc/hostname"])
def test_nothing_outside_the_delivery_is_read(folder: Path, path: str) -> None:
    seen = one(folder, path)
    assert seen.path_trouble
    assert not seen.sha256
