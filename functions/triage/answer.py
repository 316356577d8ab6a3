"""One photo in, one answer out: the same through every door."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from functions.triage.advice import DISCLAIMER, Advice, RiskBand, advice_for, risk_band
from functions.triage.pixels import square_pixels

if TYPE_CHECKING:
    from functions.triage.scorer import Scorer

Site = Literal[
    "head/neck",
    "upper extremity",
    "lower extremity",
    "anterior torso",
    "posterior torso",
    "lateral torso",
    "torso",
    "palms/soles",
    "oral/genital",
]


class Person(BaseModel):
    """What a caller may tell about the person and the spot; all of it may be absent.

    It is checked, and not used by the present model: its score comes from the photo alone.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    sex: Literal["female", "male"] | None = Field(None, description="As the person states it.")
    age: Annotated[int, Field(ge=0, le=120)] | None = Field(None, description="In years.")
    site: Site | None = Field(None, description="Where the spot is, in ISIC's terms.")


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
    advice: Advice = Field(description="What to do next and by when; show it whole.")
    model: ModelReference = Field(description="Which model answered.")
    disclaimer: str = Field(description="Show it beside each score.")
    request_id: str = Field(description="Names the request in the service's logs; also the header X-Request-Id.")


@dataclass(frozen=True)
class Timings:
    """Milliseconds spent on a photo."""

    pixels_ms: float
    network_ms: float


def answer_photo(photo: bytes, scorer: Scorer, *, prediction_id: str, request_id: str) -> tuple[Prediction, Timings]:
    """Judge one photo.

    Args:
        photo: the file's bytes.
        scorer: the loaded model.
        prediction_id: names this answer.
        request_id: names the request that asked.

    Returns:
        The answer, and where its time went.

    Raises:
        PhotoRejected: when the photo cannot be judged.

    """
    began = time.perf_counter()
    square = square_pixels(photo, scorer.card.input_size)
    decoded = time.perf_counter()
    probabilities = scorer.probabilities(square[np.newaxis])
    scored = time.perf_counter()
    probability = float(scorer.malignant(probabilities)[0])
    band = risk_band(probability, scorer.card.cutoffs)
    prediction = Prediction(
        prediction_id=prediction_id,
        score=round(100 * probability, 1),
        probability=round(probability, 6),
        label="malignant" if band is RiskBand.URGENT else "benign",
        risk_band=band,
        diagnoses={
            code: round(float(value), 6) for code, value in zip(scorer.card.classes, probabilities[0], strict=True)
        },
        advice=advice_for(band),
        model=ModelReference(version=scorer.card.version, sha256=scorer.sha256),
        disclaimer=DISCLAIMER,
        request_id=request_id,
    )
    return prediction, Timings(1e3 * (decoded - began), 1e3 * (scored - decoded))
