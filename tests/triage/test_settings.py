"""The room's settings: read from the environment once, typed, with a use of processors that fits the memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from functions.triage.scorer import SHIPPED_MODEL
from functions.triage.settings import TriageSettings

if TYPE_CHECKING:
    from pathlib import Path


def test_without_an_environment_the_shipped_model_answers_on_one_processor_untraced() -> None:
    settings = TriageSettings()
    assert settings.model_dir == SHIPPED_MODEL
    assert settings.inference_threads == 1
    assert settings.tracing is False


def test_the_environment_sets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TRIAGE_MODEL_DIR", str(tmp_path))
    monkeypatch.setenv("TRIAGE_THREADS", "3")
    monkeypatch.setenv("TRIAGE_TRACING", "true")
    settings = TriageSettings()
    assert (settings.model_dir, settings.inference_threads, settings.tracing) == (tmp_path, 3, True)


@pytest.mark.parametrize(("memory_mb", "threads"), [(128, 1), (1768, 1), (1769, 1), (3537, 1), (3538, 2), (10240, 5)])
def test_the_functions_memory_brings_processors(monkeypatch: pytest.MonkeyPatch, memory_mb: int, threads: int) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", str(memory_mb))
    assert TriageSettings().inference_threads == threads
    monkeypatch.setenv("TRIAGE_THREADS", "7")
    assert TriageSettings().inference_threads == 7


@pytest.mark.parametrize(
    ("name", "value"), [("TRIAGE_THREADS", "-1"), ("TRIAGE_THREADS", "x"), ("TRIAGE_TRACING", "?")]
)
def test_a_setting_that_makes_no_sense_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError):
        TriageSettings()


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        TriageSettings().threads = 2  # type: ignore[misc]
