"""Bands meet where the card says, and the advice is a closed set that neither treats nor comforts."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.triage.advice import (
    Block,
    Reason,
    RiskBand,
    advice,
    block_of,
    block_without_score,
    careful_band,
    disclaimer,
    risk_band,
)
from functions.triage.card import Cutoffs
from functions.triage.language import LANGUAGES, Language

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


def test_only_a_low_clinical_photo_is_called_higher() -> None:
    assert careful_band(RiskBand.LOW, is_clinical=True) is RiskBand.WATCH
    for band in RiskBand:
        assert careful_band(band, is_clinical=False) is band
    for band in (RiskBand.WATCH, RiskBand.URGENT):
        assert careful_band(band, is_clinical=True) is band


every_block = pytest.mark.parametrize("block", list(Block))
every_language = pytest.mark.parametrize("language", LANGUAGES)
# How each language says a doctor, and how soon.
DOCTOR = {"en": "doctor", "es": "médico", "de": "Arzt|Ärztin|ärztlich|Praxis|praxis", "pt": "médico", "hi": "डॉक्टर"}
TWO_WEEKS = {"en": "2 weeks", "es": "2 semanas", "de": "2 Wochen", "pt": "2 semanas", "hi": "2 हफ़्तों"}
FOUR_WEEKS = {language: words.replace("2", "4") for language, words in TWO_WEEKS.items()}
A_WARNING_SIGN = {
    "en": "any of the warning signs",
    "es": "alguna de las señales de alerta",
    "de": "eines der Warnzeichen",
    "pt": "algum dos sinais de alerta",
    "hi": "चेतावनी का संकेत",
}


@every_block
@every_language
def test_a_block_is_whole_and_always_the_same(block: Block, language: Language) -> None:
    found = advice(block, language)
    assert found is advice(block, language)
    with pytest.raises(ValueError, match="frozen"):
        found.headline = "Another"  # type: ignore[misc]
    assert (found.id, found.lang) == (block, language)
    assert all((found.headline, found.next_step, found.by_when))
    assert re.search(DOCTOR[language], f"{found.headline} {found.next_step}")
    assert len(set(found.warning_signs)) == 7
    assert any("NG12" in source for source in found.sources)


@every_language
def test_each_block_has_words_of_its_own(language: Language) -> None:
    assert len({advice(block, language).next_step for block in Block}) == len(Block)
    assert len({advice(Block.LOW, one).headline for one in LANGUAGES}) == len(LANGUAGES)


@every_language
def test_the_days_are_those_of_the_sentence(language: Language) -> None:
    for block in Block:
        found = advice(block, language)
        if "urgent" in block.value:
            assert found.within_days == 14
            assert TWO_WEEKS[language] in found.by_when
        elif "watch" in block.value:
            assert found.within_days == 28
            assert FOUR_WEEKS[language] in found.by_when
        else:
            assert found.within_days is None


@every_language
def test_a_low_score_lists_the_signs_and_says_when_to_ask_anyway(language: Language) -> None:
    low = advice(Block.LOW, language)
    assert A_WARNING_SIGN[language] in low.next_step
    assert re.search(DOCTOR[language], low.next_step)
    assert re.search(DOCTOR[language], low.by_when)
    assert any("6" in sign for sign in low.warning_signs)


def test_a_low_score_can_miss_a_cancer_and_says_so() -> None:
    assert "can miss a cancer" in advice(Block.LOW).next_step


@pytest.mark.parametrize("reason", list(Reason))
def test_without_a_score_another_photo_is_asked_for(reason: Reason) -> None:
    found = advice(block_without_score(reason))
    assert "another" in found.headline
    assert "says nothing about the spot" in found.next_step


@pytest.mark.parametrize("reason", list(Reason))
def test_what_was_noticed_counts_more_than_why_there_is_no_score(reason: Reason) -> None:
    assert block_without_score(reason, RiskBand.WATCH) is Block.UNSURE_WATCH
    assert block_without_score(reason, RiskBand.URGENT) is Block.UNSURE_URGENT
    assert "not wait" in advice(Block.UNSURE_URGENT).next_step.lower()


@every_block
@every_language
def test_a_clinical_photo_has_the_same_block_and_a_caution(block: Block, language: Language) -> None:
    found = advice(block, language, is_clinical=True)
    assert found.caution
    assert found.model_copy(update={"caution": None}) == advice(block, language)


@pytest.mark.parametrize("band", list(RiskBand))
def test_a_band_has_its_block(band: RiskBand) -> None:
    assert block_of(band).value == band.value
    if band is not RiskBand.LOW:
        assert block_of(band, by_answers=True).value == f"{band.value}_by_answers"


def test_the_disclaimer_says_that_it_is_no_diagnosis() -> None:
    assert "not a diagnosis" in disclaimer()
    assert "can be wrong" in disclaimer()
    assert len({disclaimer(language) for language in LANGUAGES}) == len(LANGUAGES)
