"""The route: what is asked, what is answered, and what is never said aloud."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from functions.care import document
from functions.care.answer import CareAnswer
from functions.care.routes import Lists, create_app, is_care, openapi_document
from functions.care.settings import CareSettings

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.testclient import TestClient

HERE = {"latitude": 40.75, "longitude": -74.0}


def names(client: TestClient, **asked: Any) -> list[str]:
    answer = client.get("/v1/care", params={**HERE, **asked})
    assert answer.status_code == 200, answer.text
    return [site["name"] for site in answer.json()["sites"]]


def test_the_nearest_come_first_with_all_that_a_person_needs(client: TestClient) -> None:
    answer = client.get("/v1/care", params=HERE)
    body = answer.json()
    assert [site["distance_km"] for site in body["sites"]] == [0.0, 5.6, 11.1, 27.8]
    first = body["sites"][0]
    assert next(iter(first)) == "phone"
    assert first["phone"] == "(212) 555-0100"
    assert first["address"] == "1 Quay Street, Harbour, NY, 10001"
    assert first["affordable_basis"] == "public hospital (government-owned: local)"
    assert (first["source_date"], first["attribution"]) == ("2020-05", "A list, 2020-05, CC BY 4.0")
    assert [one["name"] for one in first["ask"]] == ["call_first", "ask_dermatology", "ask_cost_yes"]
    assert [one["name"] for one in body["notes"]] == ["call_first", "data_age"]
    assert body["attribution"] == ["A list, 2020-05, CC BY 4.0"]
    assert answer.headers["cache-control"] == "no-store"


def test_what_is_asked_narrows_the_answer(client: TestClient) -> None:
    assert names(client, kind="clinic") == ["Shore Clinic"]
    assert names(client, kind=["clinic", "dermatology"]) == ["Shore Clinic", "Skin Hospital"]
    assert names(client, affordable="true") == ["Harbour General Hospital", "Quay Health Center"]
    assert names(client, radius_km=6) == ["Harbour General Hospital", "Quay Health Center"]
    assert names(client, limit=1) == ["Harbour General Hospital"]


def test_places_for_some_people_come_only_when_asked_for(client: TestClient) -> None:
    assert "Bay VA Medical Center" not in names(client, kind="hospital")
    assert "Bay VA Medical Center" not in names(client, eligibility="tribal")
    body = client.get("/v1/care", params={**HERE, "eligibility": "veterans", "limit": 2}).json()
    assert [site["only_for"] for site in body["sites"]] == [None, "veterans only"]
    assert [one["name"] for one in body["sites"][1]["ask"]][-1] == "only_for"


def test_only_a_source_says_dermatology(client: TestClient) -> None:
    for site in client.get("/v1/care", params=HERE).json()["sites"]:
        told = {name: value for name, value in site.items() if name != "ask"}
        assert ("dermatolog" in str(told).lower()) == (site["kind"] == "dermatology")


@pytest.mark.parametrize(
    ("lang", "language"), [("es", "es"), ("de-AT", "de"), ("PT_br", "pt"), ("hi", "hi"), ("fr", "en"), ("", "en")]
)
def test_sentences_are_in_the_language_asked_for_or_in_english(client: TestClient, lang: str, language: str) -> None:
    body = client.get("/v1/care", params={**HERE, "lang": lang}).json()
    assert body["language"] == language
    english = client.get("/v1/care", params=HERE).json()["notes"]
    assert (body["notes"] == english) == (language == "en")


def test_a_postal_code_and_a_city_lead_there_too(client: TestClient) -> None:
    for asked, near in (
        ({"postal_code": "10001", "country": "US"}, "10001, US"),
        ({"city": "Nueva York"}, "New York City, NY, US"),
    ):
        body = client.get("/v1/care", params=asked).json()
        assert body["near"] == near
        assert body["sites"][0]["name"] == "Harbour General Hospital"
        assert any("GeoNames" in line for line in body["attribution"])


def test_an_empty_answer_says_what_to_do(client: TestClient) -> None:
    body = client.get("/v1/care", params={"latitude": -45, "longitude": 170}).json()
    assert body["sites"] == []
    assert [one["name"] for one in body["notes"]] == ["none_found"]


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({}, 422, "place_incomplete"),
        ({"latitude": 1}, 422, "place_incomplete"),
        ({"longitude": 1}, 422, "place_incomplete"),
        ({"postal_code": "10001"}, 422, "place_incomplete"),
        ({**HERE, "city": "Paris"}, 422, "place_incomplete"),
        ({"city": "Paris", "postal_code": "10001", "country": "US"}, 422, "place_incomplete"),
        ({"city": "Xyzzy"}, 404, "place_unknown"),
        ({"postal_code": "99999", "country": "US"}, 404, "place_unknown"),
        ({"postal_code": "10115", "country": "DE"}, 404, "postal_codes_unknown"),
        ({**HERE, "near": "me"}, 422, "parameter_unknown"),
        ({**HERE, "kind": "spa"}, 422, "parameter_invalid"),
        ({**HERE, "limit": 0}, 422, "parameter_invalid"),
        ({**HERE, "radius_km": "inf"}, 422, "parameter_invalid"),
        ({"latitude": "nan", "longitude": 0}, 422, "parameter_invalid"),
        ({"latitude": 91, "longitude": 0}, 422, "parameter_invalid"),
        ({"city": "Paris", "country": "France"}, 422, "parameter_invalid"),
    ],
)
def test_what_cannot_be_answered_is_a_typed_problem(
    client: TestClient, asked: dict[str, Any], status: int, code: str
) -> None:
    answer = client.get("/v1/care", params=asked)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"


def test_a_missing_directory_is_told_and_healed(tmp_path: Path) -> None:
    from starlette.testclient import TestClient

    from functions.care.directory import save
    from tests.care.conftest import SITES

    client = TestClient(create_app(Lists(CareSettings(directory=tmp_path))))
    assert client.get("/v1/care", params=HERE).json()["code"] == "directory_unavailable"
    save(SITES, tmp_path)
    assert client.get("/v1/care", params=HERE).status_code == 200


SECRETS = ("40.7512", "-73.9977", "10002", "Poughkeepsie", "poughkeepsie", "90210", "Zwolle-Zuid", "7399")
TELLING = [
    {"latitude": "40.7512", "longitude": "-73.9977"},
    {"latitude": "40.7512"},
    {"latitude": "140.7512", "longitude": "-273.9977"},
    {"postal_code": "10002", "country": "US"},
    {"postal_code": "90210", "country": "DE"},
    {"postal_code": "90210"},
    {"city": "Poughkeepsie"},
    {"city": "Zwolle-Zuid"},
    {"city": "Poughkeepsie", "Zwolle-Zuid": "90210"},
]


def test_where_a_person_is_is_never_logged(
    client: TestClient, capfd: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    for asked in TELLING:
        client.get("/v1/care", params=asked)
    monkeypatch.setattr(Lists, "directory", property(lambda _: 1 / 0))
    for asked in TELLING:
        assert client.get("/v1/care", params=asked).status_code in {404, 422, 500}
    said = "".join(capfd.readouterr())
    assert "internal_error" in said  # so the programs' own stumbling was heard
    assert not [secret for secret in SECRETS if secret in said]
    assert not re.search(r"40\.75|73\.99", said)


def test_the_document_is_complete() -> None:
    found = openapi_document()
    operation = found["paths"]["/v1/care"]["get"]
    assert {one["name"] for one in operation["parameters"]} == {
        "latitude", "longitude", "postal_code", "country", "city", "radius_km", "kind", "affordable", "eligibility",
        "limit", "lang",
    }  # fmt: skip
    assert all(one.get("description") for one in operation["parameters"])
    told = {
        code
        for answer in operation["responses"].values()
        for code in answer["content"].get("application/problem+json", {}).get("examples", {})
    }
    assert told == {kind.code for kind in document.PROBLEMS}
    CareAnswer.model_validate(document.EXAMPLE)


def test_the_room_knows_its_paths() -> None:
    assert [is_care(path) for path in ("/v1/care", "/care/docs", "/v1/careful", "/careful", "/")] == [
        True,
        True,
        False,
        False,
        False,
    ]
