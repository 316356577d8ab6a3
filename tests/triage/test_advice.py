"""Bands meet where the card says, and the advice is a closed set that neither treats nor comforts."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.triage.advice import (
    DISCLAIMER,
    Advice,
    Reason,
    RiskBand,
    advice_for,
    advice_without_score,
    careful_band,
    risk_band,
)
from functions.triage.card import Cutoffs

# Beginnings of words. What is done about a spot is a doctor's to say.
TREATMENT = (
    "antibiotic|antifungal|aspirin|bandage|biops|bleach|burn|cauter|chemo|cream|cryo|cure|cut it|disinfect|dose|dosage|"
    "drug|efudix|excis|fluorouracil|freez|gel|herb|ibuprofen|imiquimod|immuno|inject|laser|lotion|medic|oil|ointment|"
    "operat|paracetamol|pill|plaster|prescri|radiat|radio|remedy|remov|retin|salve|scrape|squeeze|steroid|sunscreen|"
    "supplement|surg|tablet|therap|topical|treat|vitamin"
)
COMFORT = (
    "all clear|all good|all is well|be calm|benign|cancer-free|certainly|clean bill|definitely|do not worry|"
    "don't worry|fine|free of cancer|guarantee|harmless|healthy|innocent|is not cancer|no cancer|no danger|no need|"
    "no reason|no risk|no sign of|normal|not dangerous|not malignant|nothing to|nothing wrong|probably not|reassur|"
    "relax|rest assured|safe|unlikely|you are well|you can wait"
)
FORBIDDEN = re.compile(rf"\b(?:{TREATMENT}|{COMFORT})", re.IGNORECASE)

CUTOFFS = Cutoffs(low_below=0.05, urgent_from=0.3, guarantee="none")
every_band = pytest.mark.parametrize("band", list(RiskBand))


@pytest.mark.parametrize(
    ("probability", "band"),
    [
        (0.0, RiskBand.LOW),
        (math.nextafter(0.05, 0), RiskBand.LOW),
        (0.05, RiskBand.WATCH),
        (math.nextafter(0.3, 0), RiskBand.WATCH),
        (0.3, RiskBand.URGENT),
        (1.0, RiskBand.URGENT),
    ],
)
def test_a_band_begins_at_its_cut_off(probability: float, band: RiskBand) -> None:
    assert risk_band(probability, CUTOFFS) is band


def test_where_the_cut_offs_meet_there_is_no_middle_band() -> None:
    cutoffs = Cutoffs(low_below=0.2, urgent_from=0.2, guarantee="none")
    assert risk_band(math.nextafter(0.2, 0), cutoffs) is RiskBand.LOW
    assert risk_band(0.2, cutoffs) is RiskBand.URGENT


def test_cut_offs_at_the_ends_leave_one_band() -> None:
    watch = Cutoffs(low_below=0.0, urgent_from=1.0, guarantee="none")
    assert {risk_band(probability, watch) for probability in (0.0, 0.5, 0.999)} == {RiskBand.WATCH}


@given(st.lists(st.floats(0, 1), min_size=2, max_size=2), st.lists(st.floats(0, 1), min_size=2, max_size=2))
def test_a_higher_probability_is_never_less_urgent(probabilities: list[float], cuts: list[float]) -> None:
    cutoffs = Cutoffs(low_below=min(cuts), urgent_from=max(cuts), guarantee="none")
    order = list(RiskBand)
    lower, higher = (order.index(risk_band(probability, cutoffs)) for probability in sorted(probabilities))
    assert lower <= higher


def sentences(advice: Advice) -> list[str]:
    caution = [] if advice.caution is None else [advice.caution]
    return [advice.headline, advice.next_step, advice.by_when, *caution, *advice.warning_signs]


@every_band
def test_the_advice_of_a_band_is_always_the_same(band: RiskBand) -> None:
    assert advice_for(band) is advice_for(band)
    with pytest.raises(ValueError, match="frozen"):
        advice_for(band).headline = "Another"  # type: ignore[misc]


@every_band
def test_advice_says_what_to_do_next_and_by_when(band: RiskBand) -> None:
    advice = advice_for(band)
    assert all(sentences(advice))
    assert "doctor" in f"{advice.headline} {advice.next_step}"
    assert len(advice.warning_signs) == 7
    assert any("NG12" in source for source in advice.sources)


every_reason = pytest.mark.parametrize("reason", list(Reason))


@every_reason
def test_without_a_score_the_advice_is_another_photo_and_no_comfort(reason: Reason) -> None:
    advice = advice_without_score(reason)
    assert advice is advice_without_score(reason)
    assert "another" in advice.headline
    assert "says nothing about the spot" in advice.next_step
    assert "doctor" in advice.next_step
    assert (len(advice.warning_signs), advice.within_days) == (7, None)
    assert {sentence: FORBIDDEN.findall(sentence) for sentence in sentences(advice)} == {
        sentence: [] for sentence in sentences(advice)
    }


def test_each_reason_has_words_of_its_own() -> None:
    assert len({advice_without_score(reason).next_step for reason in Reason}) == len(Reason)


@every_band
def test_a_clinical_photo_has_the_bands_advice_and_a_caution(band: RiskBand) -> None:
    advice = advice_for(band, is_clinical=True)
    assert advice.caution
    assert "without a dermatoscope" in advice.caution
    assert FORBIDDEN.findall(advice.caution) == []
    assert advice.model_copy(update={"caution": None}) == advice_for(band)


def test_only_a_low_clinical_photo_is_called_higher() -> None:
    assert careful_band(RiskBand.LOW, is_clinical=True) is RiskBand.WATCH
    for band in RiskBand:
        assert careful_band(band, is_clinical=False) is band
    for band in (RiskBand.WATCH, RiskBand.URGENT):
        assert careful_band(band, is_clinical=True) is band


def test_the_days_are_those_of_the_sentence() -> None:
    days = {band: advice_for(band).within_days for band in RiskBand}
    assert days == {RiskBand.LOW: None, RiskBand.WATCH: 28, RiskBand.URGENT: 14}
    assert "2 weeks" in advice_for(RiskBand.URGENT).by_when
    assert "4 weeks" in advice_for(RiskBand.WATCH).by_when


def test_a_low_score_still_sends_to_a_doctor_when_a_sign_is_seen() -> None:
    low = advice_for(RiskBand.LOW)
    assert "can miss a cancer" in low.next_step
    assert "warning signs" in low.next_step
    assert "see a doctor at once" in low.by_when


@every_band
def test_no_advice_names_a_treatment_or_says_that_all_is_well(band: RiskBand) -> None:
    found = {sentence: FORBIDDEN.findall(sentence) for sentence in [*sentences(advice_for(band)), DISCLAIMER]}
    assert {sentence: words for sentence, words in found.items() if words} == {}


@pytest.mark.parametrize(
    "sentence",
    [
        "Put some cortisone cream on it.",
        "A small surgery removes it.",
        "This mole is harmless.",
        "There is nothing to worry about.",
        "Do not worry.",
        "Very unlikely to be cancer.",
        "Your skin looks healthy.",
    ],
)
def test_the_list_of_forbidden_words_catches(sentence: str) -> None:
    assert FORBIDDEN.search(sentence)


def test_the_disclaimer_says_that_it_is_no_diagnosis() -> None:
    assert "not a diagnosis" in DISCLAIMER
    assert "can be wrong" in DISCLAIMER
