"""The real state machine file for many photos, with a worker that dies: nothing lost, nothing twice."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from functions.batches import handler
from functions.common.storage import open_storage
from tests.batches.test_batches import SCORER, photo
from training.local_machine import LocalMachine

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFINITION = Path(__file__).parents[2] / "infra" / "batch.asl.json"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:dermacast"
FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function"
SUBSTITUTIONS = {
    "PlanFunctionArn": f"{FUNCTION}:plan",
    "JudgeFunctionArn": f"{FUNCTION}:judge",
    "MergeFunctionArn": f"{FUNCTION}:merge",
    "RunsBucket": "runs",
    "RunsPrefix": "batches/",
    "TopicArn": TOPIC,
}
PHOTOS = 500


class House:
    """Two buckets, a topic, and functions of which one may die."""

    def __init__(self) -> None:
        where = {"CreateBucketConfiguration": {"LocationConstraint": "eu-central-1"}}
        for bucket in ("photos", "runs"):
            boto3.client("s3").create_bucket(Bucket=bucket, **where)
        boto3.client("sns").create_topic(Name="dermacast")
        self.photos, self.runs = open_storage("s3://photos/2026"), open_storage("s3://runs/batches")
        self.deaths: dict[str, int] = {}  # batch: how often it still dies
        self.calls: list[str] = []

    def judge(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        self.calls.append(event["batch"])
        if self.deaths.get(event["batch"], 0) > 0:
            self.deaths[event["batch"]] -= 1
            raise RuntimeError("killed")
        return handler.judge(event, context)

    def run(self, name: str, **asked: str) -> dict[str, Any]:
        functions = {"plan": handler.plan, "judge": self.judge, "merge": handler.merge}
        machine = LocalMachine(DEFINITION, SUBSTITUTIONS, functions)
        return machine.run(name, {"photos": "s3://photos/2026", **asked})

    def predictions(self, name: str) -> list[str]:
        content = self.runs.read(f"{name}/predictions.jsonl.gz")
        assert content is not None
        return [json.loads(line)["photo"] for line in gzip.decompress(content.data).splitlines()]


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setenv("BATCHES_ROOT", "s3://runs/batches")
    monkeypatch.setenv("BATCHES_MAX_CONCURRENCY", "2")
    handler._settings.cache_clear()
    monkeypatch.setattr(handler, "_scorer", lambda: SCORER)
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        yield House()
    handler._settings.cache_clear()


def test_five_hundred_photos_and_a_worker_that_dies_twice(house: House) -> None:
    data = [photo(number) for number in range(20)]
    for number in range(PHOTOS):
        house.photos.create(f"{number:04d}.png", data[number % 20])
    house.deaths = {"000003": 2}
    ended = house.run("one")
    assert ended["status"] == "SUCCEEDED", ended
    summary = json.loads(ended["output"])
    assert (summary["photos"], summary["judged"], summary["lost"]) == (PHOTOS, PHOTOS, 0)
    assert house.predictions("one") == [f"{number:04d}.png" for number in range(PHOTOS)]
    assert house.calls.count("000003") == 3
    # Started again under another name, nothing is scored again.
    parts = list(house.runs.list("parts/"))
    assert house.run("two")["status"] == "SUCCEEDED"
    assert list(house.runs.list("parts/")) == parts
    assert house.predictions("two") == house.predictions("one")


def test_a_batch_that_always_dies_is_tolerated_and_told_or_ends_the_run(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        house.photos.create(f"{number}.png", photo(number))
    monkeypatch.setenv("BATCHES_SIZE", "2")
    monkeypatch.setenv("BATCHES_TOLERATED_FAILURE_PERCENTAGE", "50")
    handler._settings.cache_clear()
    house.deaths = {"000002": 99}
    ended = house.run("one")
    assert ended["status"] == "SUCCEEDED", ended
    assert json.loads(ended["output"])["lost"] == 2
    monkeypatch.setenv("BATCHES_TOLERATED_FAILURE_PERCENTAGE", "10")
    handler._settings.cache_clear()
    ended = house.run("two")
    assert (ended["status"], ended["error"]) == ("FAILED", "NotJudged")
    assert ended["states"][-2:] == ["TellFailure", "NotJudged"]


@pytest.mark.parametrize(
    ("text", "said"), [("colour\n", "there is no column 'photo'"), ("photo\n", "There is no photo in the list")]
)
def test_a_list_that_cannot_be_used_ends_the_run_with_the_reason(house: House, text: str, said: str) -> None:
    house.photos.create("people.csv", text.encode())
    ended = house.run("one", list="people.csv")
    assert ended["status"] == "FAILED"
    assert said in ended["cause"]
    assert house.calls == []
