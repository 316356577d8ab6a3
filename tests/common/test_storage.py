"""Folders and buckets keep the same promises: written once, replaced only as read, listed in order."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from functions.common.storage import FolderStorage, open_storage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from functions.common.storage import Storage


@pytest.fixture(params=["folder", "bucket"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    if request.param == "folder":
        yield open_storage(tmp_path / "root")
        return
    with mock_aws():
        boto3.client("s3").create_bucket(
            Bucket="models", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        yield open_storage("s3://models/registry")


def test_a_file_is_created_once(storage: Storage) -> None:
    assert storage.create("a/one.json", b"1", "application/json")
    assert not storage.create("a/one.json", b"2")
    found = storage.read("a/one.json")
    assert found is not None
    assert found.data == b"1"
    assert storage.read("a/one.json", unless=found.etag) is None


def test_no_more_of_a_file_is_read_than_asked_for(storage: Storage) -> None:
    storage.create("large", b"123456")
    storage.create("empty", b"")
    assert storage.read_start("large", 4) == b"1234"
    assert storage.read_start("large", 9) == b"123456"
    assert storage.read_start("empty", 4) == b""
    with pytest.raises(FileNotFoundError):
        storage.read_start("none", 4)


def test_a_file_is_replaced_only_as_it_was_read(storage: Storage) -> None:
    assert storage.replace("pointer", b"1", None)
    first = storage.read("pointer")
    assert first is not None
    assert not storage.replace("pointer", b"2", None)
    assert storage.replace("pointer", b"2", first.etag)
    assert not storage.replace("pointer", b"3", first.etag)
    assert not storage.replace("never", b"3", first.etag)
    now = storage.read("pointer")
    assert now is not None
    assert now.data == b"2"


def test_files_are_listed_by_prefix_in_order_and_deleted(storage: Storage) -> None:
    for path in ("b/2", "a/2", "a/1", "ab", "a/c/3"):
        storage.create(path, b"x")
    assert list(storage.list("a/")) == ["a/1", "a/2", "a/c/3"]
    assert list(storage.list("a")) == ["a/1", "a/2", "a/c/3", "ab"]
    assert list(storage.list("none/")) == []
    storage.delete("a/1")
    storage.delete("a/1")
    assert list(storage.list("")) == ["a/2", "a/c/3", "ab", "b/2"]
    with pytest.raises(FileNotFoundError):
        storage.read("a/1")


def test_of_many_threads_exactly_one_moves_the_pointer(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path)
    ready = threading.Barrier(8)
    moved: list[bool] = []

    def move(number: int) -> None:
        ready.wait()
        moved.append(storage.replace("current.json", f"{number}".encode(), None))

    threads = [threading.Thread(target=move, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert moved.count(True) == 1
    assert (tmp_path / "current.json").read_bytes() in {f"{number}".encode() for number in range(8)}
