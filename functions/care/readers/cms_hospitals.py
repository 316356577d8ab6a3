"""CMS Hospital General Information: Centers for Medicare & Medicaid Services. Older vintages carry a point."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from functions.care.readers.layout import Drop, Layout, Origin
from functions.care.readers.rules import kind_by_name
from functions.care.readers.us_ownership import by_owner
from functions.care.readers.us_states import country_of_state

if TYPE_CHECKING:
    from functions.care.readers.table import Row
    from functions.care.site import Site

_ORIGIN = Origin("cms", "CMS Hospital General Information", "US federal government work (public domain)")
_POINT = re.compile(r"POINT \((?P<longitude>\S+) (?P<latitude>\S+)\)")


def _read(row: Row) -> Site | Drop:
    name, kind = row["Facility Name"], row["Hospital Type"]
    if kind == "Psychiatric":
        return Drop(name, "psychiatric or addiction")
    point = _POINT.search(row.get("Location", ""))
    if point is None:
        return Drop(name, "no coordinates")
    owner = by_owner(row["Hospital Ownership"], name, is_military="Department of Defense" in kind)
    return _ORIGIN.site(
        own_id=row["Facility ID"],
        name=name,
        kind=kind_by_name(name, "hospital"),
        address=row["Address"],
        city=row.get("City", "") or row.get("City/Town", ""),
        region=row["State"],
        postal_code=row["ZIP Code"].zfill(5),
        country=country_of_state(row["State"]),
        latitude=point["latitude"],
        longitude=point["longitude"],
        phone=row.get("Phone Number", "") or row.get("Telephone Number", ""),
        affordable=owner.affordable,
        basis=owner.basis,
        eligibility=owner.eligibility,
    )


LAYOUT = Layout(
    "CMS Hospital General Information",
    frozenset({"Facility ID", "Facility Name", "Address", "State", "ZIP Code", "Hospital Type", "Hospital Ownership"}),
    _read,
)
