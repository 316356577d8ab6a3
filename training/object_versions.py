"""What a bucket with versions keeps of a file: the number of its latest version, and the erasure of all of them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from functions.common.storage import BucketStorage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from functions.common.storage import Storage


def latest_versions(storage: Storage, prefix: str) -> dict[str, str]:
    """Return S3's version id of each file that begins with the prefix; empty texts for a folder, which keeps none.

    Raises:
        OSError: they cannot be listed just now.

    """
    if not isinstance(storage, BucketStorage):
        return dict.fromkeys(storage.list(prefix), "")
    found: dict[str, str] = {}
    with _s3(storage) as s3:
        for page in _pages(s3, storage, prefix):
            for version in page.get("Versions", ()):
                if version["IsLatest"]:
                    found[version["Key"].removeprefix(storage.prefix)] = version["VersionId"]
    return found


def erase(storage: Storage, path: str) -> int:
    """Remove a file with all its earlier versions and deletion marks, and return how many there were.

    Raises:
        OSError: one of them cannot be removed; another call goes on with the rest.

    """
    if not isinstance(storage, BucketStorage):
        there = path in set(storage.list(path))
        storage.delete(path)
        return int(there)
    key, removed = f"{storage.prefix}{path}", 0
    with _s3(storage) as s3:
        for page in _pages(s3, storage, path):
            for version in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                if version["Key"] == key:
                    s3.delete_object(Bucket=storage.bucket, Key=key, VersionId=version["VersionId"])
                    removed += 1
    return removed


def _pages(s3: Any, storage: BucketStorage, prefix: str) -> Iterator[dict[str, Any]]:
    pages = s3.get_paginator("list_object_versions")
    yield from pages.paginate(Bucket=storage.bucket, Prefix=f"{storage.prefix}{prefix}")


@contextmanager
def _s3(storage: BucketStorage) -> Iterator[Any]:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield boto3.client("s3")
    except (ClientError, BotoCoreError) as error:
        raise OSError(f"s3://{storage.bucket}/{storage.prefix}: {error}") from error
