"""A withdrawn photo is gone: every copy and version, every later snapshot; and it is told who saw it."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

import boto3
import pytest

from tests.training.delivered import NOW, bucket, deliver, draw, encoded, folder, no_bar, picture, row, storage, upload
from training.deliveries import rows_of, take_in
from training.errors import PhotoUnknown, SnapshotInvalid, StorageFailed
from training.snapshots import freeze, materialise, read_snapshot
from training.withdraw import Withdrawal, versions_in, withdraw

if TYPE_CHECKING:
    from pathlib import Path

    from functions.common.storage import Storage

__all__ = ["folder", "storage"]

GIVEN = [row(number, fold=str(number // 6)) for number in range(54)]
TRAINS, CHOOSES, JUDGES = "photo_000", "photo_042", "photo_048"
LATER = NOW + dt.timedelta(days=1)


def take_back(opened: Storage, name: str, versions: list[tuple[str, str]] | None = None) -> object:
    return withdraw(opened, name, who="J. Doe, clinic", why="consent withdrawn", now=LATER, versions=versions or [])


def test_nothing_of_it_is_left_in_a_bucket_with_versions(tmp_path: Path) -> None:
    with bucket() as opened:
        deliver(draw(tmp_path / "d", GIVEN), opened, "one")
        photo = next(kept for kept in rows_of(opened, "one") if kept["image_name"] == TRAINS)
        stored = opened.read(photo["path"])
        opened.delete(photo["path"])  # an older version stays behind this mark
        opened.create(photo["path"], stored.data)
        opened.create(f"deliveries/begun/images/{photo['sha256']}.png", stored.data)  # of a delivery never finished
        done = take_back(opened, TRAINS)
        assert done.erased == 5
        found = boto3.client("s3").list_object_versions(Bucket="training")
        assert not [kept["Key"] for kept in found["Versions"] if photo["sha256"] in kept["Key"]]
        assert "DeleteMarkers" not in found
        contents = [opened.read(path).data for path in opened.list("")]
        assert stored.data not in contents


def test_no_later_snapshot_holds_it_and_an_older_one_cannot_be_trained_from(folder: Storage, tmp_path: Path) -> None:
    deliver(draw(tmp_path / "d", GIVEN), folder, "one")
    before = freeze(folder, now=NOW)
    for name in (TRAINS, JUDGES):
        take_back(folder, name)
    after = freeze(folder, now=LATER, champion=before.snapshot_sha256)
    assert (after.photos, after.withdrawn, after.new_photos) == (52, 2, 0)
    assert after.photos_by_part == {"train": 41, "choose": 6, "test": 5}
    assert {TRAINS, JUDGES}.isdisjoint(kept["image_name"] for kept in read_snapshot(folder, after.id).rows())
    materialise(folder, after.id, tmp_path / "after", no_bar)
    with pytest.raises(SnapshotInvalid, match="is gone, perhaps withdrawn"):
        materialise(folder, before.id, tmp_path / "before", no_bar)


def test_it_cannot_come_back_by_name_or_content(storage: Storage, tmp_path: Path) -> None:
    deliver(draw(tmp_path / "one", GIVEN), storage, "one")
    take_back(storage, TRAINS)
    rows = [*(row(number) for number in range(60, 68)), row(0, image_name="fresh", lesion_id="fresh")]
    upload(draw(tmp_path / "two", rows), storage, "two")
    (report,) = take_in(storage, now=LATER, bar=no_bar).reports
    assert "is not withdrawn" in {said.rule for said in report.complaints if said.line == 10}
    assert "deliveries/two/images/000.png" not in set(storage.list("deliveries/two/"))
    assert len(list(storage.list("deliveries/two/"))) == 9
    photo = encoded(picture(0))
    assert all(storage.read(path).data != photo for path in storage.list(""))


def test_the_models_that_saw_it_are_told_and_recorded(folder: Storage, tmp_path: Path) -> None:
    deliver(draw(tmp_path / "one", GIVEN), folder, "one")
    first = freeze(folder, now=NOW)
    deliver(draw(tmp_path / "two", [row(60, fold="3")]), folder, "two")
    second = freeze(folder, now=LATER)
    versions = [("v0", "0" * 64), ("v1", first.snapshot_sha256), ("v2", second.snapshot_sha256)]
    seen = {
        name: [(saw.version, saw.part, saw.snapshot) for saw in take_back(folder, name, versions).record.seen_by]
        for name in (TRAINS, CHOOSES, JUDGES, "photo_060")
    }
    unknown = ("v0", "unknown", None)
    assert seen[TRAINS] == [unknown, ("v1", "train", first.id), ("v2", "train", second.id)]
    assert seen[CHOOSES] == [unknown, ("v1", "choose", first.id), ("v2", "choose", second.id)]
    assert seen[JUDGES] == [unknown, ("v1", "test", first.id), ("v2", "test", second.id)]
    assert seen["photo_060"] == [unknown, ("v2", "train", second.id)]
    record = Withdrawal.model_validate_json(folder.read(f"withdrawn/{TRAINS}.json").data)
    assert (record.who, record.why, record.at) == ("J. Doe, clinic", "consent withdrawn", "2026-11-24T06:00:00+00:00")


def test_asked_again_it_goes_on_and_keeps_the_first_record(folder: Storage, tmp_path: Path) -> None:
    deliver(draw(tmp_path / "one", GIVEN), folder, "one")
    first = take_back(folder, TRAINS)
    path = f"photos/{first.record.sha256}.png"
    folder.create(path, encoded(picture(0)))  # as if the erasure had been cut short
    again = withdraw(folder, TRAINS, who="another", why="again", now=LATER + dt.timedelta(days=1))
    assert again.record == first.record
    assert (first.erased, again.erased) == (2, 1)
    assert path not in set(folder.list("photos/"))


def test_look_alikes_that_stay_are_named(folder: Storage, tmp_path: Path) -> None:
    copies = {"images/60.png": encoded(picture(0), "JPEG", quality=80)}
    rows = [*GIVEN, row(60, path="images/60.png", lesion_id="lesion_000")]
    deliver(draw(tmp_path / "one", rows, copies), folder, "one")
    done = take_back(folder, TRAINS)
    assert done.look_alikes == ("photo_060",)
    assert "Photos that look like it stay: photo_060." in done.text(registry_read=False)
    assert take_back(folder, "photo_060").look_alikes == ()


@pytest.mark.parametrize("name", ["nothing", "../one", "", "photo_099"])
def test_an_unknown_photo_changes_nothing(name: str, folder: Storage, tmp_path: Path) -> None:
    deliver(draw(tmp_path / "one", GIVEN[:6], None), folder, "one")
    before = list(folder.list(""))
    with pytest.raises(PhotoUnknown, match="nothing was changed"):
        take_back(folder, name)
    assert list(folder.list("")) == before


def test_the_registrys_versions_are_read(storage: Storage) -> None:
    assert versions_in(storage) == []
    for version, digest in (("v1", "a"), ("v2", "b")):
        manifest = json.dumps({"version": version, "snapshot_sha256": digest, "sha256": {}}).encode()
        storage.create(f"versions/{version}/manifest.json", manifest)
        storage.create(f"versions/{version}/card.json", b"{}")
    assert versions_in(storage) == [("v1", "a"), ("v2", "b")]


def test_a_registry_that_is_away_is_told() -> None:
    from training.deliveries import open_training

    with bucket(), pytest.raises(StorageFailed, match="NoSuchBucket"):
        versions_in(open_training("s3://elsewhere"))


def test_the_outcome_reads_as_text(folder: Storage, tmp_path: Path) -> None:
    deliver(draw(tmp_path / "one", GIVEN), folder, "one")
    made = freeze(folder, now=NOW)
    text = take_back(folder, TRAINS, [("v1", made.snapshot_sha256), ("v0", "0")]).text(registry_read=True)
    assert "model v1: learned from it" in text
    assert "model v0: cannot be told" in text
    assert "2 stored version(s)" in text
