"""What the service costs: `python -m infra.costs` writes COSTS.md.

Sizes come from template.yaml, milliseconds and bytes from measured.json (`python -m infra.measure`), prices from
prices.json; the rest is arithmetic, and stands here.
"""

from __future__ import annotations

import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from infra.resolved import read_template

HERE = Path(__file__).parent
PRICES, MEASURED, IMAGES = (HERE / name for name in ("prices.json", "measured.json", "images.json"))
TEMPLATE, CARD = HERE / "costs.md.jinja", HERE / "COSTS.md"
HOURS_A_MONTH = 730
# Lambda gives one processor for each 1,769 MB (Lambda developer guide, "Configure Lambda function memory").
ONE_PROCESSOR_MB = 1769
MEMORY_SIZES_MB = (1024, 1769, 3538)
WORKERS = (1, 100, 1000)
BATCH_PHOTOS = 25
# X-Ray records the first request of each second and a twentieth of the others (its default rule).
TRACED_SHARE = 0.05
# What spot machines cost of the list price; AWS names savings of up to 90 %. Assumed.
SPOT_SHARE = 0.4
# The free shares that every account has, each month.
FREE_ALARM_METRICS, FREE_METRICS = 10, 10
# A run of a Distributed Map's child: started, judged, ended.
TRANSITIONS_A_BATCH = 3
# API Gateway's access log, an estimate from its format in the template.
ACCESS_LOG_BYTES = 400
# Of two processors: one epoch and all measurements, and a release from ImageNet (training/EXPERIMENTS.md).
AGAIN_MINUTES, ANEW_MINUTES = 27, 162


@dataclass(frozen=True)
class Measured:
    """Of one photo as the page sends it, but where said otherwise.

    Attributes:
        one_processor_ms: the handler's time on one processor.
        two_processors_ms: on two.
        start_ms: importing the handler, model and all, on one.
        batch_photo_ms: the time that one photo of a batch takes on one.
        answer_bytes: of the answer.
        log_bytes: that the function writes for it.
        kept_bytes: of the item that the table keeps.
        page_bytes: of all files of the page, compressed by nobody.
        page_requests: how many they are.
        custom_metrics: how many metrics of ours there are.

    """

    measured: str
    processor: str
    one_processor_ms: float
    two_processors_ms: float
    start_ms: float
    batch_photo_ms: float
    answer_bytes: int
    log_bytes: int
    kept_bytes: int
    page_bytes: int
    page_requests: int
    custom_metrics: int

    def milliseconds(self, memory_mb: int) -> float:
        """Return a photo's time at a memory size: measured at one and two processors, in proportion between."""
        if memory_mb >= 2 * ONE_PROCESSOR_MB:
            return self.two_processors_ms
        return self.one_processor_ms * max(1.0, ONE_PROCESSOR_MB / memory_mb)


class Prices:
    """The price file; `prices.lambda_request` is dollars a request."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document

    def __getattr__(self, name: str) -> float:
        return float(self.document["prices"][name]["usd"])


@dataclass(frozen=True)
class Stack:
    """What of the template costs money while nobody calls, and the photo function's size."""

    keys: int
    rules: int
    alarm_metrics: int
    memory_mb: int
    storage_mb: int
    images_gb: float

    @classmethod
    def read(cls, template: dict[str, Any], images: dict[str, Any]) -> Stack:
        """Read them from the template and from the images that were built."""
        resources = template["Resources"].values()
        of = lambda kind: [one["Properties"] for one in resources if one["Type"] == kind]  # noqa: E731
        alarms = of("AWS::CloudWatch::Alarm")
        return cls(
            keys=len(of("AWS::KMS::Key")),
            rules=sum(len(wall["Rules"]) for wall in of("AWS::WAFv2::WebACL")),
            alarm_metrics=sum(
                sum("MetricStat" in metric for metric in alarm["Metrics"]) if "Metrics" in alarm else 1
                for alarm in alarms
            ),
            memory_mb=int(template["Parameters"]["TriageMemorySize"]["Default"]),
            storage_mb=int(template["Resources"]["TriageFunction"]["Properties"]["EphemeralStorage"]["Size"]),
            images_gb=sum(image["above_base_mb"] for image in images.values()) / 1000,
        )


def compute(prices: Prices, ms: float, memory_mb: int, *, arm: bool = False) -> float:
    """Return the dollars of one call's time."""
    each = prices.lambda_arm_gb_second if arm else prices.lambda_x86_gb_second
    return ms / 1000 * memory_mb / 1024 * each


def prediction(prices: Prices, measured: Measured, memory_mb: int, storage_mb: int) -> dict[str, float]:
    """Return the dollars of one photo, by what is paid."""
    ms = measured.milliseconds(memory_mb)
    writes = 1 + math.ceil(measured.kept_bytes / 1024)  # that it is being judged, then its answer
    return {
        "Lambda, time": compute(prices, ms, memory_mb)
        + ms / 1000 * (storage_mb - 512) / 1024 * prices.lambda_storage_gb_second,
        "Lambda, request": prices.lambda_request,
        "API Gateway": prices.rest_api_request,
        "firewall": prices.waf_request,
        "logs and metrics' lines": (measured.log_bytes + ACCESS_LOG_BYTES) / 1e9 * prices.logs_gb,
        "answer kept for a retry": writes * prices.dynamodb_write_kb,
        "answer to the internet": measured.answer_bytes / 1e9 * prices.transfer_out_gb,
        "traces": TRACED_SHARE * prices.trace,
    }


def visit(prices: Prices, measured: Measured, memory_mb: int) -> float:
    """Return the dollars of the page's files, for a first visit; later ones come from the device."""
    each = prices.lambda_request + prices.rest_api_request + prices.waf_request + compute(prices, 5, memory_mb)
    return measured.page_requests * each + measured.page_bytes / 1e9 * prices.transfer_out_gb


def idle_month(prices: Prices, stack: Stack) -> dict[str, float]:
    """Return the dollars of a month in which nobody calls."""
    return {
        f"{stack.keys} KMS keys": stack.keys * prices.kms_key_month,
        f"firewall with {stack.rules} rules": prices.waf_acl_month + stack.rules * prices.waf_rule_month,
        f"{stack.alarm_metrics} metrics of alarms, {FREE_ALARM_METRICS} of them free": prices.alarm_metric_month
        * max(0, stack.alarm_metrics - FREE_ALARM_METRICS),
        f"{stack.images_gb:.1f} GB of images": stack.images_gb * prices.ecr_gb_month,
        "a GB of models, forecasts and sketches": prices.s3_gb_month,
    }


def warm_month(prices: Prices, memory_mb: int) -> float:
    """Return the dollars of one function kept warm for a month (provisioned concurrency), whoever calls."""
    return HOURS_A_MONTH * 3600 * memory_mb / 1024 * prices.lambda_provisioned_gb_second


def retraining(prices: Prices, hours: float, spot: float) -> float:
    """Return the dollars of a training job, spot machines at a share of the list price."""
    return hours * prices.sagemaker_training_hour * spot


def batch_thousand(prices: Prices, measured: Measured, memory_mb: int) -> dict[str, float]:
    """Return the dollars of a thousand photos of a batch, by what is paid."""
    batches = 1000 / BATCH_PHOTOS
    return {
        "Lambda, time": 1000 * compute(prices, measured.batch_photo_ms, memory_mb),
        "Lambda, requests": batches * prices.lambda_request,
        "state transitions": batches * TRANSITIONS_A_BATCH * prices.state_transition,
        "S3": 1000 * prices.s3_get + batches * (2 * prices.s3_get + 3 * prices.s3_put),
    }


def render(prices: Prices, measured: Measured, stack: Stack) -> str:
    """Return the card, as Markdown."""
    one = prediction(prices, measured, stack.memory_mb, stack.storage_mb)
    batch = batch_thousand(prices, measured, ONE_PROCESSOR_MB)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - it writes Markdown
    )
    return environment.get_template(TEMPLATE.name).render(
        prices=prices,
        about=prices.document,
        measured=measured,
        stack=stack,
        one=one,
        idle=idle_month(prices, stack),
        metrics=max(0, measured.custom_metrics - FREE_METRICS) * prices.metric_month,
        free_metrics=FREE_METRICS,
        warm=warm_month(prices, stack.memory_mb),
        again=retraining(prices, AGAIN_MINUTES / 60, SPOT_SHARE),
        anew=retraining(prices, ANEW_MINUTES / 60, SPOT_SHARE),
        again_minutes=AGAIN_MINUTES,
        anew_minutes=ANEW_MINUTES,
        spot=SPOT_SHARE,
        visit=visit(prices, measured, stack.memory_mb),
        sizes=[size(prices, measured, memory, stack.storage_mb) for memory in MEMORY_SIZES_MB],
        beside=beside(prices, measured, stack),
        batch=batch,
        batch_photos=BATCH_PHOTOS,
        workers=[run(prices, measured, count) for count in WORKERS],
    )


def size(prices: Prices, measured: Measured, memory_mb: int, storage_mb: int) -> dict[str, float]:
    """Return a memory size's time, dollars a thousand on x86 and arm, and cold start."""
    ms = measured.milliseconds(memory_mb)
    x86 = sum(prediction(prices, measured, memory_mb, storage_mb).values())
    arm = x86 - compute(prices, ms, memory_mb) + compute(prices, ms, memory_mb, arm=True)
    return {
        "memory_mb": memory_mb,
        "ms": ms,
        "x86": 1000 * x86,
        "arm": 1000 * arm,
        "start_ms": measured.start_ms * max(1.0, ONE_PROCESSOR_MB / memory_mb),
    }


def beside(prices: Prices, measured: Measured, stack: Stack) -> dict[str, float]:
    """Return what computes a photo in other ways, without what all of them need: logs, the firewall."""
    doors = prices.rest_api_request + prices.lambda_request
    ours = compute(prices, measured.milliseconds(stack.memory_mb), stack.memory_mb) + doors
    instance = HOURS_A_MONTH * prices.instance_hour
    balanced = instance + HOURS_A_MONTH * prices.load_balancer_hour
    # Of its two processors, t3.small may use a fifth each without paying more (EC2 user guide, "CPU credits").
    sustained = 2 * 0.2 * 1000 / measured.one_processor_ms
    return {
        "ours": 1000 * ours,
        "sagemaker": 1000 * (measured.one_processor_ms / 1000 * prices.sagemaker_serverless_2gb_second + doors),
        "instance": instance,
        "instance_from": instance / ours,
        "balanced": balanced,
        "balanced_from": balanced / ours,
        "sustained": sustained,
        "most": sustained * HOURS_A_MONTH * 3600,
    }


def run(prices: Prices, measured: Measured, workers: int) -> dict[str, float]:
    """Return what so many workers at once judge in an hour, and what their starts cost."""
    hour = workers * 3_600_000 / measured.batch_photo_ms
    return {
        "workers": workers,
        "hour": hour,
        "minutes": 100_000 / hour * 60,
        "starts": workers * compute(prices, measured.start_ms, ONE_PROCESSOR_MB),
    }


def read() -> tuple[Prices, Measured, Stack]:
    """Return what the card rests on."""
    return (
        Prices(json.loads(PRICES.read_text("utf-8"))),
        Measured(**json.loads(MEASURED.read_text("utf-8"))),
        Stack.read(read_template(), json.loads(IMAGES.read_text("utf-8"))),
    )


def main() -> None:
    """Write the card."""
    CARD.write_text(render(*read()), "utf-8")
    sys.stdout.write(CARD.read_text("utf-8"))


if __name__ == "__main__":
    main()
