"""What stands between API Gateway and an ASGI app: the prefix of a stage or a base path in an address.

HTTP APIs (payload 2.0) and REST APIs (1.0) tell it in different ways; the apps see one.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

# What goes out as text; a REST API passes base64 on as it is, unless its `binaryMediaTypes` name the type.
TEXT = [
    "text/",
    "application/json",
    "application/manifest+json",
    "application/problem+json",
    "application/xml",
    "image/svg+xml",
]


def rest_event(
    method: str, path: str, body: bytes, headers: Mapping[str, list[str]], query: Mapping[str, list[str]] = {}
) -> dict[str, Any]:
    """Return an event of a REST API as API Gateway sends it (payload 1.0), with what the rooms read of it.

    Binary media types are `*/*`, so that every body comes as base64.
    """
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": {name: values[-1] for name, values in headers.items()},
        "multiValueHeaders": dict(headers),
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": dict(query) or None,
        "pathParameters": {"proxy": path.removeprefix("/")},
        "requestContext": {"path": path, "stage": "own", "identity": {"sourceIp": "127.0.0.1"}, "httpMethod": method},
        "body": base64.b64encode(body).decode() if body else None,
        "isBase64Encoded": bool(body),
    }


def stage_path(event: dict[str, Any]) -> str:
    """Return the prefix that the address has before the app's own paths: a stage, a base path, or nothing.

    HTTP events (v2) carry the stage in the path, unless it is `$default`. REST events (v1) carry the stage
    (`/prod`) or a custom domain's base path in `requestContext.path`, and what the app is asked for in
    `resource` with its `pathParameters`.
    """
    context = event["requestContext"]
    if "http" in context:
        stage = f"/{context.get('stage', '$default')}"
        return stage if f"{context['http']['path']}/".startswith(f"{stage}/") else ""
    own = event.get("resource", "")
    for name, value in (event.get("pathParameters") or {}).items():
        own = own.replace(f"{{{name}+}}", value).replace(f"{{{name}}}", value)
    full, own = _full_path(event).rstrip("/"), unquote(own).rstrip("/")
    return full.removesuffix(own) if full.endswith(own) else ""


def _full_path(event: dict[str, Any]) -> str:
    context = event["requestContext"]
    return unquote(context["http"]["path"] if "http" in context else context.get("path") or event["path"])


class BehindStage:
    """Gives the app the address as it was asked for and tells its prefix, as ASGI's `root_path` has it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass an event on."""
        event = scope["aws.event"]
        prefix, path = stage_path(event), _full_path(event)
        # `/prod` is `/prod/`.
        await self._app({**scope, "path": f"{prefix}/" if path == prefix else path, "root_path": prefix}, receive, send)
