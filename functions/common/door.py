"""What every room does at its door: each request gets a name, a limit of its time, and headers for careful browsers."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING

from fastapi import Request, Response
from starlette.requests import ClientDisconnect

from functions.common import problems

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fastapi import FastAPI
    from starlette.types import ASGIApp, Receive, Scope, Send

# Each before its function's timeout, and that before the gateway's.
PREDICTION_WITHIN_S = 25.0
ANSWER_WITHIN_S = 8.0
_DOCS_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def install(
    app: FastAPI, *, images: str, forms: str, devices: str, addresses: str = "", within_s: float = ANSWER_WITHIN_S
) -> None:
    """Give an app its problem responses and its door.

    Args:
        app: to be given them.
        images: from where its pages take pictures beside their own origin, as a Content-Security-Policy says it.
        forms: where its pages may send forms, likewise.
        addresses: where its pages may send and ask beside their own origin, as a Content-Security-Policy says it.
        within_s: seconds until a request without an answer is given up.
        devices: who may use the camera and ask where the device is, as a Permissions-Policy says it; empty for nobody.

    """
    asked = f"'self' {addresses}".rstrip()
    page_policy = (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' {images}; "
        f"connect-src {asked}; manifest-src 'self'; form-action {forms}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    security_headers = {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": f"camera=({devices}), geolocation=({devices}), microphone=()",
        "Strict-Transport-Security": "max-age=31536000",
        # There are no cookies and no log-ins: what a page elsewhere may read here, anybody may ask for.
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": "ETag, X-Request-Id",
    }

    async def at_the_door(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        context = request.scope.get("aws.context")
        request.state.request_id = getattr(context, "aws_request_id", None) or str(uuid.uuid4())
        # Nothing here is so large that it is sent in parts; a server may ignore the wish (RFC 9110, section 14.2).
        request.scope["headers"] = [pair for pair in request.scope["headers"] if pair[0] != b"range"]
        try:
            response = await call_next(request)
        except ClientDisconnect:  # nobody is left to read an answer
            return Response(status_code=400)
        except problems.TookTooLong as late:
            response = problems.respond(request, late)
        except Exception as error:
            problem = problems.InternalError("Something went wrong here. Try again in a minute.")
            response = problems.respond(request, problem, error)
        response.headers.update(security_headers)
        response.headers["X-Request-Id"] = request.state.request_id
        is_docs = request.url.path.endswith("/docs")
        response.headers["Content-Security-Policy"] = _DOCS_POLICY if is_docs else page_policy
        response.headers.setdefault("Cache-Control", "no-store" if "/v1/" in request.url.path else "no-cache")
        return response

    problems.install(app)
    app.add_middleware(_TimeLimit, within_s=within_s)
    app.middleware("http")(at_the_door)


class _TimeLimit:
    """Gives up a request that takes too long; within the door, which tells."""

    def __init__(self, app: ASGIApp, within_s: float) -> None:
        self._app, self._within_s = app, within_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # A server's own life, another kind of scope, has no limit.
        limit = asyncio.timeout(self._within_s if scope["type"] == "http" else None)
        try:
            async with limit:
                await self._app(scope, receive, send)
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise problems.TookTooLong(problems.TookTooLong.example) from error
