"""What the audit makes of pip-audit's report and of an index's files, and what is in the images by their documents."""

from __future__ import annotations

import datetime as dt
import json
import subprocess

import pytest

from infra.audit import findings, pins, released
from tests.stack.conftest import ROOT, tool


def test_faults_are_told_and_what_could_not_be_asked_is_not_counted() -> None:
    fault = {"id": "PYSEC-1", "fix_versions": ["2.1", "3.0"]}
    report = {
        "dependencies": [
            {"name": "a", "version": "2.0", "vulns": [fault, {"id": "PYSEC-2", "fix_versions": []}]},
            {"name": "b", "version": "1.0", "vulns": []},
            {"name": "c", "skip_reason": "not found"},
        ]
    }
    told, asked = findings(report)
    assert told == ["a 2.0: PYSEC-1, mended in 2.1, 3.0", "a 2.0: PYSEC-2, mended in no version"]
    assert asked == 2


def test_every_pin_is_read() -> None:
    text = (ROOT / "constraints.txt").read_text("utf-8")
    found = pins(text)
    assert "fastapi" in dict(found)
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert len(found) == len(lines)


def test_a_release_is_dated_by_its_first_file() -> None:
    files = [
        {"filename": "awslambdaric-2.0.tar.gz", "upload-time": "2025-03-02T10:00:00Z"},
        {"filename": "awslambdaric-2.0-py3-none-any.whl", "upload-time": "2025-03-01T10:00:00Z"},
        {"filename": "awslambdaric-2.0.1-py3-none-any.whl", "upload-time": "2020-01-01T10:00:00Z"},
        {"filename": "AwsLambdaRIC-2.0.zip"},
    ]
    assert released(files, "awslambdaric", "2.0") == dt.date(2025, 3, 1)
    assert released(files, "awslambdaric", "9.9") is None


def test_each_image_has_a_document_of_what_is_in_it() -> None:
    done = subprocess.run(
        [tool("sbom", "python"), "infra/sbom.py"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if "error" in done.stderr.lower() and "dns" in done.stderr.lower():
        pytest.skip("no index can be asked what an image would install")
    assert done.returncode == 0, done.stderr
    names = {}
    for image in ("functions", "training", "forecasting"):
        document = json.loads((ROOT / "build" / "sbom" / f"{image}.cdx.json").read_text("utf-8"))
        assert document["metadata"]["component"]["name"] == f"dermacast-{image}"
        assert all(one["purl"].startswith("pkg:pypi/") for one in document["components"])
        names[image] = {one["name"].lower().replace("_", "-") for one in document["components"]}
    assert "onnxruntime" in names["functions"]
    assert not names["functions"] & {"tensorflow-cpu", "pandas", "prophet", "moto", "pytest"}
    assert {"tensorflow-cpu", "awslambdaric"} <= names["training"]
    assert {"prophet", "awslambdaric"} <= names["forecasting"]
