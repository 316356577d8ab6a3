"""What to do next and by when: a closed set of reviewed blocks, in each language.

No block names a medicine or a treatment, and none says that all is well. The two weeks of `urgent` are
those of the suspected-cancer referral of NICE guideline NG12 (1.7); the warning signs are the ABCDE
list and the further signs of the American Academy of Dermatology. The words stand in `words/`.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from functions.triage.language import Language, catalogue

if TYPE_CHECKING:
    from functions.triage.card import Cutoffs


class RiskBand(StrEnum):
    """How soon a doctor should look, by the score."""

    LOW = "low"
    WATCH = "watch"
    URGENT = "urgent"


class Reason(StrEnum):
    """Why a photo has no score."""

    NOT_SKIN = "not_skin"
    BLURRED = "blurred"
    DARK = "dark"
    GLARE = "glare"
    NOT_IN_FRAME = "not_in_frame"


class Block(StrEnum):
    """Each block of advice that there is."""

    LOW = "low"
    WATCH = "watch"
    URGENT = "urgent"
    WATCH_BY_ANSWERS = "watch_by_answers"
    URGENT_BY_ANSWERS = "urgent_by_answers"
    UNSURE_NOT_SKIN = "unsure_not_skin"
    UNSURE_BLURRED = "unsure_blurred"
    UNSURE_DARK = "unsure_dark"
    UNSURE_GLARE = "unsure_glare"
    UNSURE_NOT_IN_FRAME = "unsure_not_in_frame"
    UNSURE_WATCH = "unsure_watch"
    UNSURE_URGENT = "unsure_urgent"


class Advice(BaseModel):
    """What to do next and by when."""

    model_config = ConfigDict(frozen=True)

    id: Block = Field(description="Which block of the closed set this is; the same in each language.")
    lang: Language = Field(description="The language of the sentences.")
    headline: str = Field(description="The one sentence to read.")
    next_step: str = Field(description="What to do.")
    by_when: str = Field(description="Until when.")
    within_days: int | None = Field(description="The latest day to be seen, counted from today; null: no fixed day.")
    caution: str | None = Field(description="Why the answer is less sure than others; null: no more than always.")
    warning_signs: list[str] = Field(description="Any of these: see a doctor whatever the score says.")
    sources: list[str] = Field(description="The guidelines that the advice follows.")


_SIGNS = ("asymmetry", "border", "colour", "diameter", "evolving", "new", "bleeding")
NICE = "NICE guideline NG12, Suspected cancer: recognition and referral, section 1.7"
ACADEMY = "American Academy of Dermatology, What to look for: ABCDEs of melanoma"
DUCKLING = "Grob and Bonerandi 1998, The ugly duckling sign, Arch Dermatol 134: 103-104"
FIRM = "Kelly, Chamberlain, Staples and McAvoy 2003, Nodular melanoma, Aust Fam Physician 32: 706-709"
_SOURCES = [NICE, ACADEMY]
_SOURCES_OF_ANSWERS = [*_SOURCES, DUCKLING, FIRM]
_BY_ANSWERS = {Block.WATCH_BY_ANSWERS, Block.URGENT_BY_ANSWERS, Block.UNSURE_WATCH, Block.UNSURE_URGENT}
_WITHIN_DAYS = {
    Block.WATCH: 28,
    Block.WATCH_BY_ANSWERS: 28,
    Block.UNSURE_WATCH: 28,
    Block.URGENT: 14,
    Block.URGENT_BY_ANSWERS: 14,
    Block.UNSURE_URGENT: 14,
}


def risk_band(probability: float, cutoffs: Cutoffs) -> RiskBand:
    """Return the band of a probability of malignancy in 0..1."""
    if probability >= cutoffs.urgent_from:
        return RiskBand.URGENT
    return RiskBand.LOW if probability < cutoffs.low_below else RiskBand.WATCH


def careful_band(band: RiskBand, *, is_clinical: bool) -> RiskBand:
    """Return the band, for a clinical photo at least `watch`.

    `low` promises that few malignant lesions are called so, and the promise was checked on dermoscopic photos alone.
    """
    return RiskBand.WATCH if is_clinical and band is RiskBand.LOW else band


def block_of(band: RiskBand, *, by_answers: bool = False) -> Block:
    """Return the block of a band; `by_answers` where what was noticed made it, and not the photo."""
    return Block(f"{band.value}_by_answers" if by_answers else band.value)


def block_without_score(reason: Reason, least: RiskBand = RiskBand.LOW) -> Block:
    """Return the block for a photo that has no score; above `low`, what was noticed counts and no photo is awaited."""
    return Block(f"unsure_{reason.value if least is RiskBand.LOW else least.value}")


@lru_cache(maxsize=256)
def advice(block: Block, language: Language = "en", *, is_clinical: bool = False) -> Advice:
    """Return a block in a language, with the one caution where the photo looks clinical."""
    words = catalogue(language)
    return Advice(
        id=block,
        lang=language,
        headline=words[f"advice.{block.value}.headline"],
        next_step=words[f"advice.{block.value}.next_step"],
        by_when=words[f"advice.{block.value}.by_when"],
        within_days=_WITHIN_DAYS.get(block),
        caution=words["advice.caution"] if is_clinical else None,
        warning_signs=[words[f"advice.sign.{sign}"] for sign in _SIGNS],
        sources=_SOURCES_OF_ANSWERS if block in _BY_ANSWERS else _SOURCES,
    )


def disclaimer(language: Language = "en") -> str:
    """Return what is shown beside each answer."""
    return catalogue(language)["advice.disclaimer"]
