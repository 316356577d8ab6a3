"""The stack on one machine: uploads, the registry, publications and the way back, through the rooms' own handlers."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import boto3
import httpx2 as httpx
import pytest

from functions.triage.golden import drawn_photos
from functions.triage.retries import KEPT_S
from infra.twin import ENVIRONMENT
from tests.registry import packages
from tests.stack.conftest import ROOT
from tests.triage.served import served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PHOTO = drawn_photos()["small even spot"]
PNG = {"Content-Type": "image/png"}


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("twin") / "log"


@pytest.fixture(scope="module")
def twin(log: Path) -> Iterator[httpx.Client]:
    with (
        log.open("w", encoding="utf-8") as out,
        served(out, "--aws-local", TRIAGE_REFRESH_S="0.2", FORECASTS_REFRESH_S="0") as server,
        httpx.Client(base_url=server.address, timeout=60) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def settings(twin: httpx.Client) -> dict[str, str]:  # noqa: ARG001 - it writes them
    text = (ENVIRONMENT / "environment").read_text("utf-8")
    return dict(re.findall(r"^export (\w+)='([^']*)'$", text, re.MULTILINE))


def command(settings: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=ROOT,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def until(seen: Callable[[], Any], wanted: Any) -> None:
    """Wait until something is as it should be; it has a minute."""
    late = time.monotonic() + 60
    while (found := seen()) != wanted:
        assert time.monotonic() < late, f"{found}, not {wanted}"
        time.sleep(0.1)


def test_both_doors_give_one_answer_and_what_was_uploaded_is_gone(twin: httpx.Client, settings: dict[str, str]) -> None:
    inline = twin.post("/v1/predictions", content=PHOTO, headers=PNG).json()
    form = twin.post("/v1/uploads").json()
    put = httpx.post(form["url"], data={**form["fields"], "Content-Type": "image/png"}, files={"file": PHOTO})
    assert put.status_code == 204
    came = twin.post("/v1/predictions", json={"upload_id": form["upload_id"]}).json()
    own = {"prediction_id", "request_id"}
    assert {k: v for k, v in came.items() if k not in own} == {k: v for k, v in inline.items() if k not in own}
    s3 = boto3.client("s3", endpoint_url=settings["AWS_ENDPOINT_URL"])
    assert s3.list_objects_v2(Bucket="dermacast-local-uploadsbucket")["KeyCount"] == 0


def test_a_request_that_is_sent_again_is_answered_as_before(twin: httpx.Client, settings: dict[str, str]) -> None:
    first, second = (twin.post("/v1/predictions?lang=de", content=PHOTO, headers=PNG).json() for _ in range(2))
    assert first == second
    table = boto3.client("dynamodb", endpoint_url=settings["AWS_ENDPOINT_URL"])
    kept = table.scan(TableName="dermacast-local-retries")["Items"]
    assert all(float(one["expiration"]["N"]) <= time.time() + KEPT_S for one in kept)


def test_a_model_is_promoted_and_taken_back(twin: httpx.Client, settings: dict[str, str], tmp_path: Path) -> None:
    def answers() -> str:
        return str(twin.get("/v1/health").json()["model"]["version"])

    before = answers()
    package = packages.write(tmp_path / "v1", 1)
    assert command(settings, "functions", "registry", "add", str(package)).strip() == "v1"
    assert answers() == before
    command(settings, "functions", "registry", "promote", "v1", "--why", "to try it")
    until(answers, "v1")
    assert twin.post("/v1/predictions", content=PHOTO, headers=PNG).json()["model"]["version"] == "v1"
    command(settings, "functions", "registry", "roll-back", "--why", "to try that too")
    until(answers, before)


def test_forecasts_that_are_published_are_shown(twin: httpx.Client, settings: dict[str, str]) -> None:
    shown = twin.get("/v1/forecasts").json()
    assert shown["total"] > 0
    sources = "forecasting/samples/sources.json"
    told = command(
        settings,
        *("forecasting", "publish", "forecasting/samples/england_melanoma_monthly.csv", "--sources", sources),
        *("--horizon", "3", "--json", "--to", "s3://dermacast-local-publicationsbucket/published"),
    )
    version = json.loads(told)["version"]
    assert version != shown["version"]
    until(lambda: twin.get("/v1/forecasts").json()["version"], version)
    assert twin.get("/forecasts").status_code == 200


def test_other_rooms_and_refusals_come_through(twin: httpx.Client) -> None:
    page = twin.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "dermacast-local-uploadsbucket" in page.headers["content-security-policy"]
    assert twin.get("/v1/care", params={"city": "Nairobi"}).json()["sites"]
    assert twin.get("/page/icon-192.png").content.startswith(b"\x89PNG")
    assert twin.get("/v1/care", params={"nonsense": "1"}).json()["code"] == "parameter_unknown"
    assert twin.post("/v1/predictions", content=bytes(7_000_000), headers=PNG).status_code == 413


def test_it_stumbled_over_nothing(twin: httpx.Client, log: Path) -> None:
    assert twin.get("/v1/health").status_code == 200
    assert "Traceback" not in log.read_text("utf-8")
    assert '"level":"ERROR"' not in log.read_text("utf-8")
