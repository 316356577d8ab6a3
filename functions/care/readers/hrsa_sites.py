"""HRSA Health Center Service Delivery and Look-Alike Sites, as published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.care.readers.layout import Drop, Layout, Origin
from functions.care.readers.us_states import country_of_state

if TYPE_CHECKING:
    from functions.care.readers.table import Row
    from functions.care.site import Site

_ORIGIN = Origin(
    "hrsa",
    "HRSA health center sites (US Health Resources and Services Administration)",
    "US federal government work (public domain)",
)
_X = "Geocoding Artifact Address Primary X Coordinate"
_Y = "Geocoding Artifact Address Primary Y Coordinate"
_SETTING = "Health Center Service Delivery Site Location Setting Description"
_PLACE = "Health Center Location Type Description"
_UNFIT = (  # a column, a word in it, and what the site then is
    (_SETTING, "school", "school"),
    (_SETTING, "correctional", "prison"),
    (_PLACE, "mobile", "mobile unit"),
    (_PLACE, "seasonal", "open for a season only"),
)
SLIDING_FEE = "federally funded health center, sliding fee"


def _read(row: Row) -> Site | Drop:
    name = row["Site Name"]
    unfit = next((reason for column, word, reason in _UNFIT if word in row[column].casefold()), "")
    if unfit or row["Site Status Description"] != "Active":
        return Drop(name, unfit or "closed")
    month, _, year = row.get("Data Warehouse Record Create Date", "").partition("/")
    if row["Health Center Type Description"] == "Administrative":
        return Drop(name, "administrative office")
    return _ORIGIN.site(
        own_id=row.get("BPHC Assigned Number", ""),
        name=name,
        kind="community_health_center",
        address=row["Site Address"],
        city=row["Site City"],
        region=row["Site State Abbreviation"],
        postal_code=row["Site Postal Code"],
        country=country_of_state(row["Site State Abbreviation"]),
        latitude=row[_Y],
        longitude=row[_X],
        phone=row.get("Site Telephone Number", ""),
        url=row.get("Site Web Address", ""),
        affordable="yes",
        basis=SLIDING_FEE,
        source_date=f"{year[-4:]}-{month}" if year else "",
    )


LAYOUT = Layout(
    "HRSA health center sites",
    frozenset(
        {
            "Site Name",
            "Site Address",
            "Site City",
            "Site State Abbreviation",
            "Site Postal Code",
            _SETTING,
            _X,
            _Y,
            "Site Status Description",
            _PLACE,
            "Health Center Type Description",
        }
    ),
    _read,
)
