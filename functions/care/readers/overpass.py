"""OpenStreetMap as Overpass gives it: GeoJSON with the tags as properties."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.care.readers.layout import Drop, Layout, Origin, month
from functions.care.readers.open_street_map import ODBL, cost_of, kind_of
from functions.care.readers.table import LATITUDE, LONGITUDE
from functions.care.site import KINDS

if TYPE_CHECKING:
    from functions.care.readers.table import Row
    from functions.care.site import Site

_ORIGIN = Origin("osm", "OpenStreetMap", ODBL)


def _read(row: Row) -> Site | Drop:
    name = row.get("name", "")
    if any(row.get(f"{was}:amenity") for was in ("disused", "abandoned", "was")) or row.get("disused") == "yes":
        return Drop(name, "closed")
    operator_type = row.get("operator:type", "")
    kind = kind_of(row.get("amenity", ""), name, row.get("healthcare:speciality", ""), operator_type)
    if kind not in KINDS:
        return Drop(name, kind)
    affordable, basis = cost_of(operator_type)
    sort, _, number = row["@id"].partition("/")
    return _ORIGIN.site(
        own_id=f"{sort[:1]}{number}",
        name=name,
        kind=kind,
        address=f"{row.get('addr:housenumber', '')} {row.get('addr:street', '')}".strip(),
        city=row.get("addr:city", ""),
        region=row.get("addr:province", "") or row.get("addr:state", ""),
        postal_code=row.get("addr:postcode", ""),
        country=row.get("addr:country", "").upper(),
        latitude=row.get(LATITUDE, ""),
        longitude=row.get(LONGITUDE, ""),
        phone=row.get("phone", "") or row.get("contact:phone", ""),
        url=row.get("website", "") or row.get("contact:website", ""),
        affordable=affordable,
        basis=basis,
        source_date=month(row.get("@timestamp", "")),
    )


LAYOUT = Layout("OpenStreetMap (Overpass)", frozenset({"@id", "amenity", "name", LATITUDE, LONGITUDE}), _read)
