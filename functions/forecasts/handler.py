"""The Lambda door: an event of API Gateway (REST v1 or HTTP v2) in, its answer out.

The current publication's index is read when the module is imported, so that a cold start pays for it before the
first visitor; where nothing can be read, each request tries again and tells.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from functions.common import observability
from functions.common.gateway import TEXT, BehindStage
from functions.forecasts import ROOM

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mangum import Mangum


def _door() -> Mangum:
    """Import what answers, read the index, and return what takes an event."""
    from mangum import Mangum

    from functions.common.problems import Problem
    from functions.common.storage import open_storage
    from functions.forecasts.reader import Publications
    from functions.forecasts.routes import create_app
    from functions.forecasts.settings import ForecastsSettings

    settings = ForecastsSettings()
    publications = Publications(open_storage(settings.root), refresh_s=settings.refresh_s)
    with suppress(Problem):
        publications.manifest()
    return Mangum(BehindStage(create_app(publications)), lifespan="off", text_mime_types=TEXT)


_answer = _door()
_is_cold = True


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one event."""
    global _is_cold  # noqa: PLW0603 - the runtime keeps the module between calls
    if _is_cold:
        observability.emit(ROOM, {"ColdStart": 1})
        _is_cold = False
    answer: dict[str, Any] = _answer(event, context)
    return answer
