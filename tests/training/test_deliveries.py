"""From a folder to the bucket and into the accepted photos: the same rules at both doors, and nothing done twice."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.training.delivered import NOW, bucket, deliver, draw, encoded, no_bar, picture, row, storage, upload
from training.deliveries import (
    check_folder,
    near_duplicates_of,
    open_training,
    report_of,
    rows_of,
    send,
    storage_failures,
    take_in,
    taken_in,
)
from training.errors import DeliveryExists, DeliveryRefused, RoomInvalid, StorageFailed

if TYPE_CHECKING:
    from pathlib import Path

    from functions.common.storage import Storage
    from training.deliveries import Checked

__all__ = ["storage"]

GOOD = [row(number) for number in range(6)]


def check(folder: Path, opened: Storage | None, name: str = "one", most_broken: float = 0.2) -> Checked:
    return check_folder(folder, name, opened, now=NOW, most_broken=most_broken, bar=no_bar)


def test_a_good_delivery_arrives_whole(storage: Storage, tmp_path: Path) -> None:
    intake = deliver(draw(tmp_path / "d", GOOD), storage, "one")
    (report,) = intake.reports
    assert (report.rows, report.accepted, report.taken_in) == (6, 6, True)
    photos = {f"photos/{hashlib.sha256(encoded(picture(number))).hexdigest()}.png" for number in range(6)}
    assert set(storage.list("photos/")) == photos
    assert {accepted["path"] for accepted in rows_of(storage, "one")} == photos
    assert taken_in(storage) == ["one"]
    assert storage.read("reports/deliveries/one.txt").data.decode() == report.text()
    assert report_of(storage, "one") == report


def test_what_is_refused_is_neither_sent_nor_named(storage: Storage, tmp_path: Path) -> None:
    rows = [*GOOD, row(6, image_name="J. Doe", diagnosis="wart")]
    checked = check(draw(tmp_path / "d", rows), storage)
    assert send(checked, storage, no_bar) == 6
    refused = hashlib.sha256(encoded(picture(6))).hexdigest()
    sent = b"".join(path.encode() + storage.read(path).data for path in storage.list(""))
    assert refused.encode() not in sent
    assert b"Doe" not in sent


def test_a_copied_delivery_meets_the_same_rules(storage: Storage, tmp_path: Path) -> None:
    rows = [*GOOD, row(6, diagnosis="wart", target=""), row(7, path="images/none.png")]
    folder = draw(tmp_path / "d", rows, {"images/7.png": b"x"})
    (folder / "images" / "none.png").unlink(missing_ok=True)
    upload(folder, storage, "one")
    (report,) = take_in(storage, now=NOW, bar=no_bar, most_broken=0.25).reports
    local = check(folder, None, most_broken=0.25).report
    assert report == local.model_copy(update={"taken_in": True})
    assert [(said.line, said.rule) for said in report.complaints] == [(8, "diagnosis is known"), (9, "photo is there")]
    assert [kept["accepted"] for kept in rows_of(storage, "one")] == ["1"] * 6 + ["0"]


def test_a_delivery_is_taken_in_once_and_a_changed_one_is_reported(storage: Storage, tmp_path: Path) -> None:
    upload(draw(tmp_path / "d", GOOD), storage, "one")
    take_in(storage, now=NOW, bar=no_bar)
    before = {path: storage.read(path).data for path in storage.list("")}
    again = take_in(storage, now=NOW.replace(year=2027), bar=no_bar)
    assert (again.reports, again.before, again.changed) == ((), ("one",), ())
    assert before == {path: storage.read(path).data for path in storage.list("")}
    manifest = storage.read("deliveries/one/manifest.csv")
    assert storage.replace("deliveries/one/manifest.csv", manifest.data + b"\n", manifest.etag)
    changed = take_in(storage, now=NOW, bar=no_bar)
    assert (changed.reports, changed.before, changed.changed) == ((), (), ("one",))


def test_another_delivery_brings_nothing_twice(storage: Storage, tmp_path: Path) -> None:
    deliver(draw(tmp_path / "one", GOOD), storage, "one")
    rows = [row(number) for number in (6, 7, 8, 9, 10)]
    rows += [row(0, path="images/11.png"), row(12, image_name="fresh", path="images/001.png")]
    (report,) = deliver(draw(tmp_path / "two", rows), storage, "two", most_broken=0.5).reports
    assert report.rows == 5  # the two that were refused at the folder are not in the bucket
    local = check(tmp_path / "two", storage, "three", most_broken=1).report
    assert [(said.line, said.rule) for said in local.complaints][-2:] == [(7, "is new"), (8, "is new")]


def test_more_broken_rows_than_a_run_may_pass_over_stop_it_after_the_others(storage: Storage, tmp_path: Path) -> None:
    upload(draw(tmp_path / "bad", [row(20), row(21, diagnosis="wart", target="")]), storage, "bad")
    upload(draw(tmp_path / "good", GOOD), storage, "good")
    with pytest.raises(DeliveryRefused, match=r"(?s)1 delivery.*bad: Refused: 1 of 2 rows are broken \(50.0%\)"):
        take_in(storage, now=NOW, bar=no_bar)
    assert taken_in(storage) == ["good"]
    refused = report_of(storage, "bad")
    assert refused is not None
    assert not refused.taken_in
    assert "line 3: diagnosis is known" in storage.read("reports/deliveries/bad.txt").data.decode()
    assert len(take_in(storage, now=NOW, bar=no_bar, most_broken=0.5).reports) == 1
    assert taken_in(storage) == ["bad", "good"]


@pytest.mark.parametrize("manifest", [b"", b"\xff", b"image_name,diagnosis\n"])
def test_a_manifest_that_is_none_is_reported(manifest: bytes, tmp_path: Path) -> None:
    opened = open_training(tmp_path)
    opened.create("deliveries/one/manifest.csv", manifest)
    with pytest.raises(DeliveryRefused, match="one: Refused: the manifest"):
        take_in(opened, now=NOW, bar=no_bar)
    report = report_of(opened, "one")
    assert report is not None
    assert not report.is_usable


def test_what_is_unfinished_or_misnamed_is_passed_over(storage: Storage) -> None:
    for path in ("deliveries/begun/images/1.png", "deliveries/Bad Name/manifest.csv", "deliveries/loose.txt"):
        storage.create(path, b"x")
    intake = take_in(storage, now=NOW, bar=no_bar)
    assert (intake.reports, intake.unfinished, intake.misnamed) == ((), ("begun",), ("Bad Name",))
    assert list(storage.list("reports/")) == []


class Breaking:
    """A storage whose connection ends after so many writes."""

    def __init__(self, opened: Storage, writes: int) -> None:
        self.opened, self.writes = opened, writes

    def create(self, path: str, data: bytes, media_type: str = "") -> bool:
        self.writes -= 1
        if self.writes < 0:
            raise OSError("the line is dead")
        return self.opened.create(path, data, media_type)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.opened, name)


@pytest.mark.parametrize("writes", range(7))
def test_sending_goes_on_where_it_stopped_and_the_manifest_comes_last(tmp_path: Path, writes: int) -> None:
    opened = open_training(tmp_path / "training")
    (tmp_path / "training").mkdir()
    checked = check(draw(tmp_path / "d", GOOD), opened)
    with pytest.raises(StorageFailed, match="the line is dead"):
        send(checked, Breaking(opened, writes), no_bar)
    assert not list(opened.list("deliveries/one/manifest.csv"))
    there = len(list(opened.list("deliveries/one/")))
    assert send(check(tmp_path / "d", opened), opened, no_bar) == 6 - there
    assert send(check(tmp_path / "d", opened), opened, no_bar) == 0
    assert len(take_in(opened, now=NOW, bar=no_bar).reports) == 1


def test_a_name_that_is_taken_is_refused(storage: Storage, tmp_path: Path) -> None:
    send(check(draw(tmp_path / "one", GOOD), storage), storage, no_bar)
    with pytest.raises(DeliveryExists, match="with other rows is there already"):
        check(draw(tmp_path / "two", [row(9)]), storage)
    take_in(storage, now=NOW, bar=no_bar)
    with pytest.raises(DeliveryExists, match="was taken in at 2026-11-23T06:00:00"):
        check(tmp_path / "one", storage)


@pytest.mark.parametrize("name", ["", "../x", "a.b", "Big", "a/b", "x" * 65])
def test_a_name_that_no_delivery_may_have_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(DeliveryRefused, match="cannot name a delivery"):
        check(draw(tmp_path / "d", GOOD), None, name)


def test_too_broken_a_folder_is_not_sent(storage: Storage, tmp_path: Path) -> None:
    checked = check(draw(tmp_path / "d", [row(0), row(1, diagnosis="wart", target="")]), storage)
    with pytest.raises(DeliveryRefused, match="is not sent"):
        send(checked, storage, no_bar)
    assert list(storage.list("")) == []


def test_a_photo_that_changes_as_it_is_sent_is_not_sent(storage: Storage, tmp_path: Path) -> None:
    folder = draw(tmp_path / "d", GOOD)
    checked = check(folder, storage)
    (folder / GOOD[2]["path"]).write_bytes(encoded(picture(99)))
    with pytest.raises(DeliveryRefused, match="line 4 changed"):
        send(checked, storage, no_bar)
    assert not list(storage.list("deliveries/one/manifest.csv"))


def test_look_alikes_within_and_between_deliveries_are_written_down(storage: Storage, tmp_path: Path) -> None:
    copies = {"images/50.png": encoded(picture(0), "JPEG", quality=80)}
    rows = [*GOOD, row(6, path="images/50.png")]
    deliver(draw(tmp_path / "one", rows, copies), storage, "one")
    copies = {"images/51.png": encoded(picture(3).rotate(90), "JPEG", quality=80)}
    deliver(draw(tmp_path / "two", [row(8), row(9, path="images/51.png")], copies), storage, "two")
    pairs = [[(p["image_a"], p["image_b"]) for p in near_duplicates_of(storage, name)] for name in ("one", "two")]
    assert pairs == [[("photo_000", "photo_006")], [("photo_009", "photo_003")]]


def test_a_folder_without_a_manifest_and_an_address_that_is_none_are_told(tmp_path: Path) -> None:
    with pytest.raises(RoomInvalid, match=r"holds no manifest\.csv"):
        check(tmp_path, None)
    with pytest.raises(StorageFailed, match="is not an address"):
        open_training("s3:/x")
    with pytest.raises(StorageFailed, match="Try again"), storage_failures():
        raise OSError("away")


def test_a_bucket_that_is_away_is_told() -> None:
    with bucket(), pytest.raises(StorageFailed, match="NoSuchBucket"):
        take_in(open_training("s3://elsewhere"), now=NOW, bar=no_bar)


def test_the_report_reads_as_text_and_as_json(tmp_path: Path) -> None:
    report = check(draw(tmp_path / "d", [*GOOD, row(6, diagnosis="wart\x1b[2J", target="")]), None).report
    text = report.text()
    assert "Usable: 1 of 7 rows are broken (14.3%); the other 6 are good." in text
    assert "skipped, because no test set is frozen yet" in text
    assert "\x1b" not in text
    found = json.loads(report.model_dump_json())
    assert found["complaints"][0]["line"] == 8
    assert report.rows_by_rule()["diagnosis is known"] == 1
