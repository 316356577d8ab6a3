"""What a person may tell beside the photo, and what that changes: arithmetic on probabilities by the card.

Nothing told, nothing changed. What is told moves the probabilities both ways; the band it only raises (`more_careful`):
a young age makes melanoma rarer, and must not make one that the photo shows look harmless.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, get_args

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from functions.triage.card import PersonEffect

Fact = Literal["age", "sex", "site"]

Site = Literal[
    "head/neck",
    "upper extremity",
    "lower extremity",
    "anterior torso",
    "posterior torso",
    "lateral torso",
    "torso",
    "palms/soles",
    "oral/genital",
]

AGE_GROUPS = ("under 20", "20-29", "30-39", "40-49", "50-59", "60-69", "70-79", "80 and over")


def _true_or_false(value: object) -> object:
    """Return what an address or a form says as the document has it: neither 1 nor yes."""
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


YesNo = Annotated[bool, BeforeValidator(_true_or_false, json_schema_input_type=bool), Strict()]


class Person(BaseModel):
    """What a caller may tell about the person and the spot; all of it may be absent.

    Where the model's card says how, age, sex and site change the probabilities; what was noticed about the spot does
    not, and raises the band by the table in `flags`. Nothing that is told lowers a band.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    sex: Literal["female", "male"] | None = Field(None, description="As the person states it.")
    age: Annotated[int, Field(ge=0, le=120)] | None = Field(None, description="In years.")
    site: Site | None = Field(None, description="Where the spot is, in ISIC's terms.")
    changing: YesNo | None = Field(None, description="Whether the spot is new or changing.")
    bleeding: YesNo | None = Field(None, description="Whether it bleeds, or has not healed in four weeks.")
    unlike_others: YesNo | None = Field(None, description="Whether it is unlike the person's other spots.")
    growing_firm: YesNo | None = Field(
        None, description="Whether it is raised, firm, and has been growing for over a month."
    )


def age_group(years: float) -> str:
    """Return the group, ten years wide, of an age in years."""
    return AGE_GROUPS[int(np.clip(years // 10, 1, len(AGE_GROUPS))) - 1]


def site_group(site: str) -> str:
    """Return a site in the card's terms: the archives do not tell the sides of the torso apart everywhere."""
    return "torso" if site.endswith(" torso") else site


def facts_of(person: Person) -> dict[Fact, str]:
    """Return what was told, in the card's terms."""
    told: dict[Fact, str | None] = {
        "age": None if person.age is None else age_group(person.age),
        "sex": person.sex,
        "site": None if person.site is None else site_group(person.site),
    }
    return {fact: value for fact, value in told.items() if value is not None}


def informed(
    probabilities: NDArray[np.float64], effect: PersonEffect, facts: Mapping[Fact, str]
) -> tuple[NDArray[np.float64], list[Fact]]:
    """Return the probabilities with what was told, and which facts the card knew.

    Each is multiplied by (P(value | diagnosis) / P(value)) ^ shrink for every fact, and all are scaled to sum to 1.

    Args:
        probabilities: calibrated, of the photo alone, (classes,), summing to 1.
        effect: of the card.
        facts: from `facts_of`.

    """
    used = [fact for fact in get_args(Fact) if facts.get(fact) in effect.log_ratios.get(fact, {})]
    if not used:
        return probabilities, []
    evidence = np.sum([effect.log_ratios[fact][facts[fact]] for fact in used], axis=0)
    weighted = probabilities * np.exp(effect.shrink * evidence)
    return np.asarray(weighted / weighted.sum()), used


def more_careful(alone: float, with_facts: float) -> float:
    """Return the P(malignant) that makes the band: the higher of the photo's own and the one with what was told.

    So no fact can take a photo into the band `low`, and the promise of the cut-offs holds whatever is told.
    """
    return max(alone, with_facts)
