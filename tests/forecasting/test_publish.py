"""Publishing is whole or not at all, in a folder and in S3: crashes, two at once, and what may be published."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from forecasting.errors import PublicationRefused
from forecasting.publish import publish, read_sources
from functions.common.problems import PublicationUnavailable
from functions.common.storage import bucket_and_prefix, open_storage
from functions.forecasts.publication import MANIFEST, POINTER
from functions.forecasts.reader import Publications
from tests.forecasting.drawn import SOURCE, SOURCES, drawn_forecast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from functions.common.storage import Content

CREATED = dt.datetime(2026, 11, 23, 6, tzinfo=dt.UTC)
LATER = CREATED + dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _plain_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the time of drawing; `test_pictures` draws."""
    monkeypatch.setattr("forecasting.pictures.forecast_picture", lambda document: document.series_id.encode())


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    with mock_aws():
        boto3.client("s3").create_bucket(
            Bucket="forecasts", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        yield "forecasts"


@pytest.fixture(params=["folder", "bucket"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "folder":
        return str(tmp_path / "publications")
    return f"s3://{request.getfixturevalue('bucket')}/{tmp_path.name}"


def reader(root: str) -> Publications:
    return Publications(open_storage(root), refresh_s=0)


class Interrupted(Exception):
    pass


class Watched:
    """Writes to another storage; calls `at` before each writing."""

    def __init__(self, root: str, at: Callable[[int, str], None]) -> None:
        self._storage, self._at, self.written = open_storage(root), at, []

    def read(self, path: str, *, unless: str = "") -> Content | None:
        return self._storage.read(path, unless=unless)

    def create(self, path: str, data: bytes, media_type: str = "") -> bool:
        self._at(len(self.written), path)
        self.written.append(path)
        return self._storage.create(path, data, media_type)

    def replace(self, path: str, data: bytes, before: str | None, media_type: str = "") -> bool:
        self._at(len(self.written), path)
        return self._storage.replace(path, data, before, media_type)


def test_what_is_published_is_what_is_read(root: str) -> None:
    manifest = publish([drawn_forecast()], root, SOURCES, created=CREATED)
    publications = reader(root)
    assert publications.manifest() == manifest
    (entry,) = manifest.series
    document = publications.document(manifest, entry)
    assert document.source == SOURCE
    assert document.final.points[0].median == pytest.approx(drawn_forecast().forecasts["dermacast"].median[0], abs=0.05)
    for file_format, listed in entry.files.items():
        data = publications.file(manifest, entry, file_format)
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (listed.sha256, listed.size)


def test_the_manifest_comes_last_and_the_pointer_after_it(root: str) -> None:
    order: list[str] = []
    publish(
        [drawn_forecast()],
        root,
        SOURCES,
        created=CREATED,
        storage=Watched(root, lambda _, path: order.append(path.rpartition("/")[2])),
    )
    assert order[-2:] == [MANIFEST, POINTER]
    assert len(order) == 7


@pytest.mark.parametrize("after", [0, 4, 5, 6])
def test_an_interrupted_publication_is_never_seen(root: str, after: int) -> None:
    first = publish([drawn_forecast()], root, SOURCES, created=CREATED)

    def interrupt(written: int, path: str) -> None:
        if (written == after and path != POINTER) or (after == 6 and path == POINTER):
            raise Interrupted

    with pytest.raises(Interrupted):
        publish([drawn_forecast()], root, SOURCES, created=LATER, storage=Watched(root, interrupt))
    publications = reader(root)
    assert publications.manifest() == first
    assert publications.document(first, first.series[0]).version == first.version
    # The next one goes through, though a part of the interrupted one is in its way.
    assert publish([drawn_forecast()], root, SOURCES, created=LATER + dt.timedelta(1)) == reader(root).manifest()


def test_an_interrupted_first_publication_shows_nothing(root: str) -> None:
    def interrupt(written: int, _: str) -> None:
        if written == 3:
            raise Interrupted

    with pytest.raises(Interrupted):
        publish([drawn_forecast()], root, SOURCES, created=CREATED, storage=Watched(root, interrupt))
    with pytest.raises(PublicationUnavailable):
        reader(root).manifest()


@pytest.mark.parametrize("is_first", [True, False])
def test_of_two_at_once_one_wins_and_the_other_is_told(root: str, is_first: bool) -> None:
    if not is_first:
        publish([drawn_forecast()], root, SOURCES, created=CREATED - dt.timedelta(days=1))
    winner = []

    def overtake(_: int, path: str) -> None:
        if path.endswith(MANIFEST) and not winner:
            winner.append(publish([drawn_forecast()], root, SOURCES, created=LATER))

    with pytest.raises(PublicationRefused, match="another publisher was faster: 20261123T060000Z-"):
        publish([drawn_forecast()], root, SOURCES, created=CREATED, storage=Watched(root, overtake))
    assert reader(root).manifest() == winner[0]
    # What lost lies whole beside it.
    (lost,) = [name for name in versions(root) if name.startswith("20261123")]
    assert len(reader(root).manifest(lost).series) == 1


def versions(root: str) -> set[str]:
    from pathlib import Path

    if parts := bucket_and_prefix(root):
        listed = boto3.client("s3").list_objects_v2(Bucket=parts[0], Prefix=parts[1])["Contents"]
        paths = [one["Key"].removeprefix(parts[1]) for one in listed]
    else:
        paths = [str(path.relative_to(root)) for path in Path(root).rglob("*/*")]
    return {path.partition("/")[0] for path in paths if "/" in path}


def test_a_version_is_written_once(root: str) -> None:
    publish([drawn_forecast()], root, SOURCES, created=CREATED)
    with pytest.raises(PublicationRefused, match="a version is written once"):
        publish([drawn_forecast()], root, SOURCES, created=CREATED)


def test_previous_names_what_was_shown_before(root: str) -> None:
    first = publish([drawn_forecast()], root, SOURCES, created=CREATED)
    publish([drawn_forecast()], root, SOURCES, created=LATER)
    assert reader(root).pointer().previous == first.version


def test_the_same_forecasts_give_the_same_bytes(tmp_path: Path) -> None:
    found = []
    for name in ("one", "two"):
        publish([drawn_forecast()], str(tmp_path / name), SOURCES, created=CREATED)
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        found.append({str(path.relative_to(tmp_path / name)): path.read_bytes() for path in files})
    assert found[0] == found[1]


def test_what_has_no_licence_is_not_published(tmp_path: Path) -> None:
    forecasts = [drawn_forecast(), drawn_forecast("drawn-b", source="Nobody's"), drawn_forecast("drawn-b")]
    with pytest.raises(PublicationRefused) as refused:
        publish(forecasts, str(tmp_path), SOURCES, created=CREATED)
    assert str(refused.value) == 'drawn-b comes twice; no licence is stated for the source "Nobody\'s"'
    with pytest.raises(PublicationRefused, match="no forecast to publish"):
        publish([], str(tmp_path), SOURCES, created=CREATED)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("bucket")
def test_a_bucket_that_is_not_there_is_told() -> None:
    with pytest.raises(PublicationRefused, match="NoSuchBucket"):
        publish([drawn_forecast()], "s3://nowhere-at-all", SOURCES, created=CREATED)


def test_an_address_that_is_none_is_told() -> None:
    with pytest.raises(PublicationRefused, match="is not an address such as"):
        publish([drawn_forecast()], "s3:/forecasts", SOURCES, created=CREATED)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "is not a file of"),
        ("[]", "is not a file of"),
        ('{"sources": [{"source": "A"}]}', "licence: Field required"),
    ],
)
def test_sources_that_cannot_be_read_are_told(tmp_path: Path, content: str, complaint: str) -> None:
    path = tmp_path / "sources.json"
    path.write_text(content)
    with pytest.raises(PublicationRefused, match=complaint):
        read_sources(path)


def test_sources_are_read(tmp_path: Path) -> None:
    path = tmp_path / "sources.json"
    path.write_text(json.dumps({"sources": [SOURCE.model_dump(mode="json")]}))
    assert read_sources(path) == SOURCES


def test_objects_have_their_media_types(bucket: str) -> None:
    manifest = publish([drawn_forecast()], f"s3://{bucket}/kinds", SOURCES, created=CREATED)
    key = f"kinds/{manifest.version}/{manifest.series[0].series_id}"
    client: Any = boto3.client("s3")
    kinds = {end: client.head_object(Bucket=bucket, Key=f"{key}.{end}")["ContentType"] for end in ("png", "csv")}
    assert kinds == {"png": "image/png", "csv": "text/csv; charset=utf-8"}
