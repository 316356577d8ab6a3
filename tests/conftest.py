"""What many tests share: no inherited AWS settings, the shipped model, the app over HTTP without a socket."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.testclient import TestClient

    from functions.triage.scorer import Scorer

# A left-over profile, endpoint or certificate bundle changes what an AWS client does.
_ROOMS = (
    "BATCHES",
    "CARE",
    "FORECASTS",
    "HOOK",
    "MONITORING",
    "REFRESH",
    "REGISTRY",
    "RETRAINING",
    "TRAINING",
    "TRIAGE",
)
for _name in [name for name in os.environ if name.startswith(tuple(f"{room}_" for room in ("AWS", "TRIAGE", *_ROOMS)))]:
    del os.environ[_name]
os.environ.update(
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",  # noqa: S106 - moto takes any
    AWS_DEFAULT_REGION="eu-central-1",
    AWS_EC2_METADATA_DISABLED="true",
    TF_CPP_MIN_LOG_LEVEL="2",
)

LESIONS = Path(__file__).parents[2] / "shared" / "data" / "lesions"


@pytest.fixture(autouse=True)
def _event_loop() -> Iterator[None]:
    """Give each test the event loop that a fresh Lambda process has; other tests' servers close theirs."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@pytest.fixture(scope="session")
def scorer() -> Scorer:
    from functions.triage.scorer import load_scorer

    return load_scorer(threads=2)


@pytest.fixture
def client(scorer: Scorer) -> Iterator[TestClient]:
    from starlette.testclient import TestClient

    from functions.triage.routes import create_app
    from functions.triage.settings import TriageSettings

    with TestClient(create_app(lambda: scorer, TriageSettings()), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="session")
def lesions() -> Path:
    """Return the folder of real photos; tests that use it are skipped where it is absent."""
    if not (LESIONS / "lesions.csv").is_file():
        pytest.skip(f"the real photos are not at {LESIONS}")
    return LESIONS
