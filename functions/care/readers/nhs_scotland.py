"""NHS hospital codes of Public Health Scotland, with points on the British National Grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.care.readers.layout import Drop, Layout, Origin
from functions.care.readers.national_grid import wgs84_of
from functions.care.readers.rules import kind_by_name

if TYPE_CHECKING:
    from functions.care.readers.table import Row
    from functions.care.site import Site

_ORIGIN = Origin("phs", "Public Health Scotland hospital codes", "Open Government Licence v3.0")


def _read(row: Row) -> Site | Drop:
    name = row["LocationName"]
    try:
        latitude, longitude = wgs84_of(float(row["XCoordinate"]), float(row["YCoordinate"]))
    except ValueError:
        return Drop(name, "no coordinates")
    return _ORIGIN.site(
        own_id=row["Location"],
        name=name,
        kind=kind_by_name(name, "hospital"),
        address=row["AddressLine"],
        postal_code=row["Postcode"],
        country="GB",
        latitude=f"{latitude:.6f}",
        longitude=f"{longitude:.6f}",
        affordable="yes",
        basis="NHS hospital, free at the point of use for residents",
    )


LAYOUT = Layout(
    "NHS Scotland hospitals",
    frozenset({"Location", "LocationName", "Postcode", "AddressLine", "HB", "XCoordinate", "YCoordinate"}),
    _read,
)
