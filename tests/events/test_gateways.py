"""What API Gateway sends, through the handler: the same answers behind every stage and domain."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest

from functions.common.gateway import stage_path
from functions.triage.handler import handler
from tests.events import GATEWAYS, PREFIXES, REQUEST_ID, context, event
from tests.triage.forms import FORM, photo_form
from tests.triage.photos import jpeg

every_gateway = pytest.mark.parametrize("gateway", GATEWAYS)


def ask(gateway: str, path: str, *more: Any, **options: Any) -> dict[str, Any]:
    return handler(event(gateway, path, *more, **options), context())


def document(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer's JSON, which must be text: a REST gateway passes base64 on as it is."""
    assert answer["isBase64Encoded"] is False
    found: dict[str, Any] = json.loads(answer["body"])
    return found


@every_gateway
def test_a_photo_has_the_same_probability_behind_every_gateway_as_over_a_socket(gateway: str, client: Any) -> None:
    answer = ask(gateway, "/v1/predictions", jpeg())
    assert answer["statusCode"] == 200
    assert answer["headers"]["content-type"] == "application/json"
    posted = client.post("/v1/predictions", content=jpeg(), headers={"Content-Type": "image/jpeg"}).json()
    found = document(answer)
    assert found["probability"] == pytest.approx(posted["probability"], abs=1e-6)
    assert found["diagnoses"] == pytest.approx(posted["diagnoses"], abs=1e-6)


@every_gateway
def test_a_form_comes_through(gateway: str) -> None:
    answer = ask(gateway, "/v1/predictions", photo_form(jpeg(), sex="female", age="44"), FORM)
    assert answer["statusCode"] == 200
    assert document(answer)["model"]["version"]


@every_gateway
def test_an_answer_names_the_request_as_the_runtime_does(gateway: str) -> None:
    answer = ask(gateway, "/v1/predictions", jpeg())
    assert document(answer)["request_id"] == answer["headers"]["x-request-id"] == REQUEST_ID


@every_gateway
def test_a_query_comes_through(gateway: str) -> None:
    good = ask(gateway, "/v1/predictions", jpeg(), query=[("age", "44"), ("site", "head/neck")])
    assert good["statusCode"] == 200
    bad = ask(gateway, "/v1/predictions", jpeg(), query=[("age", "444")])
    assert (bad["statusCode"], document(bad)["code"]) == (422, "parameter_invalid")
    twice = ask(gateway, "/v1/predictions", jpeg(), query=[("sex", "male"), ("sex", "female")])
    assert (twice["statusCode"], document(twice)["code"]) == (422, "parameter_invalid")


@every_gateway
def test_a_problem_is_text(gateway: str) -> None:
    answer = ask(gateway, "/v1/predictions", b"not a photo")
    assert answer["statusCode"] == 415
    assert answer["headers"]["content-type"] == "application/problem+json"
    assert document(answer)["code"] == "photo_format_unsupported"


@every_gateway
def test_json_that_a_gateway_has_encoded_is_still_seen_as_json(gateway: str) -> None:
    """With `*/*` as a binary media type, a gateway encodes every body."""
    answer = ask(gateway, "/v1/predictions", b'{"photo": "..."}', "application/json")
    assert answer["statusCode"] == 400
    assert document(answer)["code"] == "reference_malformed"


@every_gateway
@pytest.mark.parametrize("path", ["/v1/health", "/v1/model", "/openapi.json"])
def test_what_can_be_read_is_there(gateway: str, path: str) -> None:
    answer = ask(gateway, path)
    assert answer["statusCode"] == 200
    assert document(answer)


@every_gateway
def test_what_is_not_there_is_a_problem(gateway: str) -> None:
    answer = ask(gateway, "/v1/diagnoses")
    assert (answer["statusCode"], document(answer)["code"]) == (404, "route_unknown")


@every_gateway
def test_the_page_and_what_it_loads_are_there(gateway: str) -> None:
    page = ask(gateway, "/")
    assert page["statusCode"] == 200
    assert page["isBase64Encoded"] is False
    loaded = re.findall(r'<(?:link|script|img)\b[^>]*(?:href|src)="(?!data:)([^"#]+)"', page["body"])
    assert loaded
    for address in loaded:
        assert not address.startswith(("/", "http")), "only a relative address is right behind every prefix"
        part = ask(gateway, f"/{address}")
        assert part["statusCode"] == 200
        assert part["isBase64Encoded"] is address.endswith(".png")


@every_gateway
def test_the_documents_find_each_other_under_the_prefix(gateway: str) -> None:
    docs = ask(gateway, "/docs")
    prefix = PREFIXES[gateway]
    assert docs["statusCode"] == 200
    addresses = re.findall(r'(?:href|src)="([^"]+)"|url: \'([^\']+)\'', docs["body"])
    found = {one or other for one, other in addresses}
    assert f"{prefix}/openapi.json" in found
    for address in found:
        assert address.startswith(f"{prefix}/")
        answer = ask(gateway, address.removeprefix(prefix))
        assert answer["statusCode"] == 200
    servers = document(ask(gateway, "/openapi.json")).get("servers", [])
    assert servers == ([{"url": prefix}] if prefix else [])


@every_gateway
def test_what_is_not_text_is_marked_as_base64(gateway: str) -> None:
    icon = ask(gateway, "/static-offline-docs/favicon.png")
    assert icon["statusCode"] == 200
    assert icon["isBase64Encoded"] is True
    assert base64.b64decode(icon["body"]).startswith(b"\x89PNG")


@pytest.mark.parametrize("gateway", ["rest_stage", "rest_domain"])
def test_a_repeated_header_is_one_list(gateway: str) -> None:
    asked = event(gateway, "/v1/health")
    asked["multiValueHeaders"]["Accept"] = ["application/json", "text/html"]
    assert handler(asked, context())["statusCode"] == 200
    doubled = event(gateway, "/v1/predictions", jpeg())
    doubled["multiValueHeaders"]["Content-Type"] = ["image/jpeg", "multipart/form-data"]
    # "image/jpeg, multipart/form-data" is neither; what a photo is, its content says.
    assert handler(doubled, context())["statusCode"] == 200


@pytest.mark.parametrize("gateway", ["rest_stage", "rest_domain"])
def test_a_rest_event_may_hold_null_where_there_is_nothing(gateway: str) -> None:
    asked = event(gateway, "/v1/health") | {"headers": None, "multiValueHeaders": None}
    assert handler(asked, context())["statusCode"] == 200


@every_gateway
def test_a_body_that_is_not_encoded_is_taken_as_it_is(gateway: str) -> None:
    asked = event(gateway, "/v1/predictions", b"") | {"body": "words", "isBase64Encoded": False}
    assert document(handler(asked, context()))["code"] == "photo_format_unsupported"


@every_gateway
def test_an_empty_body_may_be_absent(gateway: str) -> None:
    asked = event(gateway, "/v1/predictions", b"") | {"body": None, "isBase64Encoded": False}
    assert document(handler(asked, context()))["code"] == "photo_empty"


@pytest.mark.parametrize(
    ("resource", "parameters", "full", "prefix"),
    [
        ("/{proxy+}", {"proxy": "v1/health"}, "/prod/v1/health", "/prod"),
        ("/{proxy+}", {"proxy": "v1/health"}, "/v1/v1/health", "/v1"),
        ("/{proxy+}", {"proxy": "v1/health"}, "/care/skin/v1/health", "/care/skin"),
        ("/{proxy+}", {"proxy": "v1/health"}, "/prod/v1/health/", "/prod"),
        ("/{proxy+}", {"proxy": "a b"}, "/prod/a%20b", "/prod"),
        ("/v1/predictions", None, "/prod/v1/predictions", "/prod"),
        ("/v1/{what}", {"what": "health"}, "/v1/health", ""),
        ("/", None, "/prod/", "/prod"),
        ("/", None, "/prod", "/prod"),
        ("/", None, "/", ""),
        ("$default", None, "/v1/health", ""),
    ],
)
def test_the_prefix_of_a_rest_event(resource: str, parameters: Any, full: str, prefix: str) -> None:
    asked = event("rest_stage", "/v1/health") | {"resource": resource, "pathParameters": parameters}
    asked["requestContext"]["path"] = full
    assert stage_path(asked) == prefix


@pytest.mark.parametrize(
    ("stage", "path", "prefix"),
    [
        ("$default", "/v1/health", ""),
        ("prod", "/prod/v1/health", "/prod"),
        ("prod", "/prod", "/prod"),
        ("prod", "/production/v1/health", ""),
        ("prod", "/v1/health", ""),
    ],
)
def test_the_prefix_of_an_http_event(stage: str, path: str, prefix: str) -> None:
    asked = event("http_stage", "/v1/health")
    asked["requestContext"]["stage"] = stage
    asked["requestContext"]["http"]["path"] = path
    assert stage_path(asked) == prefix


def test_a_stage_may_be_called_as_the_app_calls_its_own_paths() -> None:
    asked = event("rest_stage", "/v1/health")
    asked["requestContext"].update(path="/v1/v1/health", stage="v1")
    assert handler(asked, context())["statusCode"] == 200
