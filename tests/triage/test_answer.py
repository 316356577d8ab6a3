"""One photo in, one answer out: its fields agree with each other and with the card."""

from __future__ import annotations

import dataclasses
import math
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from functions.common.problems import PhotoEmpty, PhotoRejected
from functions.triage.advice import Block, Reason, advice, block_without_score, disclaimer
from functions.triage.answer import Prediction, answer_photo
from functions.triage.card import Cutoffs, DomainRule, NoveltyRule, PersonEffect, QualityThresholds
from functions.triage.language import LANGUAGES, Language, catalogue
from functions.triage.novelty import Novelty
from functions.triage.person import Person
from functions.triage.pixels import square_pixels
from functions.triage.scorer import Scorer, load_scorer
from tests.triage import packages
from tests.triage.photos import heic, jpeg, png, webp

if TYPE_CHECKING:
    from pathlib import Path


def certain_scorer(probabilities: dict[str, float], cutoffs: Cutoffs | None = None) -> Scorer:
    """Return a scorer that answers the same to every photo."""
    row = [math.log(probabilities.get(code, 1e-12)) for code in packages.CLASSES]
    session: Any = SimpleNamespace(
        get_inputs=lambda: [SimpleNamespace(name="photos")],
        get_outputs=lambda: [SimpleNamespace(name="logits")],
        run=lambda _outputs, inputs: [np.tile(np.float32(row), (len(inputs["photos"]), 1))],
    )
    card = packages.card() if cutoffs is None else packages.card(cutoffs=cutoffs)
    return Scorer(card, "f" * 64, session)


def answer(scorer: Scorer, photo: bytes | None = None) -> Prediction:
    photo = png() if photo is None else photo
    return answer_photo(photo, scorer, prediction_id="this answer", request_id="this request")[0]


def test_the_probability_is_that_of_the_malignant_diagnoses_together() -> None:
    found = answer(certain_scorer({"mel": 0.1, "bcc": 0.05, "akiec": 0.02, "nv": 0.83}))
    assert found.probability == pytest.approx(0.17, abs=1e-6)
    assert found.score == 17.0
    assert found.diagnoses == pytest.approx(
        {"akiec": 0.02, "bcc": 0.05, "bkl": 0, "df": 0, "mel": 0.1, "nv": 0.83, "vasc": 0}, abs=1e-6
    )
    assert sum(found.diagnoses.values()) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("probability", "band", "label", "score"),
    [
        (0.0996, "low", "benign", 10.0),
        (0.1004, "watch", "benign", 10.0),
        (0.3996, "watch", "benign", 40.0),
        (0.4004, "urgent", "malignant", 40.0),
        (0.99996, "urgent", "malignant", 100.0),
        (0.00004, "low", "benign", 0.0),
    ],
)
def test_band_and_label_follow_the_probability_and_not_the_rounded_score(
    probability: float, band: str, label: str, score: float
) -> None:
    found = answer(certain_scorer({"mel": probability, "nv": 1 - probability}))
    assert (found.risk_band, found.label, found.score) == (band, label, score)
    assert found.advice == advice(Block(found.risk_band))


def test_the_cut_offs_are_the_cards() -> None:
    probabilities = {"mel": 0.2, "nv": 0.8}
    strict = Cutoffs(low_below=0.01, urgent_from=0.15, guarantee="none")
    assert answer(certain_scorer(probabilities)).risk_band == "watch"
    assert answer(certain_scorer(probabilities, strict)).risk_band == "urgent"


def test_an_answer_names_itself_the_request_and_the_model() -> None:
    found = answer(certain_scorer({"nv": 1.0}))
    assert (found.prediction_id, found.request_id) == ("this answer", "this request")
    assert (found.model.version, found.model.sha256) == ("2026.11.22-drawn", "f" * 64)
    assert found.disclaimer == disclaimer()


def test_an_answer_is_read_back_from_its_json() -> None:
    found = answer(certain_scorer({"mel": 0.3, "nv": 0.7}))
    assert Prediction.model_validate_json(found.model_dump_json()) == found


def test_the_same_scene_is_judged_alike_in_every_format(package: Path) -> None:
    scorer = load_scorer(package)
    found = [answer(scorer, photo).probability for photo in (png(), jpeg(), webp(), heic())]
    assert found == pytest.approx([found[0]] * 4, abs=0.02)


def test_it_says_where_its_time_went(package: Path) -> None:
    timings = answer_photo(png(), load_scorer(package), prediction_id="", request_id="")[1]
    assert timings.pixels_ms > 0
    assert timings.network_ms > 0


def test_a_photo_that_cannot_be_judged_is_a_typed_problem() -> None:
    scorer = certain_scorer({"nv": 1.0})
    with pytest.raises(PhotoEmpty):
        answer(scorer, b"")
    with pytest.raises(PhotoRejected):
        answer(scorer, b"\xff\xd8\xff")


@pytest.mark.parametrize(
    "told", [{}, {"sex": "female"}, {"age": 0}, {"age": 120}, {"age": "44"}, {"site": "palms/soles"}]
)
def test_what_may_be_told_about_a_person(told: dict[str, Any]) -> None:
    assert Person.model_validate(told)


@pytest.mark.parametrize(
    "told",
    [{"sex": "f"}, {"age": -1}, {"age": 121}, {"age": "old"}, {"site": "nose"}, {"name": "Bob"}, {"sex": "female "}],
)
def test_what_may_not_be_told_about_a_person(told: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Person.model_validate(told)


def informed_scorer(probabilities: dict[str, float], melanoma: float) -> Scorer:
    """Return a scorer to which a man's spot is e ** melanoma times as likely a melanoma."""
    scorer = certain_scorer(probabilities)
    ratios = {"sex": {"male": [melanoma if code == "mel" else 0.0 for code in packages.CLASSES]}}
    card = scorer.card.model_copy(update={"person": PersonEffect(shrink=1.0, log_ratios=ratios)})
    return dataclasses.replace(scorer, card=card)


def told(scorer: Scorer, **facts: Any) -> Prediction:
    return answer_photo(png(), scorer, prediction_id="p", request_id="r", person=Person(**facts))[0]


def test_what_is_told_changes_the_probability_and_may_raise_the_band() -> None:
    scorer = informed_scorer({"mel": 0.09, "nv": 0.91}, math.log(10))
    found = told(scorer, sex="male", age=40)
    assert found.probability == pytest.approx(0.9 / 1.81, abs=1e-6)
    assert (found.used, found.risk_band, found.label) == (["sex"], "urgent", "malignant")
    assert sum(found.diagnoses.values()) == pytest.approx(1, abs=1e-5)


def test_what_is_told_never_lowers_the_band() -> None:
    scorer = informed_scorer({"mel": 0.45, "nv": 0.55}, -math.log(20))
    found = told(scorer, sex="male")
    assert found.probability < 0.1
    assert found.risk_band == answer(scorer).risk_band == "urgent"


@pytest.mark.parametrize("facts", [{}, {"age": 40, "site": "torso"}, {"sex": "female"}])
def test_with_nothing_told_that_the_card_knows_the_photo_answers_alone(facts: dict[str, Any]) -> None:
    scorer = informed_scorer({"mel": 0.2, "nv": 0.8}, 1.0)
    alone = answer(scorer)
    found = told(scorer, **facts)
    assert found.used == []
    assert (found.probability, found.diagnoses, found.risk_band) == (
        alone.probability,
        alone.diagnoses,
        alone.risk_band,
    )
    assert answer(certain_scorer({"mel": 0.2, "nv": 0.8})).probability == alone.probability


def limited_scorer(package: Path, distance: float, *, clinical_from: float | None = None) -> Scorer:
    """Return the drawn package with a plane at the given distance from the drawn photo's mean colour, 1 refused."""
    loaded = load_scorer(package)
    colour = loaded.outputs(square_pixels(png(), packages.SIZE), ["texture"])["texture"][0]
    plane = Novelty(
        colour - np.float32([0, 0, distance]), np.eye(3, dtype=np.float32)[:2], np.zeros(2, np.float32), 0.0
    )
    changes: dict[str, Any] = {"novelty": NoveltyRule(refuse_above=1.0, components=2, phone_weight=0.0, chosen="here")}
    if clinical_from is not None:
        changes["domain"] = DomainRule(clinical_from=clinical_from, chosen="here", sensitivity=None, specificity=None)
    return dataclasses.replace(loaded, card=loaded.card.model_copy(update=changes), novelty=plane)


THRESHOLDS = QualityThresholds(brightness_from=60, glare_to=0.05, sharpness_from=0.0, contrast_from=8.0, chosen="here")


def assert_no_score(found: Prediction, reasons: list[str]) -> None:
    assert (found.risk_band, found.reasons) == ("unsure", reasons)
    assert (found.score, found.probability, found.label, found.diagnoses, found.explanation) == (None,) * 5
    assert found.used == []
    assert found.advice == advice(block_without_score(Reason(reasons[0])))


@pytest.mark.parametrize(
    ("shade", "reasons"), [((0, 0, 0), ["dark", "not_in_frame"]), ((255, 255, 255), ["glare", "not_in_frame"])]
)
def test_a_photo_with_flaws_has_no_score_and_does_not_reach_the_network(
    shade: tuple[int, int, int], reasons: list[str]
) -> None:
    scorer = certain_scorer({"nv": 1.0})
    asked: list[object] = []
    session: Any = SimpleNamespace(run=lambda *_: asked.append("network"), get_outputs=list)
    card = scorer.card.model_copy(update={"quality": THRESHOLDS})
    blank = png(Image.new("RGB", (120, 120), shade))
    found, timings = answer_photo(
        blank, dataclasses.replace(scorer, card=card, session=session), prediction_id="p", request_id="r"
    )
    assert_no_score(found, reasons)
    assert found.quality.flaws == reasons
    assert (found.domain.kind, asked, timings.network_ms) == ("unknown", [], 0.0)
    assert Prediction.model_validate_json(found.model_dump_json()) == found


def test_a_photo_unlike_anything_seen_has_no_score(package: Path) -> None:
    far = answer(limited_scorer(package, 1.01, clinical_from=-1.0))
    assert_no_score(far, ["not_skin"])
    assert (far.domain.kind, far.domain.distance) == ("unknown", pytest.approx(1.01, abs=1e-3))
    near = answer(limited_scorer(package, 0.99))
    assert (near.reasons, near.domain.kind) == ([], "unknown")
    assert near.probability == answer(load_scorer(package)).probability


def test_the_kind_of_photo_is_told_and_a_clinical_one_is_never_low(package: Path) -> None:
    calm = {"cutoffs": Cutoffs(low_below=1.0, urgent_from=1.0, guarantee="none")}
    found = {}
    for clinical_from in (-0.1, 0.1):
        scorer = limited_scorer(package, 0.5, clinical_from=clinical_from)
        found[clinical_from] = answer(dataclasses.replace(scorer, card=scorer.card.model_copy(update=calm)))
    clinical, dermoscopic = found[-0.1], found[0.1]
    assert (clinical.domain.kind, clinical.risk_band) == ("clinical", "watch")
    assert (dermoscopic.domain.kind, dermoscopic.risk_band) == ("dermoscopic", "low")
    assert clinical.probability == dermoscopic.probability, "the score is what it is"
    assert clinical.advice.caution
    assert dermoscopic.advice.caution is None


def test_an_explanation_comes_when_it_is_asked_for_and_the_model_has_one(package: Path) -> None:
    loaded = load_scorer(package)
    asked = {"prediction_id": "p", "request_id": "r", "explained": True}
    found, _ = answer_photo(png(), loaded, **asked)
    assert found.explanation
    assert np.shape(found.explanation.values) == (packages.SIZE, packages.SIZE)
    assert answer(loaded).explanation is None
    assert answer_photo(png(), certain_scorer({"nv": 1.0}), **asked)[0].explanation is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sentences_are_in_the_language_asked_for(language: Language) -> None:
    found, _ = answer_photo(
        png(), packages.scorer(), prediction_id="", request_id="", explained=True, language=language
    )
    assert found.advice == advice(Block(found.risk_band), language)
    assert found.disclaimer == disclaimer(language)
    assert found.explanation is not None
    assert found.explanation.alt.startswith(catalogue(language)["explain.about"].partition("{")[0])


def test_what_was_noticed_raises_the_band_and_is_told() -> None:
    calm = certain_scorer({"nv": 1.0})
    alone, _ = answer_photo(png(), calm, prediction_id="", request_id="")
    assert (alone.risk_band, alone.decided_by, alone.flags) == ("low", "photo", [])
    seen, _ = answer_photo(png(), calm, prediction_id="", request_id="", person=Person(bleeding=True, changing=False))
    assert (seen.risk_band, seen.decided_by, seen.flags) == ("watch", "answers", ["bleeding"])
    assert seen.advice == advice(Block.WATCH_BY_ANSWERS)
    assert (seen.score, seen.label) == (alone.score, alone.label)


def test_what_was_noticed_counts_where_there_is_no_score() -> None:
    dark = dataclasses.replace(packages.scorer(), card=packages.card(quality=THRESHOLDS))
    found, _ = answer_photo(
        png(Image.new("RGB", (120, 120))), dark, prediction_id="", request_id="", person=Person(growing_firm=True)
    )
    assert (found.risk_band, found.score, found.decided_by) == ("unsure", None, "answers")
    assert found.advice == advice(Block.UNSURE_URGENT)
