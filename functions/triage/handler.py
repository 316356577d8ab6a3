"""The Lambda door: an event of API Gateway (REST v1 or HTTP v2) in, its answer out.

The model is loaded when the module is imported, so that a cold start pays for it before the first photo.
"""

from __future__ import annotations

import gc
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from functions.common import observability
from functions.common.gateway import TEXT, BehindStage
from functions.triage import ROOM

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mangum import Mangum


def _door() -> Mangum:
    """Import what answers, load the model, and return what takes an event."""
    from mangum import Mangum

    from functions.common.problems import ModelUnavailable
    from functions.triage.routes import create_app
    from functions.triage.serving import serving_scorer
    from functions.triage.settings import TriageSettings

    settings = TriageSettings()
    scorer = serving_scorer(settings, threads=settings.inference_threads)
    with suppress(ModelUnavailable):  # each request tries again and tells; the page and the documents are there
        scorer()
    if settings.tracing:
        observability.tracer(ROOM)
    return Mangum(BehindStage(create_app(scorer, settings)), lifespan="off", text_mime_types=TEXT)


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
