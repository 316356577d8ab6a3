"""Open Database of Healthcare Facilities: Statistics Canada."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from functions.care.readers.layout import Drop, Layout, Origin, joined
from functions.care.readers.rules import kind_by_name

if TYPE_CHECKING:
    from functions.care.readers.table import Row
    from functions.care.site import Affordable, Kind, Site

_ORIGIN = Origin(
    "odhf", "Open Database of Healthcare Facilities v1.1 (Statistics Canada)", "Open Government Licence - Canada"
)
_COMMUNITY = re.compile(
    r"\b(clsc|nurse practitioner|community health cent(er|re)s?|health cent(er|re)|nursing station|"
    r"family health team|aboriginal health)\b"
)
_HOSPITAL = re.compile(r"\b(hospital|chsgs|acute|general)\b")
_TAKEN = re.compile(
    r"\b(clsc|nurse practitioner|chsgs|hospital|acute|general|clinic|centre|center|ambulatory|medical|"
    r"nurse practitioner|family health team|"
    r"nursing station|health)\b"
)
_OTHER = re.compile(
    r"\b(mental|addiction|psychiatr\w*|retirement|residential|long[- ]term care|nursing home|extended care|"
    r"chronic care|"
    r"rehabilitation|chsld|crjda|crdpa|crdited|crdpm|laborator\w*|office|network|bureau|support service|"
    r"home care|aids)\b"
)
_COSMETIC = re.compile(r"\b(cosmetic|plastic|facial|aesthetic|laser|surg\w* cent)", re.IGNORECASE)


def _read(row: Row) -> Site | Drop:
    name, published = row["facility_name"], row["odhf_facility_type"].casefold()
    told = row["source_facility_type"].casefold()
    if "nursing" in published:
        return Drop(name, "rehabilitation, long-term, palliative or nursing care")
    is_hospital = published == "hospitals"
    if _OTHER.search(told) and not (is_hospital and _HOSPITAL.search(told)):
        return Drop(name, "other type: mental health, residential, laboratory, office")
    if told and not is_hospital and not _TAKEN.search(told):
        return Drop(name, "other type: mental health, residential, laboratory, office")
    is_community = not is_hospital and (_COMMUNITY.search(told) or _COMMUNITY.search(name.casefold()))
    kind: Kind = "hospital" if is_hospital else "community_health_center" if is_community else "clinic"
    affordable: Affordable = "yes" if is_hospital or is_community else "unknown"
    basis = "ambulatory site; funding not stated in the source"
    if is_hospital:
        basis = "publicly insured hospital care for residents (Canada Health Act)"
    elif is_community:
        basis = "community health centre, publicly insured for residents"
    elif _COSMETIC.search(name):
        basis = "may be cosmetic or private care; funding not stated in the source"
    return _ORIGIN.site(
        own_id=row["index"],
        name=name,
        kind=kind if is_community else kind_by_name(name, kind),
        address=joined(row.get("unit", ""), f"{row['street_no']} {row['street_name']}".strip()),
        city=row["city"].title(),
        region=row["province"].upper(),
        postal_code=row["postal_code"],
        country="CA",
        latitude=row["latitude"],
        longitude=row["longitude"],
        affordable=affordable,
        basis=basis,
    )


LAYOUT = Layout(
    "Open Database of Healthcare Facilities",
    frozenset(
        {
            "index",
            "facility_name",
            "source_facility_type",
            "odhf_facility_type",
            "street_no",
            "street_name",
            "postal_code",
            "city",
            "province",
            "latitude",
            "longitude",
        }
    ),
    _read,
)
