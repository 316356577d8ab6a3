"""The cost card: its arithmetic by hand, and the page that the program writes."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import replace

import pytest

from infra.costs import (
    CARD,
    IMAGES,
    MEASURED,
    ONE_PROCESSOR_MB,
    PRICES,
    Measured,
    Prices,
    Stack,
    batch_thousand,
    beside,
    compute,
    idle_month,
    prediction,
    read,
    render,
    retraining,
    run,
    warm_month,
)
from infra.resolved import read_template
from tests.stack.conftest import ROOT

USD = {
    "lambda_x86_gb_second": 0.02,
    "lambda_arm_gb_second": 0.01,
    "lambda_request": 0.3,
    "lambda_storage_gb_second": 0.004,
    "lambda_provisioned_gb_second": 0.001,
    "rest_api_request": 5.0,
    "transfer_out_gb": 1e6,
    "waf_acl_month": 5.0,
    "waf_rule_month": 1.0,
    "waf_request": 0.7,
    "logs_gb": 1e6,
    "alarm_metric_month": 0.5,
    "metric_month": 0.25,
    "trace": 2.0,
    "dynamodb_write_kb": 0.125,
    "s3_gb_month": 3.0,
    "s3_put": 0.5,
    "s3_get": 0.25,
    "kms_key_month": 1.5,
    "ecr_gb_month": 10.0,
    "state_transition": 4.0,
    "sagemaker_training_hour": 8.0,
    "sagemaker_serverless_2gb_second": 0.1,
    "instance_hour": 2.0,
    "load_balancer_hour": 1.0,
}
ROUND = Prices({"prices": {name: {"usd": usd} for name, usd in USD.items()}})
DRAWN = Measured(
    measured="2026-01-01",
    processor="drawn",
    one_processor_ms=200,
    two_processors_ms=100,
    start_ms=1000,
    batch_photo_ms=360,
    answer_bytes=1000,
    log_bytes=600,
    kept_bytes=2049,
    page_bytes=0,
    page_requests=10,
    custom_metrics=14,
)


def test_a_photos_time_follows_the_memory_up_to_what_was_measured() -> None:
    assert DRAWN.milliseconds(ONE_PROCESSOR_MB) == 200
    assert DRAWN.milliseconds(ONE_PROCESSOR_MB // 2) == pytest.approx(400, rel=1e-2)
    assert DRAWN.milliseconds(3000) == 200, "nothing is promised between"
    assert DRAWN.milliseconds(2 * ONE_PROCESSOR_MB) == 100


def test_a_photo_by_hand() -> None:
    paid = prediction(ROUND, DRAWN, memory_mb=2048, storage_mb=1024)
    assert paid == pytest.approx(
        {
            "Lambda, time": 0.2 * 2 * 0.02 + 0.2 * 0.5 * 0.004,
            "Lambda, request": 0.3,
            "API Gateway": 5.0,
            "firewall": 0.7,
            "logs and metrics' lines": 1.0,
            "answer kept for a retry": 4 * 0.125,
            "answer to the internet": 1.0,
            "traces": 0.1,
        }
    )
    assert compute(ROUND, 1000, 1024, arm=True) == 0.01


def test_an_idle_month_by_hand() -> None:
    stack = Stack(keys=2, rules=3, alarm_metrics=14, memory_mb=1769, storage_mb=512, images_gb=0.5)
    assert sorted(idle_month(ROUND, stack).values()) == sorted([3.0, 8.0, 2.0, 5.0, 3.0])
    few = replace(stack, alarm_metrics=4)
    assert min(idle_month(ROUND, few).values()) == 0, "ten are free"
    assert warm_month(ROUND, memory_mb=2048) == pytest.approx(730 * 3600 * 2 * 0.001)


def test_batches_and_trainings_by_hand() -> None:
    paid = batch_thousand(ROUND, DRAWN, memory_mb=1024)
    assert list(paid.values()) == pytest.approx([7.2, 12.0, 480.0, 250 + 40 * (0.5 + 1.5)])
    assert run(ROUND, DRAWN, 100) == pytest.approx(
        {"workers": 100, "hour": 1_000_000, "minutes": 6, "starts": 100 * 1769 / 1024 * 0.02}
    )
    assert retraining(ROUND, 0.5, 0.4) == pytest.approx(1.6)


def test_other_ways_by_hand() -> None:
    stack = Stack(keys=2, rules=3, alarm_metrics=14, memory_mb=2048, storage_mb=512, images_gb=0.5)
    found = beside(ROUND, DRAWN, stack)
    assert found["ours"] == pytest.approx(1000 * (0.2 * 2 * 0.02 + 5.3))
    assert found["sagemaker"] == pytest.approx(1000 * (0.02 + 5.3))
    assert found["instance"] == 1460
    assert found["instance_from"] == pytest.approx(1460 / 5.308)
    assert found["sustained"] == 2


def test_the_template_is_what_is_counted() -> None:
    stack = Stack.read(read_template(), json.loads(IMAGES.read_text("utf-8")))
    text = (ROOT / "template.yaml").read_text("utf-8")
    assert stack.keys == text.count("Type: AWS::KMS::Key\n") == 2
    assert stack.alarm_metrics >= text.count("Type: AWS::CloudWatch::Alarm\n")
    assert stack.memory_mb == 1769
    assert stack.rules == 5


def test_every_price_says_of_what_and_from_where_and_when() -> None:
    document = json.loads(PRICES.read_text("utf-8"))
    assert document["prices"].keys() == USD.keys()
    for price in document["prices"].values():
        assert price["usd"] > 0
        assert price["unit"]
        assert price["source"].startswith("https://aws.amazon.com/")
        assert dt.date.fromisoformat(f"{price['as_of']}-01") <= dt.date.fromisoformat(document["written"])
        assert isinstance(price["checked"], bool)


def test_the_card_is_what_the_program_writes() -> None:
    assert CARD.read_text("utf-8") == render(*read()), "python -m infra.costs"
    assert MEASURED.read_text("utf-8").endswith("}\n")


def test_the_stacks_page_tells_the_cards_figures() -> None:
    row = re.compile(r"^\| (a [^|]+) \| ([\d.]+) \|$", re.MULTILINE)
    section = (ROOT / "infra" / "README.md").read_text("utf-8").split("## Costs\n", 1)[1].split("\n## ", 1)[0]
    told = dict(row.findall(section))
    assert len(told) == 3
    assert told.items() <= dict(row.findall(CARD.read_text("utf-8"))).items()
    assert re.search("^## Many photos$", CARD.read_text("utf-8"), re.MULTILINE), "where the page's link leads"
