"""healthsites.io (OpenStreetMap): CSV from its data frames, or GeoJSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.care.readers.country_codes import alpha2_of
from functions.care.readers.layout import Drop, Layout, Origin, from_stamp, month
from functions.care.readers.open_street_map import ODBL, cost_of, kind_of
from functions.care.readers.table import LATITUDE, LONGITUDE
from functions.care.site import KINDS

if TYPE_CHECKING:
    from functions.care.readers.table import Row
    from functions.care.site import Site

_ORIGIN = Origin("osm", "healthsites.io (OpenStreetMap)", ODBL)
_OPEN = {"", "operational", "open"}


def _read(row: Row) -> Site | Drop:
    name = row.get("name", "")
    if row.get("operational_status", "").casefold() not in _OPEN:
        return Drop(name, "closed")
    operator_type = row.get("operator_type", "")
    kind = kind_of(row["amenity"], name, row.get("speciality", ""), operator_type)
    if kind not in KINDS:
        return Drop(name, kind)
    affordable, basis = cost_of(operator_type)
    stamp = row.get("changeset_timestamp", "")
    number = row["osm_id"].partition(".")[0]
    return _ORIGIN.site(
        own_id=f"{row['osm_type'][:1]}{number}",
        name=name,
        kind=kind,
        address=row.get("addr_full", "") or f"{row.get('addr_housenumber', '')} {row.get('addr_street', '')}".strip(),
        city=row.get("addr_city", ""),
        postal_code=row.get("addr_postcode", ""),
        country=alpha2_of(row.get("iso3c", "")),
        latitude=row.get(LATITUDE, "") or row.get("Y", ""),
        longitude=row.get(LONGITUDE, "") or row.get("X", ""),
        phone=row.get("contact_number", ""),
        url=row.get("url", ""),
        affordable=affordable,
        basis=basis,
        source_date=from_stamp(stamp) or month(stamp),
    )


LAYOUT = Layout("healthsites.io", frozenset({"osm_id", "osm_type", "completeness", "amenity", "name"}), _read)
