"""Where publications lie: a folder, or a prefix of an S3 bucket, behind one small interface for reading."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from types import ModuleType

_BUCKET_ADDRESS = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?")
# How S3 names what is not there, and what has not changed, through boto3.
_ABSENT = frozenset({"NoSuchKey", "404"})
_UNCHANGED = frozenset({"304", "NotModified"})


@dataclass(frozen=True)
class Content:
    """A file's bytes, and the tag that changes when they do."""

    data: bytes
    etag: str


class Storage(Protocol):
    """Reads files by their path under a root, such as `20261123T060000Z-1f2e3d4c/manifest.json`."""

    def read(self, path: str, *, unless: str = "") -> Content | None:
        """Return a file, or None where its tag is still `unless`.

        Raises:
            FileNotFoundError: there is none.
            OSError: it cannot be read just now.

        """


@dataclass(frozen=True)
class FolderStorage:
    """A folder of this machine."""

    root: Path

    def read(self, path: str, *, unless: str = "") -> Content | None:
        """Return a file, or None where its tag is still `unless`."""
        data = (self.root / path).read_bytes()
        etag = hashlib.sha256(data).hexdigest()
        return None if etag == unless else Content(data, etag)


@dataclass(frozen=True)
class BucketStorage:
    """A prefix of an S3 bucket; boto3 is imported at the first reading."""

    bucket: str
    prefix: str

    @cached_property
    def _s3(self) -> tuple[Any, ModuleType]:
        import boto3
        from botocore import exceptions

        return boto3.client("s3"), exceptions

    def read(self, path: str, *, unless: str = "") -> Content | None:
        """Return an object, or None where its ETag is still `unless`."""
        client, exceptions = self._s3
        condition = {"IfNoneMatch": unless} if unless else {}
        try:
            found = client.get_object(Bucket=self.bucket, Key=f"{self.prefix}{path}", **condition)
            return Content(found["Body"].read(), found["ETag"])
        except exceptions.ClientError as error:
            code = error.response["Error"]["Code"]
            if code in _UNCHANGED:
                return None
            if code in _ABSENT:
                raise FileNotFoundError(path) from error
            raise OSError(f"{path}: {code}") from error
        except exceptions.BotoCoreError as error:
            raise OSError(f"{path}: {type(error).__name__}") from error


def open_storage(root: str | Path) -> Storage:
    """Return what reads under a folder or an address such as s3://bucket/prefix."""
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
