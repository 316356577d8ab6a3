"""A registry in a folder and in a bucket, keys, and three versions."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from functions.common.signing import LocalSigner, new_local_key
from functions.common.storage import open_storage
from functions.registry.versions import publish
from tests.registry import packages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from functions.common.storage import Storage


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[LocalSigner, bytes]:
    path = tmp_path_factory.mktemp("keys") / "signing.pem"
    public = new_local_key(path)
    return LocalSigner(path), public


@pytest.fixture(scope="session")
def drawn_packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("packages")
    return {f"v{number}": packages.write(folder / f"v{number}", number) for number in (1, 2, 3)}


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """Keep one bucket for a module's tests; each takes a prefix of its own."""
    with mock_aws():
        boto3.client("s3").create_bucket(
            Bucket="models", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        yield "s3://models"


@pytest.fixture(params=["folder", "bucket"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "folder":
        return open_storage(tmp_path / "registry")
    return open_storage(f"{request.getfixturevalue('bucket')}/{uuid.uuid4().hex}/registry")


@pytest.fixture
def registry(storage: Storage, keys: tuple[LocalSigner, bytes], drawn_packages: dict[str, Path]) -> Storage:
    for package in drawn_packages.values():
        publish(storage, package, keys[0])
    return storage
