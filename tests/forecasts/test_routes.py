"""The API from outside: filters, pages, files, tags, versions, refusals; and through API Gateway's events."""

from __future__ import annotations

import base64
import csv
import importlib
import io
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from functions.common import problems
from functions.common.storage import FolderStorage
from functions.forecasts.publication import MEDIA_TYPES, SeriesDocument
from functions.forecasts.reader import Publications
from functions.forecasts.routes import create_app, is_forecasts, openapi_document
from tests.events import GATEWAYS, context, event
from tests.forecasts.conftest import HOSTILE, PICTURE

if TYPE_CHECKING:
    from pathlib import Path

    from httpx2 import Response

    from functions.forecasts.publication import Manifest

NAME = "drawn-land-both-melanoma-inc"


def refused(response: Response, status: int, code: str) -> str:
    problem = response.json()
    assert (response.status_code, problem["code"]) == (status, code)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert problem["request_id"] == response.headers["X-Request-Id"]
    return str(problem["detail"])


def names(response: Response) -> list[str]:
    assert response.status_code == 200, response.text
    return [one["series_id"] for one in response.json()["series"]]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({}, 7),
        ({"country": "Landia"}, 6),
        ({"country": HOSTILE}, 1),
        ({"region": "North"}, 1),
        ({"region": ""}, 5),
        ({"sex": "female"}, 1),
        ({"age_group": "70+"}, 1),
        ({"cancer": "bcc"}, 1),
        ({"measure": "mortality"}, 1),
        ({"period_type": "month"}, 1),
        ({"sex": "both", "cancer": "melanoma"}, 3),
        ({"country": "Nowhere"}, 0),
    ],
)
def test_the_list_is_filtered(client: TestClient, query: dict[str, str], count: int) -> None:
    response = client.get("/v1/forecasts", params=query)
    assert len(names(response)) == response.json()["total"] == count


def test_pages_hold_each_series_once(client: TestClient) -> None:
    found: list[str] = []
    query: dict[str, Any] = {"limit": 3}
    for _ in range(3):
        answer = client.get("/v1/forecasts", params=query).json()
        assert answer["total"] == 7
        assert (answer["left_out"] == []) == ("cursor" in query)
        found += [one["series_id"] for one in answer["series"]]
        query["cursor"] = answer["next_cursor"]
    assert answer["next_cursor"] is None
    assert found == names(client.get("/v1/forecasts"))


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v1/forecasts?colour=blue", "parameter_unknown"),
        (f"/v1/forecasts/{NAME}?sex=both", "parameter_unknown"),
        (f"/v1/forecasts/{NAME}.csv?sex=both", "parameter_unknown"),
        ("/forecasts?colour=blue", "parameter_unknown"),
        ("/v1/forecasts?sex=cat", "parameter_invalid"),
        ("/v1/forecasts?limit=0", "parameter_invalid"),
        ("/v1/forecasts?limit=201", "parameter_invalid"),
        ("/v1/forecasts?version=..", "parameter_invalid"),
        (f"/v1/forecasts/{NAME}?version=../../etc/passwd", "parameter_invalid"),
        ("/v1/forecasts/UPPER", "parameter_invalid"),
    ],
)
def test_what_cannot_be_asked_is_refused(client: TestClient, path: str, code: str) -> None:
    refused(client.get(path), 422, code)


def test_what_is_not_there_is_told(client: TestClient) -> None:
    assert "There is no forecast nowhere" in refused(client.get("/v1/forecasts/nowhere"), 404, "forecast_unknown")
    refused(client.get("/v1/forecasts/nowhere.csv"), 404, "forecast_unknown")
    refused(client.get("/v1/forecasts?version=20200101T000000Z-00000000"), 404, "publication_unknown")
    refused(client.get("/v1/forecasts/a/b"), 404, "route_unknown")
    refused(client.post("/v1/forecasts"), 405, "method_not_allowed")


def test_a_series_is_its_document(client: TestClient, document: SeriesDocument) -> None:
    response = client.get(f"/v1/forecasts/{NAME}")
    assert SeriesDocument.model_validate_json(response.content) == document


@pytest.mark.parametrize("file_format", ["csv", "parquet", "png", "hub.csv"])
def test_files_are_ready_made(client: TestClient, root: Path, manifest: Manifest, file_format: str) -> None:
    response = client.get(f"/v1/forecasts/{NAME}.{file_format}")
    assert response.content == (root / manifest.version / f"{NAME}.{file_format}").read_bytes()
    assert response.headers["Content-Type"] == MEDIA_TYPES[file_format]  # type: ignore[index]
    assert ("attachment" in response.headers.get("Content-Disposition", "")) == (file_format != "png")


def test_the_table_says_where_it_is_from_in_every_row(client: TestClient) -> None:
    rows = list(csv.DictReader(io.StringIO(client.get(f"/v1/forecasts/{NAME}.csv").text)))
    assert {row["kind"] for row in rows} == {"observed", "forecast"}
    assert {(row["source"], row["licence"]) for row in rows} == {("Drawn registry 1990-2022", "Public domain")}
    final = [row for row in rows if row["method"] == "dermacast"]
    assert [row["period"] for row in final] == [str(year) for year in range(2023, 2033)]
    assert all(float(row["low_95"]) < float(row["median"]) < float(row["high_95"]) for row in final)


@pytest.mark.parametrize("path", ["/v1/forecasts", f"/v1/forecasts/{NAME}", f"/v1/forecasts/{NAME}.png", "/forecasts"])
def test_what_is_known_is_not_sent_again(client: TestClient, path: str) -> None:
    first = client.get(path)
    assert first.headers["Cache-Control"] == "public, max-age=300"
    for known in (first.headers["ETag"], f'"other", W/{first.headers["ETag"]}', "*"):
        again = client.get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_named_version_never_changes(client: TestClient, publications: Publications) -> None:
    version = publications.pointer().previous
    response = client.get("/v1/forecasts", params={"version": version})
    assert names(response) == [NAME]
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    older = client.get(f"/v1/forecasts/{NAME}", params={"version": version})
    assert older.json()["version"] == version
    assert client.get("/v1/forecasts").json()["previous"] == version
    page = client.get("/forecasts", params={"version": version})
    assert f'name="version" value="{version}"' in page.text


def test_the_page_is_guarded(client: TestClient) -> None:
    response = client.get("/forecasts")
    policy = response.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    for asset in ("style.css", "app.js", "icon.svg", "vendor/plotly-basic.min.js", "vendor/plotly.css"):
        assert client.get(f"/forecasts/page/{asset}").status_code == 200
    assert client.head("/forecasts").status_code == 200


def test_where_nothing_is_published_a_person_reads_a_page(tmp_path: Path) -> None:
    empty = TestClient(create_app(Publications(FolderStorage(tmp_path), refresh_s=0)))
    page = empty.get("/forecasts")
    assert (page.status_code, page.headers["Content-Type"]) == (503, "text/html; charset=utf-8")
    assert "No forecasts are published yet." in page.text
    refused(empty.get("/v1/forecasts"), 503, "publication_unavailable")


def test_paths_of_the_room() -> None:
    assert all(is_forecasts(path) for path in ("/forecasts", "/forecasts/docs", "/v1/forecasts", "/v1/forecasts/a.csv"))
    assert not any(is_forecasts(path) for path in ("/", "/docs", "/v1/predictions", "/forecastsx", "/v1/model"))


# The document


def test_the_document_describes_every_route_and_problem() -> None:
    found = openapi_document()
    assert set(found["paths"]) == {
        "/v1/forecasts",
        "/v1/forecasts/{series_id}",
        *(f"/v1/forecasts/{{series_id}}.{end}" for end in ("csv", "parquet", "png", "hub.csv")),
    }
    for methods in found["paths"].values():
        (operation,) = methods.values()
        assert operation["summary"]
        assert operation["description"]
        assert {"200", "304", "422", "503"} <= set(operation["responses"])
        for parameter in operation["parameters"]:
            assert parameter["description"]
            assert "null" not in json.dumps(parameter)
    referred = {part.split('"')[0] for part in json.dumps(found).split("#/components/schemas/")[1:]}
    assert referred == set(found["components"]["schemas"])
    codes = set(json.dumps(found).split("urn:dermacast:problem:")[1:])
    assert {code.split('"')[0] for code in codes} == {
        kind.code
        for kind in (
            problems.ForecastUnknown,
            problems.InternalError,
            problems.ParameterInvalid,
            problems.ParameterUnknown,
            problems.PublicationUnavailable,
            problems.PublicationUnknown,
        )
    }


def test_the_document_is_served_beside_the_page(client: TestClient) -> None:
    assert client.get("/forecasts/openapi.json").json() == openapi_document()
    assert "/forecasts/docs-static" in client.get("/forecasts/docs").text


# The Lambda door


@pytest.fixture
def handler(root: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("FORECASTS_ROOT", str(root))
    from functions.forecasts import handler as module

    return importlib.reload(module).handler


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_every_gateway_gives_the_same(handler: Any, gateway: str, client: TestClient) -> None:
    answer = handler(event(gateway, "/forecasts"), context())
    assert answer["statusCode"] == 200
    assert answer["body"] == client.get("/forecasts").text
    answer = handler(event(gateway, "/v1/forecasts", query=[("sex", "female")]), context())
    assert [one["series_id"] for one in json.loads(answer["body"])["series"]] == ["drawn-land-female-melanoma-inc"]
    answer = handler(event(gateway, f"/v1/forecasts/{NAME}.png"), context())
    assert answer["isBase64Encoded"]
    assert base64.b64decode(answer["body"]) == PICTURE


def test_serving_imports_nothing_heavy(root: Path) -> None:
    program = (
        "import sys; import functions.forecasts.handler; "
        "print(sorted({'pandas', 'numpy', 'matplotlib', 'prophet', 'boto3', 'forecasting', 'onnxruntime', 'PIL'} "
        "& set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={"FORECASTS_ROOT": str(root)}
    )
    assert ran.stdout.splitlines()[-1] == "[]"
