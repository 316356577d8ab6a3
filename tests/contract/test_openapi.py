"""The OpenAPI document: the one that is committed, complete, and one that the program keeps to."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import strategies as st

from functions.care.settings import CareSettings
from functions.common.problems import (
    CareFilesRejected,
    DirectoryUnavailable,
    ForecastUnknown,
    MethodNotAllowed,
    PhotoUnopened,
    PlaceIncomplete,
    PlaceUnknown,
    PostalCodesUnknown,
    PublicationUnavailable,
    PublicationUnknown,
    RouteUnknown,
    every_problem,
)
from functions.forecasts.settings import ForecastsSettings
from functions.local import care_app, forecasts_app
from functions.triage.answer import Prediction
from functions.triage.document import ProblemDocument
from functions.triage.person import Person
from functions.triage.routes import Health, create_app, openapi_document
from functions.triage.settings import TriageSettings
from tests.triage import packages, photos

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMITTED = Path(__file__).parents[2] / "openapi.json"
JSON, PROBLEM = "application/json", "application/problem+json"
PHOTO_KINDS = {
    "image/jpeg": photos.jpeg,
    "image/png": photos.png,
    "image/webp": photos.webp,
    "image/heic": photos.heic,
    "image/heif": photos.heic,
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(COMMITTED.read_text(encoding="utf-8"))
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def schemas(part: Any, at: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Return every named schema and property within a part of the document, with where it stands."""
    if isinstance(part, dict):
        for name, inner in part.items():
            if name in {"properties", "schemas"}:
                yield from ((f"{at}/{name}/{field}", schema) for field, schema in inner.items())
            if name not in {"example", "examples"}:
                yield from schemas(inner, f"{at}/{name}")
    elif isinstance(part, list):
        for inner in part:
            yield from schemas(inner, at)


def test_the_committed_document_is_the_programs() -> None:
    ran = subprocess.run([sys.executable, "-m", "functions", "openapi"], capture_output=True, check=True)
    assert COMMITTED.read_bytes() == ran.stdout, "python -m functions openapi > openapi.json"
    assert ran.stderr == b""


def test_it_is_the_one_that_is_served(document: dict[str, Any], client: Any) -> None:
    assert client.get("/openapi.json").json() == document == openapi_document()


def test_it_is_sorted_indented_and_ends_in_a_newline(document: dict[str, Any]) -> None:
    written = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    assert COMMITTED.read_text(encoding="utf-8") == written


def test_every_field_is_described(document: dict[str, Any]) -> None:
    known = document["components"]["schemas"]

    def is_described(schema: dict[str, Any]) -> bool:
        named = known.get(schema.get("$ref", "").rpartition("/")[2], {})
        return bool(schema.get("description") or named.get("description"))

    assert [at for at, schema in schemas(document) if not is_described(schema)] == []


def test_every_operation_is_named_and_described(document: dict[str, Any]) -> None:
    found = dict(operations(document))
    assert set(found) == {"POST /v1/predictions", "POST /v1/uploads", "GET /v1/model", "GET /v1/health"}
    for operation in found.values():
        assert operation["operationId"].isalpha()
        assert operation["summary"]
        assert operation["description"]
        for parameter in operation.get("parameters", []):
            assert parameter["description"]
        for response in operation["responses"].values():
            assert response["description"]
            assert "X-Request-Id" in response["headers"]


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    referred = {part.split('"')[0] for part in json.dumps(document).split("#/components/schemas/")[1:]}
    assert referred == set(document["components"]["schemas"]), "and nothing is described that nothing refers to"


def test_answers_are_json_and_refusals_are_problems(document: dict[str, Any]) -> None:
    for _, operation in operations(document):
        for status, response in operation["responses"].items():
            (media_type,) = response["content"]
            assert media_type == (JSON if status == "200" else PROBLEM)
            if status != "200":
                assert response["content"][PROBLEM]["schema"] == {"$ref": "#/components/schemas/ProblemDocument"}


def test_every_problem_has_an_example_where_it_can_come_up(document: dict[str, Any]) -> None:
    shown: dict[str, set[str]] = {}
    for name, operation in operations(document):
        for status, response in operation["responses"].items():
            for code, example in response["content"].get(PROBLEM, {}).get("examples", {}).items():
                shown.setdefault(name, set()).add(code)
                problem = ProblemDocument.model_validate(example["value"])
                assert (problem.code, problem.status) == (code, int(status))
                assert problem.detail != problem.title
                assert f"`{code}`" in response["description"]
    elsewhere = {RouteUnknown.code, MethodNotAllowed.code, PhotoUnopened.code}
    elsewhere |= {
        PlaceIncomplete.code,
        PlaceUnknown.code,
        PostalCodesUnknown.code,
        DirectoryUnavailable.code,
        CareFilesRejected.code,
    }
    elsewhere |= {ForecastUnknown.code, PublicationUnknown.code, PublicationUnavailable.code}
    assert shown["POST /v1/predictions"] == {kind.code for kind in every_problem()} - elsewhere
    assert shown["GET /v1/model"] == {"parameter_unknown", "internal_error", "took_too_long", "model_unavailable"}


def test_the_examples_of_answers_are_answers(document: dict[str, Any]) -> None:
    found = dict(operations(document))
    examples = found["POST /v1/predictions"]["responses"]["200"]["content"][JSON]["examples"]
    read = {name: Prediction.model_validate(example["value"]) for name, example in examples.items()}
    assert {name: answer.model_dump(mode="json") for name, answer in read.items()} == {
        name: example["value"] for name, example in examples.items()
    }
    for answer in (read["scored"], read["explained"]):
        assert answer.diagnoses
        assert answer.probability
        assert sum(answer.diagnoses.values()) == pytest.approx(1)
        assert answer.probability == pytest.approx(sum(answer.diagnoses[code] for code in packages.MALIGNANT))
        assert answer.score == round(100 * answer.probability, 1)
    assert read["explained"].explanation
    unsure = read["unsure"]
    assert (unsure.risk_band, unsure.score, unsure.diagnoses) == ("unsure", None, None)
    assert unsure.quality.flaws == unsure.reasons
    assert Health.model_validate(found["GET /v1/health"]["responses"]["200"]["content"][JSON]["example"])


def test_a_photo_is_bytes_or_a_form(document: dict[str, Any]) -> None:
    content = dict(operations(document))["POST /v1/predictions"]["requestBody"]["content"]
    assert set(content) == {*PHOTO_KINDS, "multipart/form-data", "application/json"}
    for kind in PHOTO_KINDS:
        assert content[kind]["schema"]["format"] == "binary"
    form = content["multipart/form-data"]["schema"]
    assert (form["required"], form["additionalProperties"]) == (["photo"], False)
    assert set(form["properties"]) == {"photo", *Person.model_fields}


def test_what_may_be_told_is_the_same_in_the_address_and_in_the_form(document: dict[str, Any]) -> None:
    operation = dict(operations(document))["POST /v1/predictions"]
    form = operation["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"]
    told = [parameter for parameter in operation["parameters"] if parameter["name"] not in {"explain", "lang"}]
    assert {parameter["name"] for parameter in told} == set(form) - {"photo"}
    for parameter in operation["parameters"]:
        assert parameter["in"] == "query"
        assert not parameter["required"]
    for parameter in told:
        assert parameter["schema"] == form[parameter["name"]]
        assert "null" not in json.dumps(parameter)


def test_nothing_is_left_of_the_frameworks_own_errors() -> None:
    assert "ValidationError" not in COMMITTED.read_text(encoding="utf-8")


# The program keeps to it


def api() -> Any:
    """Return the document as schemathesis reads it, with photos for what it would fill with noise."""
    for kind, write in PHOTO_KINDS.items():
        schemathesis.openapi.media_type(kind, st.just(write()))
    schemathesis.openapi.format("binary", st.just(photos.jpeg()))
    scorer = packages.scorer()
    return described("/openapi.json", create_app(lambda: scorer, TriageSettings()))


def described(path: str, app: Any) -> Any:
    config = schemathesis.Config()
    config.projects.default.generation.update(max_examples=25, deterministic=True, database="none")
    return schemathesis.openapi.from_asgi(path, app, config=config)


def is_given_twice(case: Any) -> bool:
    """Whether a field stands in the address and in the form: the one rule that OpenAPI cannot state."""
    return isinstance(case.body, dict) and bool(set(case.body) & set(case.query or {}))


def has_an_empty_field(case: Any) -> bool:
    """Whether a form has a field that a person left empty, which counts as absent; its schema has no empty value."""
    fields = case.body if isinstance(case.body, dict) else {}
    return any(value in ("", b"") for name, value in fields.items() if name in Person.model_fields)


def test_it_is_a_valid_openapi_document() -> None:
    api().validate()


@api().parametrize()
def test_the_program_keeps_to_its_document(case: Any) -> None:
    if is_given_twice(case):
        assert case.call().status_code in {400, 405, 415, 422}
    elif has_an_empty_field(case):
        assert case.call().status_code in {200, 400, 405, 415, 422}
    else:
        case.call_and_validate()


@described("/forecasts/openapi.json", forecasts_app(ForecastsSettings())).parametrize()
def test_the_forecasts_keep_to_their_document(case: Any) -> None:
    case.call_and_validate()


@described("/care/openapi.json", care_app(CareSettings())).parametrize()
def test_the_places_keep_to_their_document(case: Any) -> None:
    """Which of three ways to name a place was chosen is a rule that OpenAPI's parameters cannot state."""
    case.call_and_validate(excluded_checks=[schemathesis.checks.CHECKS.get_by_names(["positive_data_acceptance"])[0]])


@pytest.mark.parametrize("room", ["triage", "care", "forecasts"])
def test_each_rooms_document_is_one_of_openapi(room: str) -> None:
    """By the specification's own schema and rules, examples included where they are given as values."""
    from importlib import import_module

    from openapi_spec_validator import validate

    found = import_module(f"functions.{room}.routes").openapi_document()
    validate(found)
    operations = [each for methods in found["paths"].values() for each in methods.values()]
    assert all({"operationId", "summary", "description"} <= set(each) for each in operations)
