from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from functions.care.directory import save
from functions.care.places import Places
from functions.care.routes import Lists, create_app
from functions.care.settings import SHIPPED, CareSettings
from tests.care.sites import site

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.testclient import TestClient

SITES = [
    site(site_id="a", name="Harbour General Hospital"),
    site(site_id="b", name="Quay Health Center", kind="community_health_center", latitude=40.80, phone=""),
    site(site_id="c", name="Shore Clinic", kind="clinic", latitude=40.85, affordable="no"),
    site(site_id="d", name="Bay VA Medical Center", latitude=40.752, eligibility="veterans only"),
    site(site_id="e", name="Skin Hospital", kind="dermatology", latitude=41.0, affordable="unknown"),
]  # fmt: skip


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    from starlette.testclient import TestClient

    save(SITES, tmp_path)
    return TestClient(create_app(Lists(CareSettings(directory=tmp_path))), raise_server_exceptions=False)


@pytest.fixture(scope="session")
def places() -> Places:
    return Places.load(SHIPPED)
