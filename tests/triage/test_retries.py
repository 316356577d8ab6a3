"""A request that comes twice costs once; and what keeps the answers never stands between a person and one."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws
from starlette.testclient import TestClient

from functions.common import problems
from functions.triage import judging
from functions.triage.retries import KEPT_S, Retries, question
from functions.triage.routes import create_app
from functions.triage.settings import TriageSettings
from functions.triage.uploads import UploadReference
from tests.triage import packages, photos

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE, BUCKET = "drawn-retries", "drawn-uploads"
JPEG = {"Content-Type": "image/jpeg"}


@pytest.fixture
def aws() -> Iterator[Any]:
    with mock_aws():
        boto3.client("s3").create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        table = boto3.client("dynamodb")
        table.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield table


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Every photo that was really judged."""
    seen: list[bytes] = []
    really = judging.answer_photo

    def counted(photo: bytes, *args: Any, **named: Any) -> Any:
        seen.append(photo)
        return really(photo, *args, **named)

    monkeypatch.setattr(judging, "answer_photo", counted)
    return seen


def served(table: str = TABLE, version: str = "1") -> TestClient:
    scorer = packages.scorer()
    settings = TriageSettings(
        uploads_bucket=BUCKET,
        retries_table=table,
        AWS_LAMBDA_FUNCTION_VERSION=version,  # type: ignore[call-arg]
    )
    return TestClient(create_app(lambda: scorer, settings), raise_server_exceptions=False)


def asked(client: TestClient, address: str = "", photo: bytes | None = None) -> Any:
    return client.post(f"/v1/predictions{address}", content=photo or photos.jpeg(), headers=JPEG)


def items(table: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = table.scan(TableName=TABLE)["Items"]
    return found


@pytest.mark.parametrize("address", ["", "?explain=true", "?lang=es&age=60&bleeding=true"])
def test_the_same_request_is_judged_once_and_answered_alike(aws: Any, judged: list[bytes], address: str) -> None:
    client = served()
    first, second = asked(client, address), asked(client, address)
    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()
    assert len(judged) == 1
    (item,) = items(aws)
    assert float(item["expiration"]["N"]) - KEPT_S == pytest.approx(time.time(), abs=30)


def test_another_photo_option_model_or_program_is_another_question(aws: Any, judged: list[bytes]) -> None:
    client = served()
    for address in ("", "?lang=de", "?age=60", "?explain=true", "?changing=true"):
        asked(client, address)
    asked(client, photo=photos.jpeg(quality=60))
    asked(served(version="2"))
    assert len(judged) == len(items(aws)) == 7


def test_what_is_kept_is_an_answer_and_a_hash(aws: Any) -> None:
    photo = photos.jpeg()
    asked(served(), "?explain=true")
    (item,) = items(aws)
    assert item["id"]["S"].startswith("prediction#")
    assert photo[:200].hex() not in json.dumps(item)
    assert json.loads(item["data"]["S"])["explanation"]["data"] == ""


@pytest.mark.usefixtures("aws")
def test_an_upload_whose_answer_was_lost_is_answered_again_but_not_judged_otherwise(judged: list[bytes]) -> None:
    client = served()
    form = client.post("/v1/uploads").json()
    boto3.client("s3").put_object(Bucket=BUCKET, Key=form["fields"]["key"], Body=photos.jpeg())
    body = {"upload_id": form["upload_id"]}
    first, second = (client.post("/v1/predictions", json=body) for _ in range(2))
    assert first.json() == second.json()
    assert len(judged) == 1
    other = client.post("/v1/predictions?lang=de", json=body)
    assert (other.status_code, other.json()["code"]) == (404, "upload_unknown")


def test_a_refusal_is_not_kept(aws: Any, judged: list[bytes]) -> None:
    client = served()
    for _ in range(2):
        answer = asked(client, photo=b"\xff\xd8\xff no photo")
        assert answer.json()["code"] == "photo_unreadable"
    assert len(judged) == 2
    assert items(aws) == []


@pytest.mark.usefixtures("aws")
def test_a_table_out_of_reach_keeps_nobody_from_an_answer(
    judged: list[bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    client = served(table="absent")
    answer = asked(client)
    assert (answer.status_code, len(judged)) == (200, 1)
    assert '"RetriesUnavailable": [1.0]' in capsys.readouterr().out
    assert asked(client, photo=b"\xff\xd8\xff no photo").json()["code"] == "photo_unreadable"


@pytest.mark.parametrize("photo", [None, b"\xff\xd8\xff no photo"])
def test_a_table_that_is_lost_on_the_way_loses_no_outcome_and_judges_nothing_twice(
    aws: Any, judged: list[bytes], photo: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = judging.answer_photo

    def then_lost(*args: Any, **named: Any) -> Any:
        aws.delete_table(TableName=TABLE)
        return really(*args, **named)

    monkeypatch.setattr(judging, "answer_photo", then_lost)
    answer = asked(served(), photo=photo)
    assert answer.status_code == 200 if photo is None else answer.json()["code"] == "photo_unreadable"
    assert len(judged) == 1


def test_the_same_question_at_the_same_moment_is_asked_to_wait(aws: Any) -> None:
    started, go_on = threading.Event(), threading.Event()
    retries = Retries(TABLE)
    same = question(UploadReference(upload_id="a" * 32), {"lang": "en"}, "model")
    first: list[Any] = []

    def slow() -> Any:
        started.set()
        assert go_on.wait(20)
        raise problems.UploadUnknown(problems.UploadUnknown.example)

    def ask() -> None:
        with pytest.raises(problems.UploadUnknown):
            retries.once(same, slow, picture_size=8)
        first.append(True)

    thread = threading.Thread(target=ask)
    thread.start()
    assert started.wait(20)
    with pytest.raises(problems.StillJudging):
        retries.once(same, slow, picture_size=8)
    go_on.set()
    thread.join(20)
    assert first == [True]
    assert items(aws) == []
