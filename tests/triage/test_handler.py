"""The Lambda door: what a cold start may import, what it survives, and what it tells once."""

from __future__ import annotations

import gc
import importlib.util
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from tests.events import context, event
from tests.triage import packages
from tests.triage.photos import jpeg

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    import pytest

    from tests.triage.conftest import Ear

# Powertools asks whether botocore is there; its one module costs a millisecond. What weighs are its parts.
NOT_FOR_SERVING = (
    "tensorflow",
    "keras",
    "pandas",
    "prophet",
    "matplotlib",
    "sklearn",
    "scipy",
    "onnx",
    "boto3",
    "botocore.session",
    "botocore.client",
    "botocore.vendored",
    "aws_xray_sdk",
    "typer",
    "rich",
    "uvicorn",
    "training",
)


def fresh_handler() -> ModuleType:
    """Return the module as a cold start makes it."""
    spec = importlib.util.find_spec("functions.triage.handler")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def imported_by_a_cold_start(package: Path, **environment: str) -> set[str]:
    code = "import functions.triage.handler, sys, json; print(json.dumps(sorted(sys.modules)))"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "TRIAGE_MODEL_DIR": str(package), **environment},
    )
    assert ran.stderr == ""
    return set(json.loads(ran.stdout))


def test_a_cold_start_imports_nothing_that_trains_forecasts_or_calls_aws(package: Path) -> None:
    imported = imported_by_a_cold_start(package)
    assert {name for name in imported if f"{name}.".startswith(tuple(f"{lib}." for lib in NOT_FOR_SERVING))} == set()


def test_where_traces_are_read_the_tracer_is_there_before_the_first_photo(package: Path) -> None:
    imported = imported_by_a_cold_start(package, TRIAGE_TRACING="true")
    assert "aws_xray_sdk" in imported


def test_garbage_is_collected_again_after_a_cold_start() -> None:
    fresh_handler()
    assert gc.isenabled()


def test_a_cold_start_is_counted_once(monkeypatch: pytest.MonkeyPatch, package: Path, ear: Ear) -> None:
    monkeypatch.setenv("TRIAGE_MODEL_DIR", str(package))
    fresh = fresh_handler()
    for _ in range(2):
        assert fresh.handler(event("http_default", "/v1/health"), context())["statusCode"] == 200
    (record,) = ear.heard().metrics
    assert record["ColdStart"] == [1.0]
    assert record["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]


def code_of(answer: dict[str, Any]) -> str:
    code: str = json.loads(answer["body"])["code"]
    return code


def test_without_its_model_it_says_so_until_the_model_is_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ear: Ear
) -> None:
    monkeypatch.setenv("TRIAGE_MODEL_DIR", str(tmp_path / "drawn"))
    fresh = fresh_handler()
    asked, health = event("rest_stage", "/v1/predictions", jpeg()), event("rest_stage", "/v1/health")
    for one in (asked, health):
        answer = fresh.handler(one, context())
        assert (answer["statusCode"], code_of(answer)) == (503, "model_unavailable")
        assert str(tmp_path) not in answer["body"]
    assert fresh.handler(event("rest_stage", "/"), context())["statusCode"] == 200
    assert {line["level"] for line in ear.heard().lines} == {"ERROR"}

    packages.write(tmp_path / "drawn")
    assert [fresh.handler(one, context())["statusCode"] for one in (asked, health)] == [200, 200]


def test_the_functions_memory_decides_the_threads(monkeypatch: pytest.MonkeyPatch, package: Path) -> None:
    from functions.triage import scorer, serving

    asked: list[int] = []
    load = scorer.load_scorer

    def noting(folder: Path, *, threads: int) -> scorer.Scorer:
        asked.append(threads)
        return load(folder, threads=threads)

    monkeypatch.setattr(serving, "load_scorer", noting)
    monkeypatch.setenv("TRIAGE_MODEL_DIR", str(package))
    for memory_mb in ("1024", "3600"):
        monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory_mb)
        fresh_handler()
    assert asked == [1, 2]


def test_traces_may_be_on_where_nobody_collects_them(monkeypatch: pytest.MonkeyPatch, package: Path, ear: Ear) -> None:
    monkeypatch.setenv("TRIAGE_MODEL_DIR", str(package))
    monkeypatch.setenv("TRIAGE_TRACING", "true")
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    answer = fresh_handler().handler(event("http_default", "/v1/predictions", jpeg()), context())
    assert answer["statusCode"] == 200
    assert len(ear.heard().lines) == 1
