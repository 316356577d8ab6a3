"""The closed set of sentences that an answer may carry, in each language, from one catalogue file."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

Language = Literal["en", "es", "de", "pt", "hi"]
SentenceName = Literal[
    "call_first",
    "ask_dermatology",
    "ask_cost_yes",
    "ask_cost_unknown",
    "ask_cost_no",
    "only_for",
    "data_age",
    "none_found",
]

LANGUAGES: tuple[Language, ...] = get_args(Language)
NAMES: tuple[SentenceName, ...] = get_args(SentenceName)
_FILE = Path(__file__).parent / "sentences.json"


@lru_cache(maxsize=1)
def catalogue() -> dict[str, dict[str, str]]:
    """Return every sentence by language and name."""
    found: dict[str, dict[str, str]] = json.loads(_FILE.read_text(encoding="utf-8"))
    return found


def language_of(asked: str) -> Language:
    """Return the language that is asked for (`es`, `es-MX`), English where it is not one of ours."""
    first = asked.replace("_", "-").partition("-")[0].lower()
    return next((language for language in LANGUAGES if language == first), "en")


def sentence(name: SentenceName, language: Language) -> str:
    """Return a sentence."""
    return catalogue()[language][name]
