"""The Lambda door: an event of API Gateway (REST v1 or HTTP v2) in, its answer out.

The model is loaded when the module is imported, so that a cold start pays for it before the first photo.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mangum import Mangum

from functions.common import observability
from functions.triage.routes import ROOM, create_app
from functions.triage.scorer import load_scorer
from functions.triage.settings import TriageSettings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from starlette.types import ASGIApp, Receive, Scope, Send

_TEXT = ["text/", "application/json", "application/problem+json", "application/xml", "image/svg+xml"]


def stage_path(event: dict[str, Any]) -> str:
    """Return the prefix that API Gateway's address has before the app's own paths: `/prod`, or nothing.

    REST events carry the path with and without the stage; HTTP events carry it with the stage, unless the
    stage is `$default`.
    """
    context = event["requestContext"]
    if "http" in context:
        stage = f"/{context.get('stage', '$default')}"
        return stage if context["http"]["path"].startswith(f"{stage}/") else ""
    full, path = context.get("path", ""), event.get("path", "")
    return full.removesuffix(path) if full.endswith(path) else ""


class _BehindStage:
    """Tells the app its prefix, so that the documents it serves find each other."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app({**scope, "root_path": stage_path(scope["aws.event"])}, receive, send)


settings = TriageSettings()
scorer = load_scorer(settings.model_dir, threads=settings.inference_threads)
app = create_app(lambda: scorer, settings)
_answer = Mangum(_BehindStage(app), lifespan="off", text_mime_types=_TEXT)
_is_cold = True


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one event."""
    global _is_cold  # noqa: PLW0603 - the runtime keeps the module between calls
    if _is_cold:
        observability.emit(ROOM, {"ColdStart": 1})
        _is_cold = False
    answer: dict[str, Any] = _answer(event, context)
    return answer
