"""A snapshot never changes, its test set is frozen for good, and nothing tied to a test photo trains."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.common.storage import Content
from tests.training.delivered import NOW, bucket, deliver, draw, encoded, folder, no_bar, picture, row, storage
from training.card import snapshot_sha256
from training.deliveries import open_training
from training.delivery_reading import COLUMNS, read_back, written
from training.errors import SnapshotInvalid
from training.manifest import read_manifest
from training.object_versions import latest_versions
from training.run import Folds, near_duplicates, read_split
from training.snapshots import freeze, materialise, of_package, read_snapshot, snapshots

if TYPE_CHECKING:
    from functions.common.storage import Storage

__all__ = ["folder", "storage"]


# Three lesions of two photos each in each of the folds 0 to 8, as given; one of the three is a melanoma.
GIVEN = [row(number, fold=str(number // 6)) for number in range(54)]


def folds_of(opened: Storage, snapshot: str) -> dict[str, str]:
    return {kept["image_name"]: kept["fold"] for kept in read_snapshot(opened, snapshot).rows()}


def test_what_is_read_back_is_what_was_frozen(storage: Storage, tmp_path: Path) -> None:
    deliver(draw(tmp_path / "d", GIVEN), storage, "one")
    made = freeze(storage, now=NOW)
    frozen = read_snapshot(storage, made.id)
    assert frozen.facts == made
    assert snapshots(storage) == [made.id]
    assert made.id == f"20261123T060000Z-{hashlib.sha256(frozen.manifest).hexdigest()[:8]}"
    assert folds_of(storage, made.id) == {given["image_name"]: given["fold"] for given in GIVEN}
    assert made.photos_by_part == {"train": 42, "choose": 6, "test": 6}
    assert (made.photos, made.lesions, made.new_since, made.new_photos) == (54, 27, None, 48)
    versions = latest_versions(storage, "photos/")
    assert {kept["path"]: kept["version_id"] for kept in frozen.rows()} == versions
    channel = json.loads(storage.read(f"snapshots/{made.id}/photos.manifest").data)
    assert set(channel[1:]) == set(versions)
    assert channel[0]["prefix"].endswith("training/")


def test_what_has_not_changed_is_not_frozen_twice(folder: Storage, tmp_path: Path) -> None:
    deliver(draw(tmp_path / "d", GIVEN), folder, "one")
    made = freeze(folder, now=NOW)
    assert freeze(folder, now=NOW + dt.timedelta(days=1)) == made


def test_a_training_reads_it_and_names_it_by_its_hash(storage: Storage, tmp_path: Path) -> None:
    copy = {"images/60.png": encoded(picture(0), "JPEG", quality=80)}
    rows = [*GIVEN, row(60, path="images/60.png", fold="")]
    deliver(draw(tmp_path / "d", rows, copy), storage, "one")
    made = freeze(storage, now=NOW)
    folder = materialise(storage, made.id, tmp_path / "channel", no_bar)
    table, split = read_split(folder, Folds())
    assert {name: len(part) for name, part in vars(split).items()} == made.photos_by_part
    assert snapshot_sha256(table) == made.snapshot_sha256
    assert list(near_duplicates(folder)) == [("photo_000", "photo_060")]
    found = of_package(storage, made.snapshot_sha256)
    assert found is not None
    assert found.facts == made
    assert of_package(storage, "0" * 64) is None
    assert of_package(storage, "") is None


def test_a_materialised_snapshot_goes_on_where_it_stopped(folder: Storage, tmp_path: Path) -> None:
    deliver(draw(tmp_path / "d", GIVEN), folder, "one")
    made = freeze(folder, now=NOW)
    channel = materialise(folder, made.id, tmp_path / "channel", no_bar)
    before = {file.name: file.read_bytes() for file in (channel / "photos").iterdir()}
    first, second, *_ = sorted(before)
    (channel / "photos" / first).unlink()
    (channel / "photos" / second).write_bytes(b"half")
    materialise(folder, made.id, channel, no_bar)
    assert before == {file.name: file.read_bytes() for file in (channel / "photos").iterdir()}


@pytest.mark.parametrize("file", ["manifest.csv", "near_duplicates.csv", "snapshot.json"])
def test_a_changed_byte_is_found(file: str, tmp_path: Path) -> None:
    opened = open_training(tmp_path / "training")
    (tmp_path / "training").mkdir()
    deliver(draw(tmp_path / "d", GIVEN), opened, "one")
    made = freeze(opened, now=NOW)
    path = tmp_path / "training" / "snapshots" / made.id / file
    data = path.read_bytes()
    path.write_bytes(data.replace(made.manifest_sha256[:8].encode(), b"00000000") if "json" in file else data + b"\n")
    with pytest.raises(SnapshotInvalid, match="has changed"):
        read_snapshot(opened, made.id)
    path.unlink()
    with pytest.raises(SnapshotInvalid, match="no such file"):
        read_snapshot(opened, made.id)


def test_every_changed_or_missing_photo_is_found(tmp_path: Path) -> None:
    opened = open_training(tmp_path / "training")
    (tmp_path / "training").mkdir()
    deliver(draw(tmp_path / "d", GIVEN), opened, "one")
    made = freeze(opened, now=NOW)
    one, other, *_ = sorted((tmp_path / "training" / "photos").iterdir())
    one.write_bytes(one.read_bytes()[:-1] + b"\x00")
    other.unlink()
    with pytest.raises(SnapshotInvalid, match=r"(?s)2 photo\(s\).*(changed.*gone|gone.*changed)"):
        materialise(opened, made.id, tmp_path / "channel", no_bar)
    assert not (tmp_path / "channel" / "manifest.csv").exists()


def test_an_unusable_id_or_an_empty_bucket_is_told(tmp_path: Path) -> None:
    opened = open_training(tmp_path)
    with pytest.raises(SnapshotInvalid, match="No photo was taken in"):
        freeze(opened, now=NOW)
    for wrong in ("", "../../x", "20261123T060000Z-1f2e3d4c"):
        with pytest.raises(SnapshotInvalid):
            read_snapshot(opened, wrong)


def test_the_test_set_stays_what_it_was(folder: Storage, tmp_path: Path) -> None:
    deliver(draw(tmp_path / "one", GIVEN), folder, "one")
    first = freeze(folder, now=NOW)
    later = [row(number) for number in range(60, 80)]
    deliver(draw(tmp_path / "two", later), folder, "two")
    second = freeze(folder, now=NOW + dt.timedelta(days=1), champion=first.snapshot_sha256)
    before, after = folds_of(folder, first.id), folds_of(folder, second.id)
    assert {name for name, fold in after.items() if fold == "8"} == {n for n, fold in before.items() if fold == "8"}
    assert {name: after[name] for name in before} == before
    assert {after[given["image_name"]] for given in later} <= set("01234567")
    assert (second.new_since, second.new_photos) == (first.id, 20)
    assert second.deliveries == ("one", "two")
    third = freeze(folder, now=NOW + dt.timedelta(days=2))  # folds that were dealt stay
    assert folds_of(folder, third.id) == after
    assert read_back(folder.read("test-sets/v1.csv").data)[0]["fold"] == "8"


def test_a_later_photo_of_a_choosing_lesion_chooses(folder: Storage, tmp_path: Path) -> None:
    deliver(draw(tmp_path / "one", GIVEN), folder, "one")
    freeze(folder, now=NOW)
    choosing = next(given for given in GIVEN if given["fold"] == "7")
    deliver(draw(tmp_path / "two", [row(60, lesion_id=choosing["lesion_id"])]), folder, "two")
    made = freeze(folder, now=NOW + dt.timedelta(days=1))
    assert folds_of(folder, made.id)["photo_060"] == "7"


def test_a_first_delivery_that_ties_training_to_the_test_set_is_sorted_out(folder: Storage, tmp_path: Path) -> None:
    twin = {"images/60.png": encoded(picture(48).rotate(180), "JPEG", quality=80)}  # photo_048 is of fold 8
    rows = [*GIVEN, row(60, path="images/60.png", fold="0"), row(61, fold="2", patient_id="p"), row(63, fold="3")]
    rows[50] = {**rows[50], "patient_id": "p"}
    deliver(draw(tmp_path / "d", rows, twin), folder, "one")
    made = freeze(folder, now=NOW)
    kept = folds_of(folder, made.id)
    # photo_061 shares a test photo's patient, photo_060 its looks and photo_061's lesion.
    assert made.left_out == 2
    assert {"photo_060", "photo_061"}.isdisjoint(kept)
    assert kept["photo_063"] == "3"


def test_without_folds_whole_groups_are_dealt(folder: Storage, tmp_path: Path) -> None:
    rows = [row(number) for number in range(60)]
    deliver(draw(tmp_path / "d", rows), folder, "one")
    made = freeze(folder, now=NOW)
    assert made.photos == 60
    assert set(folds_of(folder, made.id).values()) == set("012345678")
    channel = materialise(folder, made.id, tmp_path / "channel", no_bar)
    read_split(channel, Folds())  # refuses a leak


@pytest.mark.parametrize("rows", [[row(number, fold="0") for number in range(6)], [row(0, fold="8")]])
def test_a_test_set_that_cannot_judge_is_not_frozen(rows: list[dict[str, str]], tmp_path: Path) -> None:
    opened = open_training(tmp_path / "training")
    (tmp_path / "training").mkdir()
    deliver(draw(tmp_path / "d", rows), opened, "one")
    with pytest.raises(SnapshotInvalid, match="needs malignant and benign"):
        freeze(opened, now=NOW)
    assert not list(opened.list("test-sets/"))


def test_a_snapshot_without_photos_to_choose_is_not_frozen(folder: Storage, tmp_path: Path) -> None:
    deliver(draw(tmp_path / "d", [given for given in GIVEN if given["fold"] != "7"]), folder, "one")
    with pytest.raises(SnapshotInvalid, match="No photo is there to choose"):
        freeze(folder, now=NOW)
    assert snapshots(folder) == []


def test_a_bucket_names_photos_as_sagemaker_wants_them(tmp_path: Path) -> None:
    with bucket() as opened:
        deliver(draw(tmp_path / "d", GIVEN), opened, "one")
        made = freeze(opened, now=NOW)
        prefix, *paths = json.loads(opened.read(f"snapshots/{made.id}/photos.manifest").data)
        assert prefix == {"prefix": "s3://training/"}
        assert all(opened.read(path) for path in paths)
        assert all(kept["version_id"] for kept in read_snapshot(opened, made.id).rows())


class Shelf:
    """A storage in memory."""

    root = Path("shelf")

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def read(self, path: str, *, unless: str = "") -> object:
        if path not in self.files:
            raise FileNotFoundError(path)
        return Content(self.files[path], unless + "x")

    def create(self, path: str, data: bytes, media_type: str = "") -> bool:
        assert media_type
        return self.files.setdefault(path, data) is data

    def list(self, prefix: str) -> list[str]:
        return sorted(path for path in self.files if path.startswith(prefix))


def put(shelf: Shelf, name: str, rows: list[dict[str, str]]) -> None:
    """Write a delivery as it lies after it was taken in."""
    report = {
        "delivery": name,
        "manifest_sha256": "0",
        "checked": "2026-11-23",
        "rows": 1,
        "accepted": 1,
        "most_broken": 0.2,
        "taken_in": True,
    }
    shelf.files[f"reports/deliveries/{name}.json"] = json.dumps(report).encode()
    shelf.files[f"reports/deliveries/{name}.near_duplicates.csv"] = b"image_a,image_b,bits\n"
    rows = [{**given, "path": f"photos/{given['image_name']}.png"} for given in rows]
    seen = [{**given, "sha256": given["image_name"], "likeness": "", "accepted": "1"} for given in rows]
    columns = (*COLUMNS, "delivered", "sha256", "likeness", "accepted")
    shelf.files[f"reports/deliveries/{name}.csv"] = written(seen, columns)
    shelf.files |= {given["path"]: b"photo" for given in rows}


lesions = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5), st.sampled_from(["", "0", "7"])), max_size=25)


@settings(max_examples=20, deadline=None)
@given(lesions, lesions)
def test_whatever_comes_later_nothing_straddles_and_nothing_moves(
    first: list[tuple[int, int, str]], second: list[tuple[int, int, str]]
) -> None:
    def rows(start: int, drawn: list[tuple[int, int, str]]) -> list[dict[str, str]]:
        return [
            row(start + at, lesion_id=f"l{lesion}", patient_id=f"p{patient}" if patient else "", fold=fold)
            for at, (lesion, patient, fold) in enumerate(drawn)
        ]

    shelf = Shelf()
    test = [row(0, lesion_id="l0", fold="8"), row(6, lesion_id="l1", fold="8", diagnosis="nv", target="0")]
    own = [row(1, lesion_id="own", fold="1"), row(2, lesion_id="other", fold="7")]
    put(shelf, "one", [*test, *own, *rows(10, first)])
    made = freeze(shelf, now=NOW)
    put(shelf, "two", rows(100, second))
    later = freeze(shelf, now=NOW + dt.timedelta(days=1))
    before, after = folds_of(shelf, made.id), folds_of(shelf, later.id)
    assert {name for name, fold in after.items() if fold == "8"} == {"photo_000", "photo_006"}
    table = pd.DataFrame(read_snapshot(shelf, later.id).rows())
    for tie in ("lesion_id", "patient_id"):
        homes = {(shared, max(int(fold), 6)) for shared, fold in zip(table[tie], table["fold"], strict=True) if shared}
        assert len(homes) == len({shared for shared, _ in homes})
    stayed = before.keys() & after.keys()
    assert all(after[name] in {before[name], "7"} for name in stayed)


def test_the_manifest_is_one_that_a_training_takes(folder: Storage, tmp_path: Path) -> None:
    deliver(draw(tmp_path / "d", GIVEN), folder, "one")
    channel = materialise(folder, freeze(folder, now=NOW).id, tmp_path / "channel", no_bar)
    table = read_manifest(channel / "manifest.csv")
    assert str(table["fold"].dtype) == "int64"
    assert all((channel / path).is_file() for path in table["path"])
