"""The National Health Facility Registry of the Philippines: Department of Health."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.care.readers.layout import Drop, Layout, Origin, joined
from functions.care.readers.rules import kind_by_name

if TYPE_CHECKING:
    from functions.care.readers.table import Row
    from functions.care.site import Affordable, Site

_ORIGIN = Origin(
    "ph",
    "National Health Facility Registry (Philippines Department of Health)",
    "Philippines government open data; no licence file",
)
_GOVERNMENT = "Ownership Sub-Classification for Government facilities"


def _read(row: Row) -> Site | Drop:
    name = row["Facility Name"]
    affordable: Affordable = "unknown"
    basis, eligibility = "owner not given in the source", ""
    if row["Ownership Major Classification"] == "Government":
        affordable, basis = "yes", "government hospital"
    elif row["Ownership Major Classification"] == "Private":
        affordable, basis = "no", "private hospital"
    if row.get(_GOVERNMENT, "") in {"Department of National Defense", "Philippine National Police"}:
        eligibility = "military or police only"
        if "veteran" in name.casefold():
            eligibility = "military or veterans only"
    return _ORIGIN.site(
        own_id=row["Health Facility Code Short_x"],
        name=name,
        kind=kind_by_name(name, "hospital"),
        address=joined(row.get("Building name and #", ""), row.get("Street Name and #", "")),
        city=row["City/Municipality Name"],
        region=row["Province Name"],
        postal_code=row.get("Zip Code", "").partition(".")[0],
        country="PH",
        latitude=row["lat"],
        longitude=row["lon"],
        url=row.get("Official Website", ""),
        affordable=affordable,
        basis=basis,
        eligibility=eligibility,
    )


LAYOUT = Layout(
    "National Health Facility Registry of the Philippines",
    frozenset(
        {
            "Health Facility Code Short_x",
            "Facility Name",
            "Ownership Major Classification",
            "City/Municipality Name",
            "Province Name",
            "lat",
            "lon",
        }
    ),
    _read,
)
