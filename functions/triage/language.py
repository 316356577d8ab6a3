"""The words that a person reads, by language: complete catalogues, one file a language."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

Language = Literal["en", "es", "de", "pt", "hi"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
CATALOGUES = Path(__file__).parent / "words"


@lru_cache
def catalogue(language: Language) -> dict[str, str]:
    """Return a language's texts by key; `{name}` stands for what is put in."""
    found: dict[str, str] = json.loads((CATALOGUES / f"{language}.json").read_text("utf-8"))
    return found


@lru_cache
def page_words(language: Language) -> dict[str, str]:
    """Return the texts that the phone page itself shows: what a service's answer says comes with the answer."""
    return {key: text for key, text in catalogue(language).items() if key.startswith(("page.", "band."))}
