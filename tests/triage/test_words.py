"""Every text of every language: complete, with the same places to fill in, and never a treatment or false comfort."""

from __future__ import annotations

import json
import re
import unicodedata
from functools import lru_cache
from pathlib import Path
from string import Formatter

import pytest

from functions.triage.advice import Block, Reason, RiskBand, advice, disclaimer
from functions.triage.language import CATALOGUES, LANGUAGES, Language, catalogue, page_words
from tests.triage.reading_age import reading_grade

LEXICONS = Path(__file__).parent / "lexicons"
# Prevention must be able to say sun cream, which keeps spots from coming and is put on none; the word is told apart.
SUN_PROTECTION = {
    "en": ("sunscreen",),
    "es": ("protector solar", "crema solar"),
    "de": ("Sonnencreme", "Sonnenschutzmittel"),
    "pt": ("protetor solar",),
    "hi": ("सनस्क्रीन",),
}
every_language = pytest.mark.parametrize("language", LANGUAGES)


@lru_cache
def forbidden(language: Language, kind: str) -> re.Pattern[str]:
    """Beginnings of words that no text may hold."""
    listed = json.loads((LEXICONS / f"{language}.json").read_text("utf-8"))[kind]
    # A vowel sign belongs to its word: a word begins where no letter, sign or digit stands before it.
    return re.compile(r"(?<![\w\u0900-\u097f])(?:" + "|".join(map(re.escape, listed)) + ")", re.IGNORECASE)


def found(language: Language, text: str) -> list[str]:
    text = unicodedata.normalize("NFC", text)
    for allowed in SUN_PROTECTION[language]:
        text = re.sub(re.escape(allowed), "…", text, flags=re.IGNORECASE)
    return [word for kind in ("treatment", "comfort") for word in forbidden(language, kind).findall(text)]


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_there_is_a_catalogue_for_each_language_and_no_other() -> None:
    assert {file.stem for file in CATALOGUES.glob("*.json")} == set(LANGUAGES)


@every_language
def test_a_catalogue_has_every_text_and_no_other(language: Language) -> None:
    english, other = catalogue("en"), catalogue(language)
    assert {"missing": english.keys() - other.keys(), "more": other.keys() - english.keys()} == {
        "missing": set(),
        "more": set(),
    }
    assert [key for key, text in other.items() if not text.strip()] == []


@every_language
def test_a_translation_has_the_same_places_to_fill_in(language: Language) -> None:
    english, other = catalogue("en"), catalogue(language)
    assert [key for key in english if places(english[key]) != places(other.get(key, ""))] == []


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_no_sentence_was_left_in_english(language: Language) -> None:
    same = [key for key, text in catalogue(language).items() if " " in text and text == catalogue("en")[key]]
    assert same == []


@every_language
def test_nothing_that_a_person_reads_names_a_treatment_or_gives_false_comfort(language: Language) -> None:
    words = {key: found(language, text) for key, text in catalogue(language).items()}
    assert {key: hits for key, hits in words.items() if hits} == {}


@every_language
@pytest.mark.parametrize("block", list(Block))
@pytest.mark.parametrize("is_clinical", [False, True])
def test_no_answer_does_either(language: Language, block: Block, is_clinical: bool) -> None:
    shown = advice(block, language, is_clinical=is_clinical)
    sentences = [shown.headline, shown.next_step, shown.by_when, shown.caution or "", *shown.warning_signs]
    assert {one: hits for one in [*sentences, disclaimer(language)] if (hits := found(language, one))} == {}


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "Put some cortisone cream on it."),
        ("en", "A small surgery removes it."),
        ("en", "This mole is harmless."),
        ("en", "There is nothing to worry about."),
        ("en", "Very unlikely to be cancer."),
        ("es", "Es una lesión benigna."),
        ("es", "No se preocupe."),
        ("es", "Póngase una pomada."),
        ("de", "Die Stelle ist gutartig."),
        ("de", "Keine Sorge."),
        ("de", "Tragen Sie Salbe auf."),
        ("pt", "A mancha é benigna."),
        ("pt", "Não se preocupe."),
        ("pt", "Passe uma pomada."),
        ("hi", "यह सुरक्षित है।"),
        ("hi", "चिंता न करें।"),
        ("hi", "मरहम लगाएँ।"),
    ],
)
def test_the_lexicons_catch(language: Language, sentence: str) -> None:
    assert found(language, sentence)


@every_language
def test_each_band_and_each_reason_has_its_words(language: Language) -> None:
    words = catalogue(language)
    assert all(words[f"band.{band}"] for band in [*(band.value for band in RiskBand), "unsure"])
    assert all(words[f"advice.unsure_{reason.value}.headline"] for reason in Reason)


@every_language
def test_the_page_gets_its_own_words_alone(language: Language) -> None:
    assert all(key.startswith(("page.", "band.")) for key in page_words(language))
    assert "band.low" in page_words(language)


def test_english_reads_at_twelve_years_or_younger() -> None:
    texts = [text for key, text in catalogue("en").items() if key.startswith(("advice.", "page."))]
    # A grade of 7 in the United States is entered at the age of twelve.
    assert reading_grade(texts) <= 7
