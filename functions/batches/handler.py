"""The Lambda doors of the state machine `infra/batch.asl.json`: plan a run, judge a batch, merge the parts."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from functions.batches import ROOM
from functions.batches.errors import TooManyLost
from functions.batches.run import Asked, Batch, BatchName, parsed
from functions.batches.settings import BatchesSettings
from functions.common import observability
from functions.common.storage import Storage, open_storage
from functions.triage.scorer import load_scorer
from functions.triage.settings import TriageSettings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from functions.triage.scorer import Scorer


def plan(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Write a run's work list; return its size and the model that will judge."""
    from functions.batches.plan import plan as planned

    settings = _settings()
    asked = parsed(Asked, {**event["asked"], "run": event["run"]}, "an order of a run")
    work = planned(asked, open_storage(asked.photos), _runs(), model=_scorer().card.version, settings=settings)
    observability.emit(ROOM, {"RunPhotos": work.photos, "RunBatches": work.batches})
    return work.model_dump()


def judge(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Judge one batch; return where its part lies and its counts."""
    from functions.batches.judge import judge as judged

    name = parsed(BatchName, event, "the name of a batch")
    runs = _runs()
    content = runs.read(f"{name.run}/todo/{name.batch}.json")
    batch = parsed(Batch, content.data if content else b"", "a batch")
    done = judged(batch, f"{name.run}/done/{name.batch}.json", open_storage(batch.photos), runs, _scorer())
    observability.emit(ROOM, {"BatchJudged": done.judged, "BatchRejected": done.rejected})
    return done.model_dump()


def merge(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Merge a run's parts; return its summary, or raise TooManyLost when its files are written."""
    from functions.batches.merge import merge as merged

    summary = merged(event["run"], _runs())
    observability.emit(ROOM, {"RunJudged": summary.judged, "RunRejected": summary.rejected, "RunLost": summary.lost})
    most = _settings().tolerated_failure_percentage
    if 100 * summary.lost > most * summary.photos:
        raise TooManyLost(
            f"{summary.lost:,} of {summary.photos:,} photos were not judged; at most {most:g} % may be so."
        )
    return summary.model_dump()


@lru_cache
def _settings() -> BatchesSettings:
    return BatchesSettings()


def _runs() -> Storage:
    return open_storage(_settings().root)


@lru_cache
def _scorer() -> Scorer:
    settings = TriageSettings()
    return load_scorer(settings.model_dir, threads=settings.inference_threads)
