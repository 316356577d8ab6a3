"""This product's own columns: what an earlier import wrote, or a list kept by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.care.readers.layout import Drop, Layout, month, web_address
from functions.care.site import AFFORDABLE, KINDS, SITE_FIELDS, Site

if TYPE_CHECKING:
    from functions.care.readers.table import Row

_OF_NUMBERS_AND_CODES = {"latitude", "longitude", "kind", "affordable", "url"}


def _read(row: Row) -> Site | Drop:
    name = row["name"]
    if row["kind"] not in KINDS or row["affordable"] not in AFFORDABLE:
        return Drop(name, "kind or affordable is not one of the known words")
    if not (row["source"] and row["licence"] and month(row["source_date"])):
        return Drop(name, "source, licence or date is missing")
    try:
        latitude, longitude = float(row["latitude"]), float(row["longitude"])
    except ValueError:
        return Drop(name, "no coordinates")
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):  # noqa: PLR2004 - degrees
        return Drop(name, "no coordinates")
    return Site(
        **{field: row.get(field, "") for field in SITE_FIELDS if field not in _OF_NUMBERS_AND_CODES},
        kind=row["kind"],
        affordable=row["affordable"],
        latitude=latitude,
        longitude=longitude,
        url=web_address(row.get("url", "")),
    )


LAYOUT = Layout("merged list", frozenset(SITE_FIELDS), _read)
