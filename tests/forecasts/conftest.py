"""What the room's tests share: a small publication, drawn and published by the program itself."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from forecasting.publish import publish
from forecasting.result import LeftOut
from functions.common.storage import FolderStorage
from functions.forecasts.reader import Publications
from functions.forecasts.routes import create_app
from tests.forecasting.drawn import SOURCES, drawn_forecast

if TYPE_CHECKING:
    from pathlib import Path

    from forecasting.result import SeriesForecast
    from functions.forecasts.publication import Manifest, SeriesDocument

CREATED = dt.datetime(2026, 11, 23, 6, tzinfo=dt.UTC)
PICTURE = b"\x89PNG\r\n\x1a\n drawn elsewhere"
HOSTILE = 'Bad & <b>"landia"</b>'


def drawn_set() -> list[SeriesForecast]:
    """Return series that differ in each field that can be chosen."""
    short = drawn_forecast("drawn-short-both-scc-inc", region="Short", cancer="scc")
    return [
        drawn_forecast(),
        drawn_forecast("drawn-land-female-melanoma-inc", sex="female"),
        drawn_forecast("drawn-land-male-melanoma-mort", sex="male", measure="mortality"),
        drawn_forecast("drawn-land-both-bcc-inc-ages-70-plus", cancer="bcc", age_group="70+"),
        drawn_forecast("drawn-north-both-melanoma-inc-monthly", region="North", monthly=True),
        dataclasses.replace(short, scores=(), past=(), splits={}, weights={}),
        drawn_forecast("drawn-other-both-melanoma-inc", country=HOSTILE),
    ]


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a publication of two versions."""
    folder = tmp_path_factory.mktemp("publications")
    older = CREATED - dt.timedelta(days=365)
    left_out = [LeftOut("drawn-gap", "a gap in 1995")]
    with pytest.MonkeyPatch.context() as patch:  # drawing takes long, and is tested where it is done
        patch.setattr("forecasting.pictures.forecast_picture", lambda _: PICTURE)
        publish([drawn_forecast()], str(folder), SOURCES, created=older)
        publish(drawn_set(), str(folder), SOURCES, created=CREATED, left_out=left_out)
    return folder


@pytest.fixture(scope="session")
def publications(root: Path) -> Publications:
    return Publications(FolderStorage(root), refresh_s=0)


@pytest.fixture(scope="session")
def manifest(publications: Publications) -> Manifest:
    return publications.manifest()


@pytest.fixture(scope="session")
def document(publications: Publications, manifest: Manifest) -> SeriesDocument:
    return publications.document(manifest, publications.entry(manifest, "drawn-land-both-melanoma-inc"))


@pytest.fixture(scope="session")
def client(publications: Publications) -> TestClient:
    return TestClient(create_app(publications), raise_server_exceptions=False)
