"""Events as API Gateway sends them to a Lambda function, one file a gateway and method.

`rest_stage`: a REST API at its own host, stage `prod`. `rest_domain`: a REST API at a custom domain with the base
path `/skin`. `http_default` and `http_stage`: an HTTP API (payload 2.0) with the stage `$default` and `prod`.
The placeholders in them are what a test asks for: path, query, body.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Sequence

# What stands before the app's own paths in an address behind each gateway.
PREFIXES = {"rest_stage": "/prod", "rest_domain": "/skin", "http_default": "", "http_stage": "/prod"}
GATEWAYS = list(PREFIXES)

REQUEST_ID = "0f3b1c7e-2d64-4a55-8e9b-5a7d1c2e3f40"


def event(
    gateway: str,
    path: str,
    body: bytes | None = None,
    media_type: str = "image/jpeg",
    query: Sequence[tuple[str, str]] = (),
) -> dict[str, Any]:
    """Return the event of a GET, or of a POST where there is a body."""
    name = f"{gateway}_{'get' if body is None else 'post'}.json"
    filled = _filled(
        json.loads((Path(__file__).parent / name).read_text(encoding="utf-8")),
        {
            "<PATH>": path,
            "<PATH_WITHOUT_SLASH>": path.removeprefix("/"),
            "<MEDIA_TYPE>": media_type,
            "<QUERY>": urlencode(query),
            "<BODY>": base64.b64encode(body or b"").decode(),
            "<LENGTH>": str(len(body or b"")),
        },
    )
    if "resource" in filled:
        if path == "/":  # `{proxy+}` does not take it; it is a resource of its own
            filled.update(resource="/", pathParameters=None)
            filled["requestContext"]["resourcePath"] = "/"
        if query:
            filled["queryStringParameters"] = dict(query)  # the last of a repeated one
            filled["multiValueQueryStringParameters"] = _all_values(query)
    elif query:
        filled["queryStringParameters"] = {name: ",".join(values) for name, values in _all_values(query).items()}
    return filled


def context() -> SimpleNamespace:
    """Return what the runtime tells a handler besides the event."""
    return SimpleNamespace(
        aws_request_id=REQUEST_ID,
        function_name="triage",
        memory_limit_in_mb=1769,
        invoked_function_arn="arn:aws:lambda:eu-central-1:123456789012:function:triage",
    )


def _all_values(query: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    return {name: [value for other, value in query if other == name] for name, _ in query}


def _filled(part: Any, values: dict[str, str]) -> Any:
    if isinstance(part, dict):
        return {name: _filled(value, values) for name, value in part.items()}
    if isinstance(part, list):
        return [_filled(value, values) for value in part]
    if isinstance(part, str):
        for placeholder, value in values.items():
            part = part.replace(placeholder, value)
    return part
