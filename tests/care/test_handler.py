"""API Gateway's events through the room's handler."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.events import GATEWAYS, context, event


def handler(*asked: Any) -> dict[str, Any]:
    from functions.care.handler import handler as door  # imported late: its adapter keeps the event loop that it finds

    return door(*asked)


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_care_comes_through_every_gateway(gateway: str) -> None:
    answer = handler(
        event(gateway, "/v1/care", query=[("city", "Houston"), ("kind", "hospital"), ("kind", "cancer_center")]),
        context(),
    )
    assert answer["statusCode"] == 200
    assert answer["isBase64Encoded"] is False
    assert json.loads(answer["body"])["near"] == "Houston, TX, US"
    assert json.loads(answer["body"])["sites"]


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_problem_comes_through_every_gateway(gateway: str) -> None:
    answer = handler(event(gateway, "/v1/care", query=[("city", "Xyzzy")]), context())
    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (404, "place_unknown")
