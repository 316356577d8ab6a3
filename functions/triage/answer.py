"""One photo in, one answer out: the same through every door."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, Field

from functions.triage.advice import (
    Advice,
    Reason,
    RiskBand,
    advice,
    block_of,
    block_without_score,
    careful_band,
    disclaimer,
    risk_band,
)
from functions.triage.explain import Explanation, explain
from functions.triage.flags import Flag, flags_of, least_band, raised
from functions.triage.person import Fact, Person, facts_of, informed, more_careful
from functions.triage.pixels import square_pixels
from functions.triage.quality import Quality, quality_of
from functions.triage.scorer import columns_of
from functions.triage.tone import typology_angle

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from functions.triage.card import Card
    from functions.triage.language import Language
    from functions.triage.scorer import Output, Scorer


class ModelReference(BaseModel):
    """Which model answered."""

    version: str = Field(description="Date of its training and the start of its file's hash.")
    sha256: str = Field(description="Of the model's file.")


class Domain(BaseModel):
    """Which kind of photo it looks like."""

    kind: Literal["dermoscopic", "clinical", "unknown"] = Field(
        description="`dermoscopic`: like those the model learned from; `clinical`: taken without a dermatoscope, for "
        "which the score is less sure and the band never `low`; `unknown`: not looked at."
    )
    value: float | None = Field(description="Of the model's rule: the higher, the more clinical; null: not looked at.")
    distance: float | None = Field(
        description="From the photos the model learned from, 1 where it is too far to be skin; null: not looked at."
    )


_UNKNOWN = Domain(kind="unknown", value=None, distance=None)


class Prediction(BaseModel):
    """The answer to one photo; `unsure` has no score and says why."""

    prediction_id: str = Field(description="Names this answer, in the service's logs too.")
    score: Annotated[float, Field(ge=0, le=100)] | None = Field(
        description="100 times `probability`, to one decimal; null where `risk_band` is `unsure`."
    )
    probability: Annotated[float, Field(ge=0, le=1)] | None = Field(
        description="Calibrated probability of malignancy; null where `risk_band` is `unsure`."
    )
    label: Literal["benign", "malignant"] | None = Field(
        description="`malignant` from the card's `urgent_from` on; null where `risk_band` is `unsure`. For programs; "
        "show people the band and the advice."
    )
    risk_band: Literal["low", "watch", "urgent", "unsure"] = Field(
        description="How soon a doctor should look; `unsure`: the photo cannot be judged, take another."
    )
    decided_by: Literal["photo", "answers"] = Field(
        description="`answers`: what was noticed about the spot made the band or the advice, not the photo."
    )
    flags: list[Flag] = Field(description="What was noticed about the spot: the questions answered with yes.")
    reasons: list[Reason] = Field(description="Why the photo cannot be judged; empty for every other band.")
    diagnoses: dict[str, float] | None = Field(
        description="Probability of each diagnosis by its code, summing to 1; null where `risk_band` is `unsure`."
    )
    used: list[Fact] = Field(
        description="What was told about the person that changed the probabilities; it never lowers the band."
    )
    quality: Quality = Field(description="Whether the photo can be judged, check by check.")
    domain: Domain = Field(description="Which kind of photo it looks like.")
    explanation: Explanation | None = Field(
        description="What the program looked at; null unless asked for (`explain=true`), scored, and in the model."
    )
    advice: Advice = Field(description="What to do next and by when; show it whole.")
    model: ModelReference = Field(description="Which model answered.")
    disclaimer: str = Field(description="Show it beside each answer.")
    request_id: str = Field(description="Names the request in the service's logs; also the header X-Request-Id.")


@dataclass(frozen=True)
class Timings:
    """Milliseconds spent on a photo, and what was seen beside."""

    pixels_ms: float
    network_ms: float
    tone_degrees: float = math.nan  # of the skin around the spot; for the sketch of what comes in


def answer_photo(
    photo: bytes,
    scorer: Scorer,
    *,
    prediction_id: str,
    request_id: str,
    person: Person | None = None,
    explained: bool = False,
    language: Language = "en",
) -> tuple[Prediction, Timings]:
    """Judge one photo: its quality first, which costs a thirtieth of the network, and only then what it shows.

    Args:
        photo: the file's bytes.
        scorer: the loaded model.
        prediction_id: names this answer.
        request_id: names the request that asked.
        person: what was told beside the photo; nothing told, the photo answers alone.
        explained: whether to show what the program looked at.
        language: of the sentences.

    Returns:
        The answer, and where its time went.

    Raises:
        PhotoRejected: when the file is no photo that can be read.
        ModelUnavailable: when the model's file lacks what its card promises.

    """
    began = time.perf_counter()
    card = scorer.card
    square = square_pixels(photo, card.input_size)
    quality = quality_of(square, card.quality)
    looked = time.perf_counter()
    flags = flags_of(person)
    common: dict[str, Any] = {
        "prediction_id": prediction_id,
        "flags": flags,
        "quality": quality,
        "model": ModelReference(version=card.version, sha256=scorer.sha256),
        "disclaimer": disclaimer(language),
        "request_id": request_id,
    }
    if not quality.passed:
        reasons = [Reason(flaw) for flaw in quality.flaws]
        return _without_score(reasons, _UNKNOWN, language, common), Timings(
            1e3 * (looked - began), 0.0, typology_angle(square)
        )
    wanted: list[Output] = ["logits"]
    wanted += ["texture"] if scorer.novelty else []
    explained = explained and scorer.has("activation")
    wanted += ["activation"] if explained else []
    found = scorer.outputs(square, wanted)
    timings = Timings(1e3 * (looked - began), 1e3 * (time.perf_counter() - looked), typology_angle(square))
    domain = _domain(found.get("texture"), scorer)
    if domain.distance is not None and domain.distance > 1:
        unlike = Domain(kind="unknown", value=None, distance=domain.distance)
        return _without_score([Reason.NOT_SKIN], unlike, language, common), timings
    alone = scorer.calibrated(found["logits"])
    probabilities, used = _with_person(alone, scorer, person)
    probability = float(scorer.malignant(probabilities)[0])
    is_clinical = domain.kind == "clinical"
    by_score = risk_band(more_careful(float(scorer.malignant(alone)[0]), probability), card.cutoffs)
    by_photo = careful_band(by_score, is_clinical=is_clinical)
    band = raised(by_photo, flags)
    by_answers = band is not by_photo
    prediction = Prediction(
        score=round(100 * probability, 1),
        probability=round(probability, 6),
        label="malignant" if by_score is RiskBand.URGENT else "benign",
        risk_band=band.value,
        decided_by="answers" if by_answers else "photo",
        reasons=[],
        diagnoses={code: round(float(value), 6) for code, value in zip(card.classes, probabilities[0], strict=True)},
        used=used,
        domain=domain,
        explanation=_explanation(found["activation"][0], alone[0], card, language) if explained else None,
        advice=advice(block_of(band, by_answers=by_answers), language, is_clinical=is_clinical),
        **common,
    )
    return prediction, timings


def measured(prediction: Prediction, timings: Timings) -> dict[str, float]:
    """Return the numbers that an answer measured, by their names in `functions.monitoring.sketch`."""
    found: dict[str, float | None] = {check.name: check.measured for check in prediction.quality.checks}
    found |= {
        "score": prediction.score,
        "distance": prediction.domain.distance,
        "clinical": prediction.domain.value,
        "tone": timings.tone_degrees,
    }
    return {name: value for name, value in found.items() if value is not None}


def _without_score(reasons: list[Reason], domain: Domain, language: Language, common: dict[str, Any]) -> Prediction:
    """Return the answer to a photo that cannot be judged; its advice is for what was noticed, or the first reason."""
    least = least_band(common["flags"])
    return Prediction(
        score=None,
        probability=None,
        label=None,
        risk_band="unsure",
        decided_by="photo" if least is RiskBand.LOW else "answers",
        reasons=reasons,
        diagnoses=None,
        used=[],
        domain=domain,
        explanation=None,
        advice=advice(block_without_score(reasons[0], least), language),
        **common,
    )


def _domain(texture: NDArray[np.float32] | None, scorer: Scorer) -> Domain:
    card = scorer.card
    if texture is None or scorer.novelty is None or card.novelty is None:
        return _UNKNOWN
    distance = float(scorer.novelty.distance(texture)[0]) / card.novelty.refuse_above
    if card.domain is None:
        return Domain(kind="unknown", value=None, distance=round(distance, 4))
    value = float(scorer.novelty.clinical(texture)[0])
    kind: Literal["clinical", "dermoscopic"] = "clinical" if value >= card.domain.clinical_from else "dermoscopic"
    return Domain(kind=kind, value=round(value, 4), distance=round(distance, 4))


def _explanation(
    activation: NDArray[np.float32], alone: NDArray[np.float64], card: Card, language: Language
) -> Explanation:
    malignant = columns_of(card.malignant, card.classes)
    return explain(activation, alone, malignant, card.temperature, card.input_size, language)


def _with_person(
    alone: NDArray[np.float64], scorer: Scorer, person: Person | None
) -> tuple[NDArray[np.float64], list[Fact]]:
    """Return the probabilities (1, classes) with what was told, and which of it the card knows."""
    if person is None or scorer.card.person is None:
        return alone, []
    found, used = informed(alone[0], scorer.card.person, facts_of(person))
    return found[np.newaxis], used
