"""Deliveries that the tests draw: photos of unlike shapes, each named by a number, and their manifest."""

from __future__ import annotations

import datetime as dt
import io
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
import numpy as np
import pytest
from moto import mock_aws
from PIL import Image

from tests.training.photos import write_manifest
from training.deliveries import check_folder, open_training, send, take_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from functions.common.storage import Storage
    from training.deliveries import Intake

NOW = dt.datetime(2026, 11, 23, 6, 0, tzinfo=dt.UTC)


@contextmanager
def no_bar(_title: str, _total: int) -> Iterator[Callable[[int], None]]:
    yield lambda _done: None


def picture(number: int) -> Image.Image:
    """Draw soft spots that no other number has."""
    coarse = np.random.default_rng(number).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((120, 120), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def row(number: int, **changes: str) -> dict[str, str]:
    """Return a good row: every third lesion is a melanoma, two photos share a lesion."""
    values = {
        "image_name": f"photo_{number:03d}",
        "path": f"images/{number:03d}.png",
        "lesion_id": f"lesion_{number // 2:03d}",
        "patient_id": "",
        "sex": "female",
        "age_approx": "55",
        "diagnosis": "mel" if number // 2 % 3 == 0 else "nv",
        "target": "1" if number // 2 % 3 == 0 else "0",
        "origin": "drawn",
        "licence": "CC0",
        "fold": "",
    }
    return {**values, **changes}


def draw(folder: Path, rows: list[dict[str, str]], photos: dict[str, bytes] | None = None) -> Path:
    """Write a delivery: the picture of each row's number where `photos` has no other bytes for its path."""
    (folder / "images").mkdir(parents=True)
    for given in rows:
        number = "".join(digit for digit in given["path"] if digit.isdigit())
        if number and given["path"].startswith("images/") and ".." not in given["path"]:
            (folder / given["path"]).write_bytes(encoded(picture(int(number))))
    for path, photo in (photos or {}).items():
        (folder / path).write_bytes(photo)
    write_manifest(folder / "manifest.csv", rows)
    return folder


def deliver(folder: Path, storage: Storage, name: str, most_broken: float = 0.2) -> Intake:
    """Send a folder and take it in."""
    checked = check_folder(folder, name, storage, now=NOW, most_broken=most_broken, bar=no_bar)
    send(checked, storage, no_bar)
    return take_in(storage, now=NOW, bar=no_bar, most_broken=most_broken)


def upload(folder: Path, storage: Storage, name: str) -> None:
    """Put a folder's files into the bucket as they are, as any other tool would."""
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            assert storage.create(f"deliveries/{name}/{file.relative_to(folder).as_posix()}", file.read_bytes())


@contextmanager
def bucket(name: str = "training") -> Iterator[Storage]:
    """Give the storage of a bucket that keeps versions."""
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        yield open_training(f"s3://{name}")


@pytest.fixture
def folder(tmp_path: Path) -> Storage:
    (tmp_path / "training").mkdir()
    return open_training(tmp_path / "training")


@pytest.fixture(params=["folder", "bucket"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    if request.param == "folder":
        (tmp_path / "training").mkdir()
        yield open_training(tmp_path / "training")
        return
    with bucket() as opened:
        yield opened
