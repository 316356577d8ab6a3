"""Reads publications: the current one, older ones by version, each file checked against its manifest."""

from __future__ import annotations

import hashlib
import time
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from functions.common.problems import ForecastUnknown, PublicationUnavailable, PublicationUnknown
from functions.forecasts.publication import MANIFEST, POINTER, Manifest, Pointer, SeriesDocument

if TYPE_CHECKING:
    from collections.abc import Callable

    from functions.common.storage import Content, Storage
    from functions.forecasts.publication import FileFormat, SeriesEntry

# A publication of a thousand series has an index of about a megabyte; one file has some tens of kilobytes.
_KEPT_MANIFESTS = 4
_KEPT_FILES = 256

_Model = TypeVar("_Model", Pointer, Manifest, SeriesDocument)


class Publications:
    """All versions under a root.

    What a version holds never changes, so it is kept; the pointer is read again when it is older than
    `refresh_s` seconds, and comes whole only where it has moved.
    """

    def __init__(self, storage: Storage, *, refresh_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._storage = storage
        self._refresh_s = refresh_s
        self._clock = clock
        self._pointer: tuple[Pointer, str, float] | None = None
        self._manifest = lru_cache(_KEPT_MANIFESTS)(self._read_manifest)
        self._file = lru_cache(_KEPT_FILES)(self._read_file)
        self._document = lru_cache(_KEPT_FILES)(self._read_document)

    def pointer(self) -> Pointer:
        """Return which version is shown.

        Raises:
            PublicationUnavailable: nothing is published, or it cannot be read.

        """
        now = self._clock()
        if self._pointer and now < self._pointer[2] + self._refresh_s:
            return self._pointer[0]
        try:
            content = self._read(POINTER, unless=self._pointer[1] if self._pointer else "")
        except FileNotFoundError as error:
            raise PublicationUnavailable("No forecasts are published yet.") from error
        if content is not None:
            self._pointer = (_parsed(Pointer, content.data, POINTER), content.etag, now)
        elif self._pointer:
            self._pointer = (*self._pointer[:2], now)
        else:
            raise PublicationUnavailable(f"{POINTER} came without its content. Try again in a minute.")
        return self._pointer[0]

    def manifest(self, version: str | None = None) -> Manifest:
        """Return what a version holds; of the one that is shown where none is named.

        Raises:
            PublicationUnknown: there is no such version, or it was never finished.
            PublicationUnavailable: it cannot be read, or is not what the pointer says.

        """
        if version is not None:
            return self._manifest(version, "")
        pointer = self.pointer()
        return self._manifest(pointer.version, pointer.manifest_sha256)

    def entry(self, manifest: Manifest, series_id: str) -> SeriesEntry:
        """Return one series of a version's index.

        Raises:
            ForecastUnknown: it is not in it.

        """
        for entry in manifest.series:
            if entry.series_id == series_id:
                return entry
        raise ForecastUnknown(
            f"There is no forecast {series_id} in the publication {manifest.version}. /v1/forecasts lists what is."
        )

    def file(self, manifest: Manifest, entry: SeriesEntry, file_format: FileFormat) -> bytes:
        """Return the bytes of one file, which are those of its manifest.

        Raises:
            ForecastUnknown: the series has no file of this format.
            PublicationUnavailable: it cannot be read, or has changed.

        """
        listed = entry.files.get(file_format)
        if listed is None:
            raise ForecastUnknown(f"The forecast {entry.series_id} has no file .{file_format}.")
        return self._file(f"{manifest.version}/{listed.path}", listed.sha256)

    def document(self, manifest: Manifest, entry: SeriesEntry) -> SeriesDocument:
        """Return all that is published of one series."""
        listed = entry.files["json"]
        return self._document(f"{manifest.version}/{listed.path}", listed.sha256)

    def _read_manifest(self, version: str, sha256: str) -> Manifest:
        path = f"{version}/{MANIFEST}"
        try:
            content = self._whole(path)
        except FileNotFoundError as error:
            if sha256:
                raise PublicationUnavailable(f"{path} is not there, though {POINTER} names it.") from error
            raise PublicationUnknown(f"There is no publication {version}.") from error
        if sha256:
            _check(content.data, sha256, path)
        return _parsed(Manifest, content.data, path)

    def _read_file(self, path: str, sha256: str) -> bytes:
        try:
            content = self._whole(path)
        except FileNotFoundError as error:
            raise PublicationUnavailable(f"{path} is not there, though its manifest lists it.") from error
        _check(content.data, sha256, path)
        return content.data

    def _read_document(self, path: str, sha256: str) -> SeriesDocument:
        return _parsed(SeriesDocument, self._file(path, sha256), path)

    def _whole(self, path: str) -> Content:
        content = self._read(path)
        if content is None:
            raise PublicationUnavailable(f"{path} came without its content. Try again in a minute.")
        return content

    def _read(self, path: str, *, unless: str = "") -> Content | None:
        try:
            return self._storage.read(path, unless=unless)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise PublicationUnavailable(f"{path} cannot be read just now. Try again in a minute.") from error


def _check(data: bytes, sha256: str, path: str) -> None:
    if hashlib.sha256(data).hexdigest() != sha256:
        raise PublicationUnavailable(f"{path} is not the file that was published.")


def _parsed(model: type[_Model], data: bytes, path: str) -> _Model:
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        raise PublicationUnavailable(f"{path} is not in the published format.") from error
