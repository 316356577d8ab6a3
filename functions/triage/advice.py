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
    """How soon a doctor should look."""

    LOW = "low"
    WATCH = "watch"
    URGENT = "urgent"


class Advice(BaseModel):
    """What to do next and by when."""

    model_config = ConfigDict(frozen=True)

    headline: str = Field(description="The one sentence to read.")
    next_step: str = Field(description="What to do.")
    by_when: str = Field(description="Until when.")
    within_days: int | None = Field(description="The latest day to be seen, counted from today; null: no fixed day.")
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
        warning_signs=_WARNING_SIGNS,
        sources=_SOURCES,
    ),
    RiskBand.WATCH: Advice(
        headline="Have this spot looked at.",
        next_step="Book a visit with a doctor who can examine it with a dermatoscope. Take the photo along.",
        by_when="Within 4 weeks; sooner if you see any of the warning signs",
        within_days=28,
        warning_signs=_WARNING_SIGNS,
        sources=_SOURCES,
    ),
    RiskBand.URGENT: Advice(
        headline="See a doctor soon.",
        next_step="Call a doctor or a skin clinic today, say that a spot may be skin cancer, and ask to be seen "
        "within two weeks. Many spots that score high turn out not to be cancer; only an examination can tell.",
        by_when="Within 2 weeks",
        within_days=14,
        warning_signs=_WARNING_SIGNS,
        sources=_SOURCES,
    ),
}


def risk_band(probability: float, cutoffs: Cutoffs) -> RiskBand:
    """Return the band of a probability of malignancy in 0..1."""
    if probability >= cutoffs.urgent_from:
        return RiskBand.URGENT
    return RiskBand.LOW if probability < cutoffs.low_below else RiskBand.WATCH


def advice_for(band: RiskBand) -> Advice:
    """Return the one block of advice of a band."""
    return _ADVICE[band]
