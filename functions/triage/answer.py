"""One photo in, one answer out: the same through every door."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import BaseModel, Field

from functions.triage.advice import DISCLAIMER, Advice, RiskBand, advice_for, risk_band
from functions.triage.person import Fact, Person, facts_of, informed, more_careful
from functions.triage.pixels import square_pixels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from functions.triage.scorer import Scorer


class ModelReference(BaseModel):
    """Which model answered."""

    version: str = Field(description="Date of its training and the start of its file's hash.")
    sha256: str = Field(description="Of the model's file.")


class Prediction(BaseModel):
    """The answer to one photo."""

    prediction_id: str = Field(description="Names this answer, in the service's logs too.")
    score: Annotated[float, Field(ge=0, le=100)] = Field(description="100 times `probability`, to one decimal.")
    probability: Annotated[float, Field(ge=0, le=1)] = Field(description="Calibrated probability of malignancy.")
    label: Literal["benign", "malignant"] = Field(
        description="`malignant` from the card's `urgent_from` on. For programs; show people the band and the advice."
    )
    risk_band: RiskBand = Field(description="How soon a doctor should look.")
    diagnoses: dict[str, float] = Field(description="Probability of each diagnosis by its code; they sum to 1.")
    used: list[Fact] = Field(
        description="What was told about the person that changed the probabilities; it never lowers the band."
    )
    advice: Advice = Field(description="What to do next and by when; show it whole.")
    model: ModelReference = Field(description="Which model answered.")
    disclaimer: str = Field(description="Show it beside each score.")
    request_id: str = Field(description="Names the request in the service's logs; also the header X-Request-Id.")


@dataclass(frozen=True)
class Timings:
    """Milliseconds spent on a photo."""

    pixels_ms: float
    network_ms: float


def answer_photo(
    photo: bytes, scorer: Scorer, *, prediction_id: str, request_id: str, person: Person | None = None
) -> tuple[Prediction, Timings]:
    """Judge one photo.

    Args:
        photo: the file's bytes.
        scorer: the loaded model.
        prediction_id: names this answer.
        request_id: names the request that asked.
        person: what was told beside the photo; nothing told, the photo answers alone.

    Returns:
        The answer, and where its time went.

    Raises:
        PhotoRejected: when the photo cannot be judged.

    """
    began = time.perf_counter()
    square = square_pixels(photo, scorer.card.input_size)
    decoded = time.perf_counter()
    alone = scorer.probabilities(square[np.newaxis])
    scored = time.perf_counter()
    probabilities, used = _with_person(alone, scorer, person)
    probability = float(scorer.malignant(probabilities)[0])
    band = risk_band(more_careful(float(scorer.malignant(alone)[0]), probability), scorer.card.cutoffs)
    prediction = Prediction(
        prediction_id=prediction_id,
        score=round(100 * probability, 1),
        probability=round(probability, 6),
        label="malignant" if band is RiskBand.URGENT else "benign",
        risk_band=band,
        diagnoses={
            code: round(float(value), 6) for code, value in zip(scorer.card.classes, probabilities[0], strict=True)
        },
        used=used,
        advice=advice_for(band),
        model=ModelReference(version=scorer.card.version, sha256=scorer.sha256),
        disclaimer=DISCLAIMER,
        request_id=request_id,
    )
    return prediction, Timings(1e3 * (decoded - began), 1e3 * (scored - decoded))


def _with_person(
    alone: NDArray[np.float64], scorer: Scorer, person: Person | None
) -> tuple[NDArray[np.float64], list[Fact]]:
    """Return the probabilities (1, classes) with what was told, and which of it the card knows."""
    if person is None or scorer.card.person is None:
        return alone, []
    found, used = informed(alone[0], scorer.card.person, facts_of(person))
    return found[np.newaxis], used
