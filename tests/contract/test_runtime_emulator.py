"""The handler in the real Lambda runtime: started, asked, and answering as it does here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from functions.triage.body import MAX_BODY_BYTES
from functions.triage.handler import handler
from tests.contract.emulator import Emulator, EmulatorAbsent, emulator, emulator_program
from tests.events import GATEWAYS, context, event
from tests.triage.forms import FORM, photo_form
from tests.triage.photos import heic, jpeg, png

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module", autouse=True)
def _program() -> None:
    try:
        emulator_program()
    except EmulatorAbsent as absent:
        pytest.skip(f"no Lambda runtime emulator: {absent}")


@pytest.fixture(scope="module")
def runtime() -> Iterator[Emulator]:
    with emulator() as running:
        yield running


def document(answer: dict[str, Any]) -> dict[str, Any]:
    assert answer["isBase64Encoded"] is False
    found: dict[str, Any] = json.loads(answer["body"])
    return found


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_photo_has_the_same_probability_as_in_this_process(runtime: Emulator, gateway: str) -> None:
    asked = event(gateway, "/v1/predictions", jpeg())
    there, here = runtime.invoke(asked), handler(asked, context())
    assert there["statusCode"] == 200
    assert document(there)["probability"] == pytest.approx(document(here)["probability"], abs=1e-6)
    assert document(there)["diagnoses"] == pytest.approx(document(here)["diagnoses"], abs=1e-6)
    assert document(there)["model"] == document(here)["model"]


@pytest.mark.parametrize(
    ("body", "media_type"), [(photo_form(jpeg(), age="44"), FORM), (heic(), "image/heic"), (png(), "image/png")]
)
def test_every_kind_of_body_arrives_whole(runtime: Emulator, body: bytes, media_type: str) -> None:
    assert runtime.invoke(event("rest_stage", "/v1/predictions", body, media_type))["statusCode"] == 200


def test_the_largest_photo_fits_through_the_gateway(runtime: Emulator) -> None:
    """API Gateway hands over 6 MB at most, base64 and all."""
    noise = np.random.default_rng(3).integers(0, 256, (1140, 1200, 3), dtype=np.uint8)
    photo = png(Image.fromarray(noise), compress_level=1)
    largest = photo + bytes(MAX_BODY_BYTES - len(photo))
    asked = event("rest_stage", "/v1/predictions", photo_form(largest, sex="female"), FORM)
    assert len(json.dumps(asked)) < 6_000_000
    assert runtime.invoke(asked)["statusCode"] == 200


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_problem_is_text(runtime: Emulator, gateway: str) -> None:
    answer = runtime.invoke(event(gateway, "/v1/predictions", b"not a photo"))
    assert answer["statusCode"] == 415
    assert answer["headers"]["content-type"] == "application/problem+json"
    assert document(answer)["code"] == "photo_format_unsupported"


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_the_service_can_answer(runtime: Emulator, gateway: str) -> None:
    answer = runtime.invoke(event(gateway, "/v1/health"))
    assert (answer["statusCode"], document(answer)["status"]) == (200, "ok")


def test_requests_have_the_runtimes_names(runtime: Emulator) -> None:
    answers = [runtime.invoke(event("http_default", "/v1/predictions", jpeg())) for _ in range(2)]
    names = [document(answer)["request_id"] for answer in answers]
    assert len(set(names)) == 2
    assert all(f"START RequestId: {name} " in runtime.said() for name in names)


def test_it_started_once(runtime: Emulator) -> None:
    runtime.invoke(event("http_default", "/v1/health"))
    assert len(runtime.init_ms()) == 1
    assert runtime.said().count('"ColdStart"') == 2  # its declaration and its value
    assert 0 < runtime.peak_memory_mib() < 1769


def test_it_answers_with_traces_on() -> None:
    with emulator(TRIAGE_TRACING="true") as traced:
        assert traced.invoke(event("http_default", "/v1/predictions", jpeg()))["statusCode"] == 200


def test_without_its_model_it_still_starts_and_says_so() -> None:
    with emulator(TRIAGE_MODEL_DIR="/nowhere") as broken:
        answer = broken.invoke(event("rest_stage", "/v1/predictions", jpeg()))
        assert (answer["statusCode"], document(answer)["code"]) == (503, "model_unavailable")
        assert broken.invoke(event("rest_stage", "/"))["statusCode"] == 200
