"""A run over many photos: nothing lost, nothing twice, whatever crashes, and every complaint about a list at once."""

from __future__ import annotations

import csv
import gzip
import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from functions.batches.errors import ListInvalid, NothingToJudge, RunInvalid
from functions.batches.judge import judge
from functions.batches.merge import merge
from functions.batches.plan import items_of, plan
from functions.batches.run import Asked, Batch, BatchName, Summary, parsed
from functions.batches.settings import BatchesSettings
from functions.common.storage import FolderStorage
from functions.triage.person import Person
from functions.triage.pixels import MAX_BYTES
from tests.triage import packages

if TYPE_CHECKING:
    from pathlib import Path

    from functions.common.storage import Content

SCORER = packages.scorer()
SETTINGS = BatchesSettings(size=3)


def photo(number: int) -> bytes:
    """A drawing of its own for each number."""
    random = np.random.default_rng(number)
    skin = np.full((120, 120, 3), (200, 160, 140), np.uint8) + random.integers(0, 20, (120, 120, 3), np.uint8)
    skin[40:80, 40:80] = random.integers(30, 120, 3)
    target = io.BytesIO()
    Image.fromarray(skin).save(target, "PNG")
    return target.getvalue()


@pytest.fixture
def photos(tmp_path: Path) -> FolderStorage:
    storage = FolderStorage(tmp_path / "photos")
    for number in range(10):
        storage.create(f"{number}.png", photo(number))
    return storage


@pytest.fixture
def runs(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "runs")


def planned(photos: FolderStorage, runs: FolderStorage, run: str = "one", **asked: Any) -> list[BatchName]:
    work = plan(Asked(run=run, photos=str(photos.root), **asked), photos, runs, model="drawn", settings=SETTINGS)
    names = json.loads((runs.root / run / "work.json").read_text("utf-8"))
    assert work.batches == len(names)
    return [BatchName(**name) for name in names]


def judged(name: BatchName, photos: FolderStorage, runs: FolderStorage) -> None:
    batch = parsed(Batch, (runs.root / name.run / "todo" / f"{name.batch}.json").read_bytes(), "a batch")
    judge(batch, f"{name.run}/done/{name.batch}.json", photos, runs, SCORER)


def predictions(runs: FolderStorage, summary: Summary) -> list[dict[str, Any]]:
    lines = gzip.decompress((runs.root / summary.predictions).read_bytes()).splitlines()
    return [json.loads(line) for line in lines]


def rejected(runs: FolderStorage, summary: Summary) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((runs.root / summary.rejected_list).read_text("utf-8"))))


def test_each_photo_has_its_own_answer_or_its_reason(photos: FolderStorage, runs: FolderStorage) -> None:
    photos.create("broken.jpg", b"\xff\xd8\xff no photo")
    names = planned(photos, runs)
    assert len(names) == 4
    for name in names:
        judged(name, photos, runs)
    summary = merge("one", runs)
    assert (summary.photos, summary.judged, summary.rejected, summary.lost) == (11, 10, 1, 0)
    assert [line["photo"] for line in predictions(runs, summary)] == [f"{number}.png" for number in range(10)]
    assert {line["model"] for line in predictions(runs, summary)} == {SCORER.card.version}
    assert sum(summary.bands.values()) == 10
    (reason,) = rejected(runs, summary)
    assert (reason["photo"], reason["code"]) == ("broken.jpg", "photo_unreadable")


def test_an_answer_is_the_one_that_the_photo_gets_alone(photos: FolderStorage, runs: FolderStorage) -> None:
    from functions.triage.answer import answer_photo

    for name in planned(photos, runs):
        judged(name, photos, runs)
    for line in predictions(runs, merge("one", runs)):
        data = (photos.root / line["photo"]).read_bytes()
        alone, _ = answer_photo(data, SCORER, prediction_id="", request_id="")
        assert (line["probability"], line["risk_band"]) == (alone.probability, alone.risk_band)


def test_a_batch_that_is_tried_again_is_not_scored_again(
    photos: FolderStorage, runs: FolderStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = planned(photos, runs)
    for name in names:
        judged(name, photos, runs)
    before = merge("one", runs)
    monkeypatch.setattr("functions.batches.judge.answer_photo", lambda *_, **__: pytest.fail("scored twice"))
    for name in names + planned(photos, runs, run="two"):
        judged(name, photos, runs)
    assert merge("one", runs) == before
    assert predictions(runs, merge("two", runs)) == predictions(runs, before)


def test_another_content_under_the_same_name_is_scored(photos: FolderStorage, runs: FolderStorage) -> None:
    for name in planned(photos, runs):
        judged(name, photos, runs)
    first = predictions(runs, merge("one", runs))
    (photos.root / "4.png").write_bytes(photo(99))
    for name in planned(photos, runs, run="two"):
        judged(name, photos, runs)
    second = predictions(runs, merge("two", runs))
    assert [one["photo"] for one, other in zip(first, second, strict=True) if one != other] == ["4.png"]


class Breaking(FolderStorage):
    """Fails at the nth writing, as a function that is killed does."""

    def replace(self, path: str, data: bytes, before: str | None, media_type: str = "") -> bool:
        left = self.__dict__.setdefault("left", 5)
        self.__dict__["left"] = left - 1
        if left == 1:
            raise OSError("killed")
        return super().replace(path, data, before, media_type)


@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_a_crash_at_any_writing_loses_nothing_and_doubles_nothing(
    photos: FolderStorage, runs: FolderStorage, at: int
) -> None:
    names = planned(photos, runs)
    breaking = Breaking(runs.root)
    breaking.__dict__["left"] = at
    for name in names:
        for attempt in range(2):
            try:
                judged(name, photos, breaking)
            except OSError:
                assert attempt == 0
            else:
                break
    summary = merge("one", runs)
    assert (summary.judged, summary.lost) == (10, 0)
    assert len({line["photo"] for line in predictions(runs, summary)}) == 10


def test_a_batch_that_never_ends_is_told_photo_by_photo(photos: FolderStorage, runs: FolderStorage) -> None:
    names = planned(photos, runs)
    for name in names[1:]:
        judged(name, photos, runs)
    summary = merge("one", runs)
    assert (summary.judged, summary.lost) == (7, 3)
    assert {row["photo"] for row in rejected(runs, summary) if row["code"] == "not_judged"} == {
        "0.png",
        "1.png",
        "2.png",
    }
    judged(names[0], photos, runs)
    assert merge("one", runs).lost == 0


def test_a_list_says_which_photos_and_what_is_known(photos: FolderStorage, runs: FolderStorage) -> None:
    photos.create("people.csv", "﻿photo,age,sex,site\n3.png,61,female,torso\nnone.png,,,\n".encode())
    (name,) = planned(photos, runs, list="people.csv")
    judged(name, photos, runs)
    summary = merge("one", runs)
    assert (summary.judged, summary.rejected) == (1, 1)
    assert rejected(runs, summary)[0]["code"] == "photo_unopened"


def test_a_list_is_refused_with_all_complaints() -> None:
    text = "photo,age\na.png,200\n../b.png,\na.png,,,\n,5\n"
    with pytest.raises(ListInvalid) as caught:
        items_of(text)
    complaints = caught.value.complaints
    assert [complaint.partition(":")[0] for complaint in complaints] == [
        "line 2",
        "line 3",
        "line 4",
        "line 4",
        "line 5",
    ]
    assert "less than or equal to 120" in complaints[0]
    assert "leaves the photos' address" in complaints[1]
    assert "is in line 2 already" in complaints[2]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("age\n3\n", "there is no column 'photo'"),
        ("photo,colour\n", "column 'colour' is not known"),
        ("photo,photo\n", "column 'photo' comes twice"),
        ("", "there is no column 'photo'"),
    ],
)
def test_a_header_that_cannot_be_used_is_told(text: str, wrong: str) -> None:
    with pytest.raises(ListInvalid, match=wrong):
        items_of(text)


def test_a_list_keeps_what_is_told() -> None:
    (item,) = items_of("photo,age,sex\n a.png , 40 ,male\n\n")
    assert (item.photo, item.person) == ("a.png", Person(age=40, sex="male"))


def test_bytes_that_are_no_list_are_told(photos: FolderStorage, runs: FolderStorage) -> None:
    with pytest.raises(ListInvalid, match="not a CSV file in UTF-8"):
        planned(photos, runs, list="0.png")


def test_no_photo_is_no_run(runs: FolderStorage, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(NothingToJudge, match="no photo at the address"):
        planned(FolderStorage(tmp_path / "empty"), runs)
    with pytest.raises(RunInvalid, match="was not planned"):
        merge("one", runs)


def test_an_event_is_refused_with_all_complaints() -> None:
    with pytest.raises(RunInvalid, match=r"not an order of a run: run: .*; colour: "):
        parsed(Asked, {"run": "a b", "photos": "s3://photos", "colour": 1}, "an order of a run")


class Counting(FolderStorage):
    def read_start(self, path: str, most: int) -> bytes:
        data = super().read_start(path, most)
        assert len(data) <= most
        return data

    def read(self, path: str, *, unless: str = "") -> Content | None:
        pytest.fail(f"{path} is read whole{unless}")


def test_no_more_of_a_file_is_read_than_can_be_a_photo(runs: FolderStorage, tmp_path: Path) -> None:
    photos = Counting(tmp_path / "large")
    FolderStorage(photos.root).create("film.mov", bytes(MAX_BYTES + 1))
    (name,) = planned(photos, runs)
    judged(name, photos, runs)
    assert rejected(runs, merge("one", runs))[0]["code"] == "photo_too_many_bytes"
