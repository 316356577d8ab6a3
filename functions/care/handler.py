"""The Lambda door: an event of API Gateway (REST v1 or HTTP v2) in, its answer out.

Both lists are read when the module is imported, so that a cold start pays for them before the first visitor; where
one cannot be read, each request tries again and tells.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from functions.care import ROOM
from functions.common import observability
from functions.common.gateway import TEXT, BehindStage

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mangum import Mangum


def _door() -> Mangum:
    """Import what answers, read the lists, and return what takes an event."""
    from mangum import Mangum

    from functions.care.routes import Lists, create_app
    from functions.care.settings import CareSettings
    from functions.common.problems import Problem

    lists = Lists(CareSettings())
    with suppress(Problem):
        _ = lists.directory, lists.places
    return Mangum(BehindStage(create_app(lists)), lifespan="off", text_mime_types=TEXT)


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
