"""What is written about a photo: log lines and metric records on standard output, and traces without messages."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from functions.common import observability

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_a_metric_record_has_the_room_as_its_only_dimension(capsys: pytest.CaptureFixture[str]) -> None:
    observability.emit("triage", {"Photos": 1, "Score": 12.5}, {"PixelsTime": 8.25})
    (line,) = capsys.readouterr().out.splitlines()
    record = json.loads(line)
    (declared,) = record["_aws"]["CloudWatchMetrics"]
    assert declared["Namespace"] == "dermacast"
    assert declared["Dimensions"] == [["service"]]
    assert {metric["Name"]: metric["Unit"] for metric in declared["Metrics"]} == {
        "Photos": "Count",
        "Score": "Count",
        "PixelsTime": "Milliseconds",
    }
    del record["_aws"]
    assert record == {"service": "triage", "Photos": [1.0], "Score": [12.5], "PixelsTime": [8.25]}


def test_a_version_has_records_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    observability.emit("triage", {"Photos": 1}, version="7")
    record = json.loads(capsys.readouterr().out)
    (declared,) = record["_aws"]["CloudWatchMetrics"]
    assert sorted(declared["Dimensions"][0]) == ["service", "version"]
    assert (record["service"], record["version"]) == ("triage", "7")


def test_records_of_several_threads_do_not_mix(capsys: pytest.CaptureFixture[str]) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: observability.emit("triage", {f"Count{number}": number}), range(64)))
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    found = [{name: value for name, value in record.items() if name.startswith("Count")} for record in records]
    assert sorted(found, key=str) == sorted(({f"Count{number}": [float(number)]} for number in range(64)), key=str)


def test_a_log_line_is_one_line_of_json() -> None:
    code = (
        "from functions.common import observability as o;"
        "o.logger('triage').info('photo judged', photo_bytes=12); o.logger('triage').info('again')"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    first, second = (json.loads(line) for line in ran.stdout.splitlines())
    assert ran.stderr == ""
    assert (first["level"], first["message"], first["service"]) == ("INFO", "photo judged", "triage")
    assert first["photo_bytes"] == 12
    assert "photo_bytes" not in second


def test_nothing_is_traced_unless_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observability, "tracer", None)
    with observability.traced("triage", "answer_photo", enabled=False) as subsegment:
        assert subsegment is None


def test_an_exception_passes_through_a_trace_without_telling_it_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[BaseException] = []

    @contextmanager
    def in_subsegment(name: str) -> Iterator[Any]:
        try:
            yield SimpleNamespace(name=name)
        except BaseException as error:
            seen.append(error)
            raise

    provider = SimpleNamespace(in_subsegment=in_subsegment)
    monkeypatch.setattr(observability, "tracer", lambda _room: SimpleNamespace(provider=provider))

    def traced_failure() -> None:
        with observability.traced("triage", "answer_photo", enabled=True) as subsegment:
            assert subsegment.name == "## answer_photo"
            raise ValueError("a person's name")

    with pytest.raises(ValueError, match="a person's name"):
        traced_failure()
    assert seen == []
