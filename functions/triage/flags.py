"""What a person has noticed about a spot, and the least band that it makes: one table, which can only raise.

The rule knows nothing of the photo. A score is a statement about pixels; that a spot bleeds or has changed is not in
them, and guidelines send on what was noticed alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from functions.triage.advice import ACADEMY, DUCKLING, FIRM, NICE, RiskBand

if TYPE_CHECKING:
    from collections.abc import Sequence

    from functions.triage.person import Person

Flag = Literal["changing", "bleeding", "unlike_others", "growing_firm"]
FLAGS: tuple[Flag, ...] = get_args(Flag)


@dataclass(frozen=True)
class Rule:
    """All of these flags answered with yes: at least this band."""

    flags: frozenset[Flag]
    at_least: RiskBand
    source: str


# The points are those of NICE's weighted 7-point checklist, by which 3 are a suspected-cancer referral: change in size,
# irregular shape and irregular colour 2 each, oozing 1. Unlike the others stands for irregular shape or colour.
RULES = (
    Rule(frozenset({"growing_firm"}), RiskBand.URGENT, f"{FIRM}: elevated, firm, growing for over a month"),
    Rule(frozenset({"changing", "unlike_others"}), RiskBand.URGENT, f"{NICE}: 4 points"),
    Rule(frozenset({"changing", "bleeding"}), RiskBand.URGENT, f"{NICE}: 3 points"),
    Rule(frozenset({"bleeding", "unlike_others"}), RiskBand.URGENT, f"{NICE}: 3 points"),
    Rule(frozenset({"changing"}), RiskBand.WATCH, f"{ACADEMY}: evolving"),
    Rule(frozenset({"bleeding"}), RiskBand.WATCH, f"{ACADEMY}: a spot that bleeds or does not heal"),
    Rule(frozenset({"unlike_others"}), RiskBand.WATCH, DUCKLING),
)


def flags_of(person: Person | None) -> list[Flag]:
    """Return the questions answered with yes; one that is not answered is not a no."""
    return [flag for flag in FLAGS if person is not None and getattr(person, flag)]


def least_band(flags: Sequence[Flag]) -> RiskBand:
    """Return the highest band of the rules whose flags were all answered with yes; `low` where there is none."""
    order = list(RiskBand)
    met = [rule.at_least for rule in RULES if rule.flags <= set(flags)]
    return max(met, key=order.index, default=RiskBand.LOW)


def raised(band: RiskBand, flags: Sequence[Flag]) -> RiskBand:
    """Return the higher of a band and what the flags make."""
    return max(band, least_band(flags), key=list(RiskBand).index)
