"""One place of care, as a source publishes it and as this room needs it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, get_args

Kind = Literal["cancer_center", "hospital", "community_health_center", "clinic", "dermatology"]
Affordable = Literal["yes", "no", "unknown"]
Group = Literal["veterans", "military", "police", "tribal", "insured", "employees", "federal"]

KINDS: tuple[Kind, ...] = get_args(Kind)
AFFORDABLE: tuple[Affordable, ...] = get_args(Affordable)
GROUPS: tuple[Group, ...] = get_args(Group)

# The words by which an eligibility sentence names a group.
_GROUP_WORDS: dict[Group, tuple[str, ...]] = {
    "veterans": ("veteran",),
    "military": ("military", "armed forces"),
    "police": ("police",),
    "tribal": ("tribal", "indian health"),
    "insured": ("insured",),
    "employees": ("staff", "employees"),
    "federal": ("federal",),
}


@dataclass(frozen=True)
class Site:
    """A place of care; every text may be empty but `name`, `country`, `source`, `licence` and `source_date`.

    `latitude` and `longitude` are WGS84 degrees, `country` is ISO 3166-1 alpha-2, `source_date` is YYYY-MM.
    `eligibility` is empty where the place is open to the public.
    """

    site_id: str
    name: str
    kind: Kind
    address: str
    city: str
    region: str
    postal_code: str
    country: str
    latitude: float
    longitude: float
    phone: str
    url: str
    affordable: Affordable
    affordable_basis: str
    eligibility: str
    source: str
    licence: str
    source_date: str


SITE_FIELDS: tuple[str, ...] = tuple(field.name for field in fields(Site))


def groups_of(eligibility: str) -> tuple[Group, ...]:
    """Return the groups that an eligibility sentence names; none for a place that is open to the public.

    A sentence that names no known group counts as `federal`, so that the place is never taken for an open one.
    """
    if not eligibility:
        return ()
    words = eligibility.casefold()
    found = tuple(group for group in GROUPS if any(word in words for word in _GROUP_WORDS[group]))
    return found or ("federal",)
