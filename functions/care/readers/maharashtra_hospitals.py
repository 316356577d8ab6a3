"""The hospitals of Maharashtra's state health insurance scheme."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.care.readers.layout import Drop, Layout, Origin
from functions.care.readers.rules import kind_by_name

if TYPE_CHECKING:
    from functions.care.readers.table import Row
    from functions.care.site import Affordable, Site

_ORIGIN = Origin("mh", "Maharashtra hospital list (state health insurance scheme)", "MIT (repository); government list")


def _read(row: Row) -> Site | Drop:
    affordable: Affordable = "unknown"
    basis = "private hospital on a state list; scheme patients may be treated free, ask"
    if row["hospital_type"] == "Government":
        affordable, basis = "yes", "government hospital"
    return _ORIGIN.site(
        own_id=row["hospital_id"],
        name=row["hospital_name"],
        kind=kind_by_name(row["hospital_name"], "hospital"),
        address=row["address"],
        region="Maharashtra",
        postal_code=row["pincode"].partition(".")[0],
        country="IN",
        latitude=row["latitude"],
        longitude=row["longitude"],
        affordable=affordable,
        basis=basis,
    )


LAYOUT = Layout(
    "Maharashtra hospital list",
    frozenset(
        {
            "hospital_id",
            "hospital_name",
            "address",
            "pincode",
            "latitude",
            "longitude",
            "hospital_type",
            "government_subtype",
        }
    ),
    _read,
)
