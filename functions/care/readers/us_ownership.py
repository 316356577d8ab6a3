"""What the owner of a US hospital says about cost, and for whom it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from functions.care.site import Affordable

_VETERANS = re.compile(r"\b(veterans?|va|v a|vamc)\b", re.IGNORECASE)
_TRIBAL = re.compile(
    r"\b(ihs|phs|tribal|indian (health|hospital|medical)|native (american|medical|health)|alaska native)\b",
    re.IGNORECASE,
)
_MILITARY = re.compile(
    r"\b(army|naval|navy|air force|afb|usaf|military|medical group|medical wing|fort|camp)\b", re.IGNORECASE
)
TRIBAL_MEMBERS = "tribal members (Indian Health Service)"


@dataclass(frozen=True)
class Owner:
    """What an owner says: affordability with its basis, and eligibility ("" for open to the public)."""

    affordable: Affordable
    basis: str
    eligibility: str = ""


def by_owner(owner: str, name: str, *, is_military: bool) -> Owner:
    """Return what follows from the owner, as HIFLD or CMS writes it, and from the name of a federal hospital."""
    told = owner.casefold()
    is_federal = "federal" in told or any(word in told for word in ("veterans", "defense", "tribal"))
    if is_federal or is_military:
        return _federal(told, name, is_military=is_military)
    if "government" in told:
        level = told.partition("- ")[2] or "level not stated"
        return Owner("yes", f"public hospital (government-owned: {level})")
    if "non-profit" in told:
        return Owner("unknown", "non-profit hospital: US law requires a financial assistance policy, ask for it")
    if told in {"proprietary", "physician"}:
        return Owner("no", "for-profit owner in the source")
    return Owner("unknown", "owner not given in the source")


def _federal(told: str, name: str, *, is_military: bool) -> Owner:
    if "veterans" in told or _VETERANS.search(name):
        return Owner("yes", "federal hospital for veterans; cost depends on enrolment", "veterans only")
    if "tribal" in told or _TRIBAL.search(name):
        return Owner("yes", "Indian Health Service or tribal facility", TRIBAL_MEMBERS)
    if is_military or "defense" in told or _MILITARY.search(name):
        return Owner("yes", "federal military or veterans hospital", "military or veterans only")
    return Owner("yes", "public hospital (government-owned: federal)", "federal facility: check eligibility")
