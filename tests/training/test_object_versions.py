"""What a bucket with versions keeps can be named, and erased to the last."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest

from functions.common.storage import open_storage
from tests.training.delivered import bucket, storage
from training.object_versions import erase, latest_versions

if TYPE_CHECKING:
    from functions.common.storage import Storage

__all__ = ["storage"]


def test_the_latest_version_is_named() -> None:
    with bucket() as opened:
        opened.create("photos/a", b"1")
        first = latest_versions(opened, "photos/")["photos/a"]
        opened.replace("photos/a", b"2", opened.read("photos/a").etag)
        assert latest_versions(opened, "photos/")["photos/a"] not in {"", first}


def test_a_folder_has_no_versions(tmp_path) -> None:
    opened = open_storage(tmp_path)
    opened.create("photos/a", b"1")
    assert latest_versions(opened, "photos/") == {"photos/a": ""}


def test_every_version_and_mark_is_erased_and_its_neighbours_stay() -> None:
    with bucket() as opened:
        opened.create("a/1", b"1")
        opened.replace("a/1", b"2", opened.read("a/1").etag)
        opened.delete("a/1")
        opened.create("a/1", b"3")
        opened.create("a/12", b"other")
        assert erase(opened, "a/1") == 4
        left = boto3.client("s3").list_object_versions(Bucket="training")
        assert [version["Key"] for version in left["Versions"]] == ["a/12"]
        assert "DeleteMarkers" not in left


def test_what_is_not_there_is_erased_without_a_fault(storage: Storage) -> None:
    storage.create("a/12", b"other")
    assert erase(storage, "a/1") == 0
    assert list(storage.list("a/")) == ["a/12"]


def test_a_bucket_that_is_away_is_an_os_error() -> None:
    with bucket():
        with pytest.raises(OSError, match="s3://elsewhere/"):
            erase(open_storage("s3://elsewhere"), "a")
        with pytest.raises(OSError, match="s3://elsewhere/"):
            latest_versions(open_storage("s3://elsewhere"), "a")
