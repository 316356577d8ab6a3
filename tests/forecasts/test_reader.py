"""Readers see whole publications alone, newest first, and read no more often than they must."""

from __future__ import annotations

import datetime as dt
import shutil
from typing import TYPE_CHECKING

import pytest

from forecasting.publish import publish
from functions.common.problems import ForecastUnknown, PublicationUnavailable, PublicationUnknown
from functions.common.storage import BucketStorage, FolderStorage, open_storage
from functions.forecasts.publication import MANIFEST, POINTER
from functions.forecasts.reader import Publications
from tests.forecasting.drawn import SOURCES, drawn_forecast
from tests.forecasts.conftest import CREATED

if TYPE_CHECKING:
    from pathlib import Path

    from functions.common.storage import Content

NAME = "drawn-land-both-melanoma-inc"


class Counting:
    """Counts what is read."""

    def __init__(self, root: Path) -> None:
        self._storage = FolderStorage(root)
        self.reads: list[str] = []

    def read(self, path: str, *, unless: str = "") -> Content | None:
        self.reads.append(path)
        return self._storage.read(path, unless=unless)


@pytest.fixture
def copy(root: Path, tmp_path: Path) -> Path:
    return shutil.copytree(root, tmp_path / "copy")


def reader(root: Path) -> Publications:
    return Publications(FolderStorage(root), refresh_s=0)


def test_the_newest_is_shown_and_the_older_stays_readable(publications: Publications) -> None:
    newest = publications.manifest()
    assert len(newest.series) == 7
    previous = publications.pointer().previous
    assert previous is not None
    older = publications.manifest(previous)
    assert [one.series_id for one in older.series] == [NAME]
    assert older.created < newest.created
    assert publications.document(older, older.series[0]).version == previous


def test_nothing_published_is_told(tmp_path: Path) -> None:
    with pytest.raises(PublicationUnavailable, match="No forecasts are published yet"):
        reader(tmp_path).manifest()


def test_a_version_without_a_manifest_is_not_there(copy: Path) -> None:
    unfinished = copy / "20270101T000000Z-00000000"
    unfinished.mkdir()
    (unfinished / f"{NAME}.json").write_text("{}")
    with pytest.raises(PublicationUnknown):
        reader(copy).manifest(unfinished.name)
    assert reader(copy).manifest().version != unfinished.name


@pytest.mark.parametrize("file", [MANIFEST, f"{NAME}.json", f"{NAME}.csv"])
@pytest.mark.parametrize("harm", ["changed", "gone"])
def test_what_is_not_as_published_is_not_shown(copy: Path, file: str, harm: str) -> None:
    found = reader(copy)
    path = copy / found.pointer().version / file
    if harm == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes().replace(b"melanoma", b"melanomb"))
    with pytest.raises(PublicationUnavailable, match=r"is not the file|is not there"):  # noqa: PT012 - which of them
        manifest = found.manifest()
        entry = found.entry(manifest, NAME)
        found.file(manifest, entry, "csv")
        found.document(manifest, entry)


def test_a_pointer_of_another_format_is_told(copy: Path) -> None:
    (copy / POINTER).write_text('{"schema_version": 2}')
    with pytest.raises(PublicationUnavailable, match=r"current.json is not in the published format"):
        reader(copy).manifest()


def test_an_unknown_series_is_told(publications: Publications) -> None:
    with pytest.raises(ForecastUnknown, match="no forecast nowhere"):
        publications.entry(publications.manifest(), "nowhere")


def test_a_newer_publication_is_seen_when_the_pointer_is_read_again(tmp_path: Path) -> None:
    now = 0.0
    publish([drawn_forecast()], str(tmp_path), SOURCES, created=CREATED)
    storage = Counting(tmp_path)
    publications = Publications(storage, refresh_s=60, clock=lambda: now)
    first = publications.manifest().version
    second = publish([drawn_forecast()], str(tmp_path), SOURCES, created=CREATED + dt.timedelta(days=1)).version
    now = 59.0
    assert publications.manifest().version == first
    now = 60.0
    assert publications.manifest().version == second
    assert storage.reads.count(POINTER) == 2


def test_what_never_changes_is_read_once(root: Path) -> None:
    storage = Counting(root)
    publications = Publications(storage, refresh_s=60)
    for _ in range(3):
        manifest = publications.manifest()
        publications.document(manifest, publications.entry(manifest, NAME))
    assert len(storage.reads) == 3


def test_addresses() -> None:
    assert open_storage("s3://a-bucket/some/prefix/") == BucketStorage("a-bucket", "some/prefix/")
    assert open_storage("s3://a-bucket") == BucketStorage("a-bucket", "")
    assert isinstance(open_storage("folder"), FolderStorage)
    for wrong in ("s3://", "s3:/bucket", "s3://B/x"):
        with pytest.raises(ValueError, match="is not an address such as"):
            open_storage(wrong)
