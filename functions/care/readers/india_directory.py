"""The National Hospital Directory of India, in its extract of three columns: a point, a name, an address."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from functions.care.places import folded
from functions.care.readers.layout import Drop, Layout, Origin
from functions.care.readers.rules import kind_by_name

if TYPE_CHECKING:
    from functions.care.readers.table import Row
    from functions.care.site import Affordable, Kind, Site

_ORIGIN = Origin("in", "National Hospital Directory (Government of India)", "Government Open Data License - India")
_GOVERNMENT = re.compile(
    r"\b(govt|goverment|government|gov|chc|phc|uphc|district (head ?quarters? )?hospital|civil hospital|"
    r"sub ?divisional|"
    r"sub district|taluk\w*|tehsil|municipal\w*|primary health|community health|aiims|all india institute|"
    r"rural hospital|"
    r"general hospital|area hospital|state hospital|referral hospital|esic?|public health)\b"
)
_RAILWAY = re.compile(r"\b(railways?|rly)\b")
_FORCES = re.compile(r"\b(military|army|naval|air force|police|crpf|bsf|itbp|cisf|command hospital|assam rifles)\b")
_INSURED = re.compile(r"\besi(c|s)?\b")
_HOSPITAL = re.compile(r"\b(hospitals?|medical college|institute|aiims|hosp)\b")


def _read(row: Row) -> Site | Drop:
    name = row["Hospital_Name"]
    words = folded(name)
    latitude, _, longitude = row["Location_Coordinates"].partition(",")
    kind: Kind = "hospital" if _HOSPITAL.search(words) else "clinic"
    affordable: Affordable = "unknown"
    basis, eligibility = "ownership not in this extract", ""
    if _GOVERNMENT.search(words):
        affordable, basis = "yes", "government hospital (by its name)"
    if _RAILWAY.search(words) or _FORCES.search(words):
        eligibility = "railway staff, military or police only"
    elif _INSURED.search(words):
        eligibility = "people insured by ESI"
    return _ORIGIN.site(
        name=name,
        kind=kind_by_name(name, kind),
        address=row["Address_Original_First_Line"],
        country="IN",
        latitude=latitude.strip(),
        longitude=longitude.strip(),
        affordable=affordable,
        basis=basis,
        eligibility=eligibility,
    )


LAYOUT = Layout(
    "National Hospital Directory of India",
    frozenset({"Location_Coordinates", "Hospital_Name", "Address_Original_First_Line"}),
    _read,
)
