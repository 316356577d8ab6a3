"""Where files lie that outlive a function: a folder, or a prefix of an S3 bucket, behind one small interface.

What is written once is written on condition that it is not there yet; what moves, such as a pointer, is replaced on
condition that it still is what its writer read. Two writers at the same moment: one wins, the other is told.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

_BUCKET_ADDRESS = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?")
# How S3 names what is not there, what has not changed, and a condition that does not hold, through boto3.
_ABSENT = frozenset({"NoSuchKey", "404"})
_UNCHANGED = frozenset({"304", "NotModified"})
_CONDITION_FAILED = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})
_ANY_MEDIA_TYPE = "application/octet-stream"
_PARTIAL = ".partial-"


@dataclass(frozen=True)
class Content:
    """A file's bytes, and the tag that changes when they do."""

    data: bytes
    etag: str


class Storage(Protocol):
    """Files by their path under a root, such as `20261123T060000Z-1f2e3d4c/manifest.json`."""

    def read(self, path: str, *, unless: str = "") -> Content | None:
        """Return a file, or None where its tag is still `unless`.

        Raises:
            FileNotFoundError: there is none.
            OSError: it cannot be read just now.

        """

    def read_start(self, path: str, most: int) -> bytes:
        """Return at most the first `most` bytes of a file.

        Raises:
            FileNotFoundError: there is none.
            OSError: it cannot be read just now.

        """

    def create(self, path: str, data: bytes, media_type: str = _ANY_MEDIA_TYPE) -> bool:
        """Write a file that is not there yet, whole or not at all; False where one is there.

        Raises:
            OSError: it cannot be written.

        """

    def replace(self, path: str, data: bytes, before: str | None, media_type: str = _ANY_MEDIA_TYPE) -> bool:
        """Write a file in the place of the one with the tag `before`, None: of none; False where it is another now.

        Raises:
            OSError: it cannot be written.

        """

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the paths that begin with the prefix, in order.

        Raises:
            OSError: they cannot be listed just now.

        """

    def delete(self, path: str) -> None:
        """Remove a file; one that is not there is no error. In a bucket with versions, earlier ones stay.

        Raises:
            OSError: it cannot be removed.

        """


@dataclass(frozen=True)
class FolderStorage:
    """A folder of this machine; writers wait for each other by a lock that the system releases when its holder ends."""

    root: Path

    def read(self, path: str, *, unless: str = "") -> Content | None:
        """Return a file, or None where its tag is still `unless`."""
        data = (self.root / path).read_bytes()
        etag = _tag(data)
        return None if etag == unless else Content(data, etag)

    def read_start(self, path: str, most: int) -> bytes:
        """Return at most the first `most` bytes of a file."""
        with (self.root / path).open("rb") as opened:
            return opened.read(most)

    def create(self, path: str, data: bytes, media_type: str = _ANY_MEDIA_TYPE) -> bool:
        """Write a file that is not there yet."""
        return self.replace(path, data, None, media_type)

    def replace(
        self,
        path: str,
        data: bytes,
        before: str | None,
        media_type: str = _ANY_MEDIA_TYPE,  # noqa: ARG002 - a folder keeps no media types
    ) -> bool:
        """Write a file in the place of the one with the tag `before`, down to the disk."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with self._locked():
            found = _tag(target.read_bytes()) if target.exists() else None
            if found != before:
                return False
            partial = target.with_name(f"{_PARTIAL}{target.name}")
            with partial.open("wb") as opened:
                opened.write(data)
                opened.flush()
                os.fsync(opened.fileno())
            partial.replace(target)
        return True

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the paths that begin with the prefix, in order."""
        folder = self.root / prefix.rpartition("/")[0]
        files = (file for file in folder.rglob("*") if file.is_file() and not file.name.startswith(_PARTIAL))
        yield from sorted(path for file in files if (path := file.relative_to(self.root).as_posix()).startswith(prefix))

    def delete(self, path: str) -> None:
        """Remove a file."""
        (self.root / path).unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = os.open(self.root, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
            os.fsync(lock)
        finally:
            os.close(lock)


@dataclass(frozen=True)
class BucketStorage:
    """A prefix of an S3 bucket; conditions are S3's own (If-None-Match, If-Match). boto3 is imported at first use."""

    bucket: str
    prefix: str

    @cached_property
    def _s3(self) -> tuple[Any, ModuleType]:
        import boto3
        from botocore import exceptions
        from botocore.config import Config

        # A function has seconds to answer, not the minutes that boto3 would wait for an address that is gone.
        patience = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})
        return boto3.client("s3", config=patience), exceptions

    def read(self, path: str, *, unless: str = "") -> Content | None:
        """Return an object, or None where its ETag is still `unless`."""
        condition = {"IfNoneMatch": unless} if unless else {}
        try:
            with self._failures(path):
                found = self._s3[0].get_object(Bucket=self.bucket, Key=self._key(path), **condition)
                return Content(found["Body"].read(), found["ETag"])
        except _Unchanged:
            return None

    def read_start(self, path: str, most: int) -> bytes:
        """Return at most the first `most` bytes of an object."""
        with self._failures(path):
            found = self._s3[0].get_object(Bucket=self.bucket, Key=self._key(path))
            with found["Body"] as body:
                data: bytes = body.read(most)
        return data

    def create(self, path: str, data: bytes, media_type: str = _ANY_MEDIA_TYPE) -> bool:
        """Write an object that is not there yet."""
        return self.replace(path, data, None, media_type)

    def replace(self, path: str, data: bytes, before: str | None, media_type: str = _ANY_MEDIA_TYPE) -> bool:
        """Write an object in the place of the one with the ETag `before`."""
        condition = {"IfNoneMatch": "*"} if before is None else {"IfMatch": before}
        try:
            with self._failures(path):
                self._s3[0].put_object(
                    Bucket=self.bucket, Key=self._key(path), Body=data, ContentType=media_type, **condition
                )
        except (_ConditionFailed, FileNotFoundError):  # what was to be replaced may be gone
            return False
        return True

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the paths of the objects that begin with the prefix, in order."""
        with self._failures(prefix):
            pages = self._s3[0].get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.bucket, Prefix=self._key(prefix)):
                for found in page.get("Contents", ()):
                    yield found["Key"].removeprefix(self.prefix)

    def delete(self, path: str) -> None:
        """Remove an object."""
        with self._failures(path):
            self._s3[0].delete_object(Bucket=self.bucket, Key=self._key(path))

    def _key(self, path: str) -> str:
        return f"{self.prefix}{path}"

    @contextmanager
    def _failures(self, path: str) -> Iterator[None]:
        """Say in Python's own errors what S3 answered."""
        exceptions = self._s3[1]
        address = f"s3://{self.bucket}/{self._key(path)}"
        try:
            yield
        except exceptions.ClientError as error:
            code = error.response["Error"]["Code"]
            if code in _UNCHANGED:
                raise _Unchanged from error
            if code in _CONDITION_FAILED:
                raise _ConditionFailed from error
            if code in _ABSENT:
                raise FileNotFoundError(address) from error
            raise OSError(f"{address}: {code}") from error
        except exceptions.BotoCoreError as error:
            raise OSError(f"{address}: {type(error).__name__}") from error


class _Unchanged(Exception):
    pass


class _ConditionFailed(Exception):
    pass


def read_if_there(storage: Storage, path: str) -> Content | None:
    """Return a file, or None where there is none.

    Raises:
        OSError: it cannot be read just now.

    """
    try:
        return storage.read(path)
    except FileNotFoundError:
        return None


def put(storage: Storage, path: str, data: bytes, media_type: str = _ANY_MEDIA_TYPE) -> bool:
    """Write a file in the place of whatever is there; False where another writer did so at the same moment.

    Raises:
        OSError: it cannot be read or written just now.

    """
    before = read_if_there(storage, path)
    return storage.replace(path, data, before.etag if before else None, media_type)


def open_storage(root: str | Path) -> Storage:
    """Return the storage of a folder or of an address such as s3://bucket/prefix."""
    if parts := bucket_and_prefix(str(root)):
        return BucketStorage(*parts)
    return FolderStorage(Path(root))


def bucket_and_prefix(root: str) -> tuple[str, str] | None:
    """Return the bucket, and the prefix with its slash, of an address s3://bucket/prefix; None for a folder.

    Raises:
        ValueError: an address that begins as one of S3, and is none.

    """
    if not root.startswith("s3:"):
        return None
    found = _BUCKET_ADDRESS.fullmatch(root)
    if not found:
        raise ValueError(f"{root!r} is not an address such as s3://bucket/prefix")
    prefix = (found[2] or "").strip("/")
    return found[1], f"{prefix}/" if prefix else ""


def _tag(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
