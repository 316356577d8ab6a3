"""The upload door: a form that takes what it should, one judgement a photo, and nothing left behind."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws
from starlette.testclient import TestClient

from functions.common import problems
from functions.triage.pixels import MAX_BYTES
from functions.triage.routes import create_app
from functions.triage.settings import TriageSettings
from functions.triage.uploads import PHOTO_LIFETIME, Uploads
from tests.triage import packages, photos

if TYPE_CHECKING:
    from collections.abc import Iterator

BUCKET = "drawn-uploads"


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        yield client


@pytest.fixture
def client(s3: Any) -> TestClient:  # noqa: ARG001 - the bucket must be there
    scorer = packages.scorer()
    return TestClient(create_app(lambda: scorer, TriageSettings(uploads_bucket=BUCKET)), raise_server_exceptions=False)


def keys(s3: Any) -> list[str]:
    return [found["Key"] for found in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def uploaded(client: TestClient, s3: Any, photo: bytes) -> str:
    form = client.post("/v1/uploads").json()
    s3.put_object(Bucket=BUCKET, Key=form["fields"]["key"], Body=photo)
    upload_id: str = form["upload_id"]
    return upload_id


def test_the_form_is_signed_for_one_key_a_size_a_kind_and_five_minutes(client: TestClient) -> None:
    form = client.post("/v1/uploads").json()
    policy = json.loads(base64.b64decode(form["fields"]["policy"]))
    assert {"bucket": BUCKET} in policy["conditions"]
    assert {"key": f"uploads/{form['upload_id']}"} in policy["conditions"]
    assert ["content-length-range", 1, MAX_BYTES] in policy["conditions"]
    assert ["starts-with", "$Content-Type", "image/"] in policy["conditions"]
    left = datetime.fromisoformat(policy["expiration"]) - datetime.now(UTC)
    assert timedelta(minutes=4) < left <= timedelta(minutes=5)
    assert form["max_bytes"] == MAX_BYTES


def test_both_doors_give_the_same_answer_and_nothing_stays(client: TestClient, s3: Any) -> None:
    photo = photos.jpeg()
    inline = client.post("/v1/predictions?age=60", content=photo, headers={"Content-Type": "image/jpeg"}).json()
    came = client.post("/v1/predictions?age=60", json={"upload_id": uploaded(client, s3, photo)}).json()
    own = {"prediction_id", "request_id"}
    assert {k: v for k, v in came.items() if k not in own} == {k: v for k, v in inline.items() if k not in own}
    assert came["probability"] == pytest.approx(inline["probability"], abs=1e-6)
    assert keys(s3) == []


def test_an_id_is_used_up_also_by_what_is_no_photo(client: TestClient, s3: Any) -> None:
    upload_id = uploaded(client, s3, b"not a photo")
    first, second = (client.post("/v1/predictions", json={"upload_id": upload_id}) for _ in range(2))
    assert (first.status_code, first.json()["code"]) == (415, "photo_format_unsupported")
    assert (second.status_code, second.json()["code"]) == (404, "upload_unknown")
    assert keys(s3) == []


def test_what_is_too_old_is_refused_and_deleted(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="uploads/" + "a" * 32, Body=photos.jpeg())
    late = Uploads(BUCKET, clock=lambda: datetime.now(UTC) + PHOTO_LIFETIME + timedelta(seconds=5))
    with pytest.raises(problems.UploadExpired):
        late.take("a" * 32)
    assert keys(s3) == []


def test_what_is_too_large_is_refused_and_deleted(client: TestClient, s3: Any) -> None:
    answer = client.post("/v1/predictions", json={"upload_id": uploaded(client, s3, b"x" * (MAX_BYTES + 1))})
    assert answer.json()["code"] == "photo_too_many_bytes"
    assert keys(s3) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b'"x"',
        b"\xff",
        b'{"upload_id": 1}',
        b'{"upload_id": "../other"}',
        b"{" * 2000,
        json.dumps({"upload_id": "a" * 32, "more": 1}).encode(),
        json.dumps({"upload_id": "a" * 32 + "\n"}).encode(),
    ],
)
def test_a_body_that_is_no_reference_is_refused(client: TestClient, body: bytes) -> None:
    answer = client.post("/v1/predictions", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "reference_malformed")


def test_an_id_that_was_never_given_is_refused(client: TestClient) -> None:
    answer = client.post("/v1/predictions", json={"upload_id": "a" * 32})
    assert (answer.status_code, answer.json()["code"]) == (404, "upload_unknown")


def test_without_a_bucket_the_answer_says_where_photos_go() -> None:
    scorer = packages.scorer()
    client = TestClient(create_app(lambda: scorer, TriageSettings()), raise_server_exceptions=False)
    for answer in (client.post("/v1/uploads"), client.post("/v1/predictions", json={"upload_id": "a" * 32})):
        assert (answer.status_code, answer.json()["code"]) == (404, "uploads_unavailable")
        assert "/v1/predictions" in answer.json()["detail"]
