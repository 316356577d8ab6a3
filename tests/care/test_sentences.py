from __future__ import annotations

import re

import pytest

from functions.care.sentences import LANGUAGES, NAMES, catalogue, sentence

FORBIDDEN = re.compile(
    r"benign|safe\b|no cancer|all clear|healthy|harmless|cream|ointment|medicine|tablet|surgery|treatment|"
    r"benigno|seguro|sano|pomada|crema|tratamiento|gutartig|harmlos|gesund|salbe|behandlung|saud[aá]vel|tratamento|"
    r"सुरक्षित|दवा|मरहम|इलाज",
    re.IGNORECASE,
)


def test_every_language_has_every_sentence_and_no_other() -> None:
    assert set(catalogue()) == set(LANGUAGES)
    assert all(set(sentences) == set(NAMES) for sentences in catalogue().values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_name_no_treatment_and_give_no_false_comfort(language) -> None:
    for name in NAMES:
        assert sentence(name, language).strip()
        assert not FORBIDDEN.search(sentence(name, language)), (language, name)


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
def test_no_sentence_is_left_in_english(language) -> None:
    assert all(sentence(name, language) != sentence(name, "en") for name in NAMES)
