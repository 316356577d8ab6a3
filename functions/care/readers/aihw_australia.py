"""Australia's public hospitals: Australian Institute of Health and Welfare."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from functions.care.readers.layout import Drop, Layout, Origin
from functions.care.readers.rules import kind_by_name

if TYPE_CHECKING:
    from functions.care.readers.table import Row
    from functions.care.site import Site

_ORIGIN = Origin("aihw", "Australian public hospitals (AIHW MyHospitals and hospital mapping)", "CC BY 4.0 (AIHW)")
_UNSUITABLE = re.compile(r"psychiatric|drug and alcohol|rehabilitation|subacute|parenting", re.IGNORECASE)


def _read(row: Row) -> Site | Drop:
    name = row["hospital"] or row["hospital name"]
    if _UNSUITABLE.search(row["peer_group"]):
        return Drop(name, "psychiatric, addiction, rehabilitation, subacute or parenting unit")
    return _ORIGIN.site(
        name=name,
        kind=kind_by_name(name, "hospital"),
        address=row["Street _address"],
        city=row["Suburb"],
        region=row["state"],
        postal_code=row["Postcode"].zfill(4) if row["Postcode"] else "",
        country="AU",
        latitude=row["Latitude"],
        longitude=row["Longitude"],
        phone=row["Phone_ number"],
        affordable="yes",
        basis="public hospital, free for Medicare-eligible patients",
    )


LAYOUT = Layout(
    "AIHW public hospitals",
    frozenset(
        {
            "state",
            "hospital",
            "peer_group",
            "hospital name",
            "Phone_ number",
            "Street _address",
            "Suburb",
            "Postcode",
            "Latitude",
            "Longitude",
        }
    ),
    _read,
)
