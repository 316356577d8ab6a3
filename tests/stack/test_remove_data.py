"""What a deleted stack left is removed only when its name is typed again, with every version."""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

SCRIPT = Path(__file__).parents[2] / "infra" / "remove_data.py"


@pytest.fixture
def command() -> Any:
    spec = importlib.util.spec_from_file_location("remove_data", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("typed", ["models", "yes"])
def test_removal(command: Any, monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        s3.put_bucket_versioning(Bucket="models", VersioningConfiguration={"Status": "Enabled"})
        for _ in range(2):
            s3.put_object(Bucket="models", Key="a", Body=b"1")
        s3.delete_object(Bucket="models", Key="a")
        key = boto3.client("kms").create_key()["KeyMetadata"]["KeyId"]
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{typed}\n"))
        ended = command.main(["--bucket", "models", "--key", key])
        removed = typed == "models"
        assert ended == (0 if removed else 1)
        assert bool(s3.list_buckets()["Buckets"]) is not removed
        state = boto3.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
        assert state == ("PendingDeletion" if removed else "Enabled")
