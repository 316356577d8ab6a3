"""What to do next and by when: a closed set of sentences, one block a band.

No block names a medicine or a treatment, and none says that all is well. The two weeks of `urgent` are
those of the suspected-cancer referral of NICE guideline NG12 (1.7); the warning signs are the ABCDE
list and the further signs of the American Academy of Dermatology.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from functions.triage.card import Cutoffs

DISCLAIMER = "This is a pre-assessment by a computer, not a diagnosis. It can be wrong. Only a doctor can tell."


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


class Advice(BaseModel):
    """What to do next and by when."""

    model_config = ConfigDict(frozen=True)

    headline: str = Field(description="The one sentence to read.")
    next_step: str = Field(description="What to do.")
    by_when: str = Field(description="Until when.")
    within_days: int | None = Field(description="The latest day to be seen, counted from today; null: no fixed day.")
    caution: str | None = Field(description="Why the answer is less sure than others; null: no more than always.")
    warning_signs: list[str] = Field(description="Any of these: see a doctor whatever the score says.")
    sources: list[str] = Field(description="The guidelines that the advice follows.")


_WARNING_SIGNS = [
    "one half does not match the other (asymmetry)",
    "ragged or blurred edges (border)",
    "several shades of brown, black, red, white or blue (colour)",
    "larger than 6 mm (diameter)",
    "changing in size, shape, colour or feel (evolving)",
    "new, or unlike your other spots",
    "bleeding, itching, or a sore that has not healed in four weeks",
]

_SOURCES = [
    "NICE guideline NG12, Suspected cancer: recognition and referral, section 1.7",
    "American Academy of Dermatology, What to look for: ABCDEs of melanoma",
]

_ADVICE = {
    RiskBand.LOW: Advice(
        headline="Low score. Keep watching this spot.",
        next_step="Look at it again in the same light once a month and compare. A low score can miss a cancer: "
        "if you see any of the warning signs, or are worried, show it to a doctor.",
        by_when="Look again in one month; see a doctor at once if it changes",
        within_days=None,
        caution=None,
        warning_signs=_WARNING_SIGNS,
        sources=_SOURCES,
    ),
    RiskBand.WATCH: Advice(
        headline="Have this spot looked at.",
        next_step="Book a visit with a doctor who can examine it with a dermatoscope. Take the photo along.",
        by_when="Within 4 weeks; sooner if you see any of the warning signs",
        within_days=28,
        caution=None,
        warning_signs=_WARNING_SIGNS,
        sources=_SOURCES,
    ),
    RiskBand.URGENT: Advice(
        headline="See a doctor soon.",
        next_step="Call a doctor or a skin clinic today, say that a spot may be skin cancer, and ask to be seen "
        "within two weeks. Many spots that score high turn out not to be cancer; only an examination can tell.",
        by_when="Within 2 weeks",
        within_days=14,
        caution=None,
        warning_signs=_WARNING_SIGNS,
        sources=_SOURCES,
    ),
}


_WHAT_IS_WRONG = {
    Reason.NOT_SKIN: (
        "This does not look like a close photo of a skin spot.",
        "Hold the phone a hand's breadth from one spot: it fills about half of the picture, with only skin around it.",
    ),
    Reason.BLURRED: (
        "The photo is blurred.",
        "Hold the phone still, tap on the spot to focus, and go back a little if it stays blurred. Wipe the lens.",
    ),
    Reason.DARK: (
        "The photo is too dark.",
        "Go to a window or out into daylight, and keep your shadow off the spot.",
    ),
    Reason.GLARE: (
        "Much of the photo is pure white.",
        "Turn the flash off, and turn a little until no light is mirrored in the skin.",
    ),
    Reason.NOT_IN_FRAME: (
        "No spot can be made out in the middle of the photo.",
        "Bring one spot to the middle, filling about half of the picture. A pale spot shows better in daylight.",
    ),
}

_UNSURE = {
    reason: Advice(
        headline=f"{wrong} Take another.",
        next_step=f"{better} No score says nothing about the spot: if you see any of the warning signs, are worried, "
        "or cannot take a better photo, show it to a doctor.",
        by_when="Another photo now; a doctor at once if the spot changes",
        within_days=None,
        caution=None,
        warning_signs=_WARNING_SIGNS,
        sources=_SOURCES,
    )
    for reason, (wrong, better) in _WHAT_IS_WRONG.items()
}

_CLINICAL = (
    "The photo looks as if it was taken without a dermatoscope. The program learned from dermatoscope photos and is "
    "wrong more often on others, so its answer is never lower than watch."
)
_WITH_CAUTION = {band: advice.model_copy(update={"caution": _CLINICAL}) for band, advice in _ADVICE.items()}


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


def advice_for(band: RiskBand, *, is_clinical: bool = False) -> Advice:
    """Return the one block of advice of a band, with the one caution where the photo looks clinical."""
    return (_WITH_CAUTION if is_clinical else _ADVICE)[band]


def advice_without_score(reason: Reason) -> Advice:
    """Return the one block of advice for a photo that has no score."""
    return _UNSURE[reason]
