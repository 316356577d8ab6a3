"""Nothing tells anyone that a photo was judged: onnxruntime's own telemetry included."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("first_import", ["functions.triage.scorer", "training.export"])
def test_onnxruntime_leaves_no_device_id_and_no_event_store(tmp_path: Path, first_import: str) -> None:
    code = f"import {first_import}; from functions.triage.scorer import load_scorer; load_scorer()"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ORT_", "XDG_"))}
    subprocess.run([sys.executable, "-c", code], check=True, env={**environment, "HOME": str(tmp_path)})
    assert [str(file) for file in tmp_path.rglob("*onnxruntime*")] == []
