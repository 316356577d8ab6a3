"""How many years of school English asks for: the Flesch-Kincaid grade (Kincaid 1975, Derivation of new readability
formulas for Navy enlisted personnel). `python -m tests.triage.reading_age` prints it of the catalogue.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SCHOOL_BEGINS = 5  # years of age at grade 0


def syllables(word: str) -> int:
    """Return about how many syllables an English word has: groups of vowels, without a silent e at the end."""
    plain = re.sub(r"[^a-z]", "", word.lower())
    groups = len(re.findall(r"[aeiouy]+", re.sub(r"(?<=[^aeiouyl])e$", "", plain)))
    return max(1, groups)


def reading_grade(texts: Iterable[str]) -> float:
    """Return 0.39 words a sentence + 11.8 syllables a word - 15.59 of all texts together."""
    sentences = [one for text in texts for one in re.split(r"[.!?:;]+", text) if re.search(r"[a-z]{2}", one)]
    words = [word for one in sentences for word in re.findall(r"[A-Za-z']+", one)]
    return 0.39 * len(words) / len(sentences) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


if __name__ == "__main__":
    from functions.triage.language import catalogue

    shown = [text for key, text in catalogue("en").items() if key.startswith(("advice.", "page."))]
    grade = reading_grade(shown)
    print(f"Flesch-Kincaid grade {grade:.1f}, reading age about {grade + _SCHOOL_BEGINS:.0f}")
