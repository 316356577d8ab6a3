"""The real state machine file that refreshes forecasts: published, set aside, nothing new, failed and told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws
from starlette.testclient import TestClient

from forecasting import refresh
from functions.common.storage import open_storage
from functions.forecasts import routes
from functions.forecasts.reader import Publications
from tests.forecasting.test_refresh import SAMPLES, sample
from tests.stack.conftest import ROOT
from training.local_machine import LocalMachine

if TYPE_CHECKING:
    from collections.abc import Iterator

TOPIC = "arn:aws:sns:eu-central-1:123456789012:dermacast"
FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function"


class House:
    """Two buckets, a topic with one reader, and the three functions, of which one may die."""

    def __init__(self) -> None:
        where = {"CreateBucketConfiguration": {"LocationConstraint": "eu-central-1"}}
        for bucket in ("registries", "publications"):
            boto3.client("s3").create_bucket(Bucket=bucket, **where)
        self.registries = open_storage("s3://registries")
        self.published = open_storage("s3://publications/published")
        boto3.client("sns").create_topic(Name="dermacast")
        queue = boto3.client("sqs").create_queue(QueueName="told")["QueueUrl"]
        arn = boto3.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
        boto3.client("sns").subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=arn["QueueArn"])
        self.queue = queue
        self.deaths: dict[int, int] = {}  # number of a series: how often its function still dies
        self.registries.create("sources.json", (SAMPLES / "sources.json").read_bytes())

    def forecast(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        if self.deaths.get(event["number"], 0) > 0:
            self.deaths[event["number"]] -= 1
            raise RuntimeError("killed")
        return refresh.forecast(event, context)

    def run(self, name: str, topic: str = TOPIC, **asked: Any) -> dict[str, Any]:
        substitutions = {
            "PlanFunctionArn": f"{FUNCTION}:plan",
            "ForecastFunctionArn": f"{FUNCTION}:forecast",
            "PublishFunctionArn": f"{FUNCTION}:publish",
            "RegistriesBucket": "registries",
            "TopicArn": topic,
        }
        functions = {"plan": refresh.plan, "forecast": self.forecast, "publish": refresh.publish}
        return LocalMachine(ROOT / "infra" / "forecasting.asl.json", substitutions, functions).run(name, asked)

    def told(self) -> list[str]:
        found = boto3.client("sqs").receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(one["Body"])["Subject"] for one in found]

    def series(self) -> list[str]:
        """Return what the analysts' page lists."""
        app = routes.create_app(Publications(self.published, refresh_s=0))
        answer = TestClient(app, raise_server_exceptions=False).get("/v1/forecasts")
        return [one["series_id"] for one in answer.json()["series"]] if answer.status_code == 200 else []


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setenv("REFRESH_ROOT", "s3://registries")
    monkeypatch.setenv("REFRESH_PUBLICATIONS", "s3://publications/published")
    monkeypatch.setenv("REFRESH_HORIZON", "2")
    refresh._settings.cache_clear()
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        yield House()
    refresh._settings.cache_clear()


def test_files_become_forecasts_that_are_shown_and_a_broken_one_is_set_aside(house: House) -> None:
    house.registries.create("files/us.csv", sample("united_states_melanoma.csv", series=2))
    house.registries.create("files/broken.xlsx", b"no workbook")
    house.deaths = {2: 2}
    ended = house.run("one")
    assert ended["status"] == "SUCCEEDED", ended
    summary = json.loads(ended["output"])
    assert (summary["series"], summary["set_aside"]) == (2, ["set-aside/one/broken.xlsx"])
    assert len(house.series()) == 2
    assert house.told() == ["Forecasts published"]
    again = house.run("two")
    assert (again["status"], again["states"][-1]) == ("SUCCEEDED", "NothingNew")
    assert "Nothing came since" in json.loads(again["output"])["reason"]
    assert house.told() == []
    assert house.run("three", force=True)["states"][-1] == "TellEnd"


def test_a_failure_is_told_once_and_what_was_shown_stays(house: House) -> None:
    house.registries.create("files/us.csv", sample("united_states_melanoma.csv", series=2))
    assert house.run("one")["status"] == "SUCCEEDED"
    shown = house.series()
    house.told()
    house.registries.create("files/au.csv", sample("australia_melanoma.csv", series=1))
    house.deaths = {1: 99}
    ended = house.run("two")
    assert (ended["status"], ended["error"]) == ("FAILED", "NotPublished")
    assert house.told() == ["Forecasts were not published"]
    assert house.series() == shown


def test_an_empty_bucket_is_no_failure_and_a_missing_licence_is_one(house: House) -> None:
    ended = house.run("one")
    assert (ended["status"], ended["states"][-1]) == ("SUCCEEDED", "NothingNew")
    house.registries.delete("sources.json")
    house.registries.create("files/us.csv", sample("united_states_melanoma.csv", series=1))
    ended = house.run("two")
    assert ended["status"] == "FAILED"
    assert "There is no sources.json" in ended["cause"]
    assert house.told() == ["Forecasts were not published"]


def test_a_word_that_does_not_go_out_makes_no_failure(house: House) -> None:
    house.registries.create("files/us.csv", sample("united_states_melanoma.csv", series=1))
    ended = house.run("one", topic=f"{TOPIC}-absent")
    assert (ended["status"], ended["states"][-1]) == ("SUCCEEDED", "PublishedUntold")
    assert len(house.series()) == 1
