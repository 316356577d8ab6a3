"""What the room's tests share: a drawn model package, and all that the program says while a test runs."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from functions.common import observability
from tests.triage import packages

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a small package; tests that change one write their own."""
    return packages.write(tmp_path_factory.mktemp("models") / "drawn")


@dataclass(frozen=True)
class Said:
    """What was written to standard output and error."""

    out: str
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        """Every line of standard output; each must be JSON."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The log lines."""
        return [record for record in self.records if "_aws" not in record]

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """The records of CloudWatch's Embedded Metric Format."""
        return [record for record in self.records if "_aws" in record]


@dataclass(frozen=True)
class Ear:
    """Hears what is said."""

    capsys: pytest.CaptureFixture[str]

    def heard(self) -> Said:
        return Said(*self.capsys.readouterr())


class _StandardOutput:
    """Standard output as it is at each write: pytest puts another in its place for each phase of each test."""

    def write(self, text: str) -> int:
        return sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


@pytest.fixture
def ear(capsys: pytest.CaptureFixture[str]) -> Ear:
    for room in ("triage", "problems"):
        for handler in observability.logger(room).handlers:
            handler.stream = _StandardOutput()  # type: ignore[attr-defined]
    return Ear(capsys)
