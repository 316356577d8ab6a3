"""The template as CloudFormation gets it, transformed once for each of its contents."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra.resolved import Stack

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "template.yaml"
TRANSFORM = Path(__file__).with_name("transform.py")
# With every part that a parameter turns on.
EVERYTHING = {
    "AlertEmail": "alerts@example.org",
    "DomainName": "skin.example.org",
    "CertificateArn": "arn:aws:acm:eu-central-1:123456789012:certificate/1",
    "HostedZoneId": "Z1",
    "AnalystsUserPoolArn": "arn:aws:cognito-idp:eu-central-1:123456789012:userpool/eu-central-1_1",
    "PublishedForecasts": "bucket",
    "TrainingImageUri": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/dermacast-training:1",
    "DriftStartsRetraining": "true",
    "TriageReservedConcurrency": "10",
    "TriageProvisionedConcurrency": "1",
    "MonthlyBudget": "100",
    "ResidencyRegion": "eu-central-1",
}


def tool(environment: str, program: str) -> Path:
    """Return a tool's program; skip where `make tools` has not been run."""
    path = ROOT / ".venv" / environment / "bin" / program
    if not path.exists():
        pytest.skip(f"{path.relative_to(ROOT)} is not there: `make tools` installs it")
    return path


def quiet_environment(home: Path) -> dict[str, str]:
    """Return an environment in which AWS's tools look nothing up and write nowhere but below `home`."""
    settings = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_DEFAULT_REGION": "eu-central-1", "SAM_CLI_TELEMETRY": "0"}
    return {"PATH": os.environ["PATH"], "HOME": str(home), **settings}


@pytest.fixture(scope="session")
def transformed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of the transformed template."""
    inputs = [TEMPLATE, TRANSFORM, *sorted((ROOT / "infra").glob("*.asl.json"))]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in inputs)).hexdigest()[:16]
    target = ROOT / ".cache" / "stack" / f"{digest}.json"
    if not target.exists():
        done = subprocess.run(
            [tool("sam", "python"), TRANSFORM, TEMPLATE],
            env=quiet_environment(tmp_path_factory.mktemp("home")),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(done.stdout, "utf-8")
    return target


@pytest.fixture(scope="session")
def plain(transformed: Path) -> dict[str, Any]:
    """Return the transformed template."""
    loaded: dict[str, Any] = json.loads(transformed.read_text("utf-8"))
    return loaded


@pytest.fixture(scope="session")
def stack(plain: dict[str, Any]) -> Stack:
    """Return the stack with every part that a parameter turns on."""
    return Stack(plain, **EVERYTHING)


@pytest.fixture(scope="session")
def small(plain: dict[str, Any]) -> Stack:
    """Return the stack as its defaults make it."""
    return Stack(plain)
