"""A geocoded extract of the HRSA health center sites (US COVID Atlas): what a site is, only its name says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.care.readers.hrsa_sites import SLIDING_FEE
from functions.care.readers.layout import Drop, Layout, Origin
from functions.care.readers.us_states import country_of_state

if TYPE_CHECKING:
    from functions.care.readers.table import Row
    from functions.care.site import Site

_ORIGIN = Origin(
    "fqhc", "HRSA health center sites (geocoded extract, US COVID Atlas)", "US federal government work (public domain)"
)


def _read(row: Row) -> Site | Drop:
    return _ORIGIN.site(
        name=row["name"],
        kind="community_health_center",
        address=row["address"],
        city=row["city"],
        region=row["st_abbr"],
        country=country_of_state(row["st_abbr"]),
        latitude=row["lat"],
        longitude=row["lon"],
        phone=row.get("phone", ""),
        affordable="yes",
        basis=SLIDING_FEE,
    )


LAYOUT = Layout(
    "HRSA health center sites, geocoded extract",
    frozenset({"name", "st_abbr", "city", "address", "testing_status", "lon", "lat"}),
    _read,
)
