"""A request that is sent again is answered as before: nothing is judged, counted or deleted twice.

Answers are kept for minutes in a table of DynamoDB, under a hash of what was asked (Powertools' idempotency); no photo
is. Without the table, or while it is out of reach, every request is judged anew.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from functions.common import door, observability, problems
from functions.triage import ROOM
from functions.triage.answer import Prediction
from functions.triage.explain import picture
from functions.triage.uploads import UploadReference

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig

KEPT_S = 300


def question(source: bytes | UploadReference, asked: Mapping[str, Any], answers: str) -> dict[str, Any]:
    """Return what makes a request the same as another.

    Args:
        source: the photo, or the upload that holds it.
        asked: every option and all that was told about the person.
        answers: which model and which version of the program answer: a new one judges anew.

    """
    photo = source.upload_id if isinstance(source, UploadReference) else hashlib.sha256(source).hexdigest()
    return {"photo": photo, "asked": dict(asked), "answers": answers}


@dataclass(frozen=True)
class Retries:
    """Answers of the last minutes; boto3 is imported at first use.

    Attributes:
        table: the name of a table with the key `id` and the time-to-live `expiration`.

    """

    table: str

    def once(self, asked: dict[str, Any], judge: Callable[[], Prediction], *, picture_size: int) -> Prediction:
        """Return the answer that this question was given, or what `judge` returns, which is then kept.

        Args:
            asked: as `question` gives it.
            judge: answers it.
            picture_size: side of an explanation's picture, pixels.

        Raises:
            StillJudging: when the same question is being answered just now.
            Problem: of `judge`; it is not kept.

        """
        from aws_lambda_powertools.utilities.idempotency import exceptions, idempotent_function

        outcome: list[Prediction | Exception] = []

        def judged(*, asked: dict[str, Any]) -> Prediction:  # noqa: ARG001 - Powertools hashes it
            try:
                outcome.append(judge())
            except Exception as error:
                outcome.append(error)
                raise
            return outcome[0]  # type: ignore[return-value]  # what was just put there

        try:
            answered: Prediction = idempotent_function(
                judged,
                data_keyword_argument="asked",
                persistence_store=self._store,
                config=self._config,
                output_serializer=_Compact(picture_size),  # type: ignore[arg-type]  # its base is imported late
                key_prefix="prediction",
            )(asked=asked)
        except exceptions.IdempotencyAlreadyInProgressError as error:
            raise problems.StillJudging(problems.StillJudging.example) from error
        except (exceptions.IdempotencyPersistenceLayerError, exceptions.IdempotencyInconsistentStateError) as error:
            observability.logger(ROOM).warning("retries unavailable", exception=type(error).__name__)
            observability.emit(ROOM, {"RetriesUnavailable": 1})
            if not outcome:
                return judge()
            if isinstance(outcome[0], Exception):
                raise outcome[0] from error
            return outcome[0]
        return answered

    @cached_property
    def _store(self) -> DynamoDBPersistenceLayer:
        import boto3
        from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer
        from botocore.config import Config

        # To judge anew is quicker than to wait for the table.
        patience = Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 2})
        return DynamoDBPersistenceLayer(self.table, boto3_client=boto3.client("dynamodb", config=patience))

    @cached_property
    def _config(self) -> IdempotencyConfig:
        from aws_lambda_powertools.utilities.idempotency import IdempotencyConfig

        # A function that dies keeps a question waiting no longer than its answer could have taken.
        return IdempotencyConfig(
            expires_after_seconds=KEPT_S,
            hash_function="sha256",
            lambda_context=_Patience(),  # type: ignore[arg-type]  # it is asked for the remaining time alone
        )


class _Patience:
    def get_remaining_time_in_millis(self) -> int:
        return round(1000 * door.PREDICTION_WITHIN_S)


def compact(prediction: Prediction) -> dict[str, Any]:
    """Return what is kept: without the picture of its map, nine tenths of it, which the map's values give again."""
    kept = prediction.model_dump(mode="json")
    if prediction.explanation:
        kept["explanation"]["data"] = ""
    return kept


@dataclass(frozen=True)
class _Compact:
    picture_size: int

    def to_dict(self, data: Prediction) -> dict[str, Any]:
        return compact(data)

    def from_dict(self, data: dict[str, Any]) -> Prediction:
        if data["explanation"]:
            data["explanation"]["data"] = picture(data["explanation"]["values"], self.picture_size)
        return Prediction.model_validate(data)


__all__ = ["KEPT_S", "Retries", "compact", "question"]
