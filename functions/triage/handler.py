"""The Lambda door: an event of API Gateway (REST v1 or HTTP v2) in, its answer out.

The model is loaded when the module is imported, so that a cold start pays for it before the first photo.
"""

from __future__ import annotations

import gc
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from functions.common import observability
from functions.triage import ROOM

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mangum import Mangum
    from starlette.types import ASGIApp, Receive, Scope, Send

_TEXT = ["text/", "application/json", "application/problem+json", "application/xml", "image/svg+xml"]


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


class _BehindStage:
    """Gives the app the address as it was asked for and tells its prefix, as ASGI's `root_path` has it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        event = scope["aws.event"]
        prefix, path = stage_path(event), _full_path(event)
        # `/prod` is `/prod/`.
        await self._app({**scope, "path": f"{prefix}/" if path == prefix else path, "root_path": prefix}, receive, send)


def _door() -> Mangum:
    """Import what answers, load the model, and return what takes an event."""
    from mangum import Mangum

    from functions.common.problems import ModelUnavailable
    from functions.triage.routes import create_app
    from functions.triage.scorer import Scorer, load_scorer
    from functions.triage.settings import TriageSettings

    settings = TriageSettings()

    @lru_cache
    def scorer() -> Scorer:
        return load_scorer(settings.model_dir, threads=settings.inference_threads)

    with suppress(ModelUnavailable):  # each request tries again and tells; the page and the documents are there
        scorer()
    if settings.tracing:
        observability.tracer(ROOM)
    return Mangum(_BehindStage(create_app(scorer, settings)), lifespan="off", text_mime_types=_TEXT)


# What a cold start makes, stays: to search it for garbage meanwhile, and after, takes a fifth of its time.
gc.disable()
_answer = _door()
gc.freeze()
gc.enable()
_is_cold = True


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one event."""
    global _is_cold  # noqa: PLW0603 - the runtime keeps the module between calls
    if _is_cold:
        observability.emit(ROOM, {"ColdStart": 1})
        _is_cold = False
    answer: dict[str, Any] = _answer(event, context)
    return answer
