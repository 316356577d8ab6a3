"""A request for a prediction, from its photo to what is logged, counted and sketched of its answer."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from functions.common import observability
from functions.triage import ROOM
from functions.triage.answer import Prediction, answer_photo, measured
from functions.triage.language import Language
from functions.triage.person import YesNo
from functions.triage.retries import Retries, question
from functions.triage.uploads import UploadReference

if TYPE_CHECKING:
    from collections.abc import Callable

    from functions.monitoring.keeper import Keeper
    from functions.triage.person import Person
    from functions.triage.scorer import Scorer
    from functions.triage.settings import TriageSettings
    from functions.triage.uploads import Uploads


# What a deployment is judged by; template.yaml has the alarms.
OF_VERSION = {"Photos", "Score", "Band_unsure"}


class Options(BaseModel):
    """How an answer is wanted."""

    model_config = ConfigDict(frozen=True)

    explain: YesNo = Field(
        default=False, description="Whether to show what the program looked at; only in the address, not in a form."
    )
    lang: Language = Field(
        default="en", description="The language of what a person reads; only in the address, not in a form."
    )


class Judge:
    """Answers requests for predictions, from several threads at once.

    Args:
        scorer: returns the loaded model.
        settings: the room's.
        uploads: where uploaded photos wait.

    """

    def __init__(self, scorer: Callable[[], Scorer], settings: TriageSettings, uploads: Uploads) -> None:
        self._scorer, self._settings, self._uploads = scorer, settings, uploads
        self._keeper = _keeper(settings)
        self._retries = Retries(settings.retries_table) if settings.retries_table else None

    def answer(self, source: bytes | UploadReference, person: Person, options: Options, request_id: str) -> Prediction:
        """Return the answer to a photo, as before where the same was asked minutes ago.

        Raises:
            Problem: the photo cannot be judged, is not where it should wait, or is being judged just now.

        """
        scorer = self._scorer()

        def judge() -> Prediction:
            photo = self._uploads.take(source.upload_id) if isinstance(source, UploadReference) else source
            return self._judge(photo, scorer, person, options, request_id)

        if self._retries is None:
            return judge()
        asked = {**options.model_dump(mode="json"), **person.model_dump(mode="json")}
        same = question(source, asked, f"{scorer.sha256} {self._settings.function_version}")
        return self._retries.once(same, judge, picture_size=scorer.card.input_size)

    def _judge(self, photo: bytes, scorer: Scorer, person: Person, options: Options, request_id: str) -> Prediction:
        prediction_id = str(uuid.uuid4())
        with observability.traced(ROOM, "answer_photo", enabled=self._settings.tracing):
            prediction, timings = answer_photo(
                photo,
                scorer,
                prediction_id=prediction_id,
                request_id=request_id,
                person=person,
                explained=options.explain,
                language=options.lang,
            )
        observability.logger(ROOM).info(
            "photo judged",
            prediction_id=prediction_id,
            request_id=request_id,
            model_version=prediction.model.version,
            photo_bytes=len(photo),
            risk_band=prediction.risk_band,
            reasons=prediction.reasons,
            domain=prediction.domain.kind,
            pixels_ms=round(timings.pixels_ms, 1),
            network_ms=round(timings.network_ms, 1),
        )
        if self._keeper:
            is_unsure = prediction.score is None
            self._keeper.add(prediction.model.version, measured(prediction, timings), is_unsure=is_unsure)
        counts = _counts(prediction)
        if self._settings.function_version:
            # A new version's own scores: among a tenth of the photos, they would be lost in those of all.
            own = {name: value for name, value in counts.items() if name in OF_VERSION}
            observability.emit(ROOM, own, version=self._settings.function_version)
        observability.emit(
            ROOM,
            counts,
            {
                "PixelsTime": timings.pixels_ms,
                **({"NetworkTime": timings.network_ms} if timings.network_ms else {}),
            },
        )
        return prediction


def _keeper(settings: TriageSettings) -> Keeper | None:
    """Return what sketches what comes in; without a place for sketches nothing of it is imported."""
    if not settings.sketches_root:
        return None
    from functions.common.storage import open_storage
    from functions.monitoring.keeper import Keeper

    return Keeper(open_storage(settings.sketches_root))


def _counts(prediction: Prediction) -> dict[str, float]:
    """Return what is counted of an answer: no score is no score of 0."""
    counts: dict[str, float] = {"Photos": 1, f"Band_{prediction.risk_band}": 1}
    if prediction.score is not None:
        counts["Score"] = prediction.score
    return counts | {f"Reason_{reason}": 1 for reason in prediction.reasons} | {f"Domain_{prediction.domain.kind}": 1}


__all__ = ["OF_VERSION", "Judge", "Options"]
