"""HIFLD Hospitals: US Department of Homeland Security."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from functions.care.readers.layout import Drop, Layout, Origin, month
from functions.care.readers.rules import kind_by_name
from functions.care.readers.us_ownership import by_owner
from functions.care.readers.us_states import country_of_state

if TYPE_CHECKING:
    from functions.care.readers.table import Row
    from functions.care.site import Site

_ORIGIN = Origin(
    "hifld", "HIFLD Hospitals (US Department of Homeland Security)", "US federal government work (public domain)"
)
_UNSUITABLE_TYPES = {
    "PSYCHIATRIC": "psychiatric or addiction",
    "LONG TERM CARE": "rehabilitation, long-term, palliative or nursing care",
    "REHABILITATION": "rehabilitation, long-term, palliative or nursing care",
    "CHRONIC DISEASE": "rehabilitation, long-term, palliative or nursing care",
}
_ZIP_DIGITS, _ID_DIGITS = 5, 10


def _read(row: Row) -> Site | Drop:
    name = row["NAME"]
    if row["STATUS"] != "OPEN":
        return Drop(name, "closed")
    if row["TYPE"] in _UNSUITABLE_TYPES:
        return Drop(name, _UNSUITABLE_TYPES[row["TYPE"]])
    owner = by_owner(row["OWNER"], name, is_military=row["TYPE"] == "MILITARY")
    return _ORIGIN.site(
        own_id=row["ID"].zfill(_ID_DIGITS),
        name=name,
        kind=kind_by_name(name, "hospital"),
        address=row["ADDRESS"],
        city=row["CITY"],
        region=row["STATE"],
        postal_code=row["ZIP"].zfill(_ZIP_DIGITS) if re.fullmatch(r"\d{3,5}", row["ZIP"]) else "",
        country=country_of_state(row["STATE"]),
        latitude=row["LATITUDE"],
        longitude=row["LONGITUDE"],
        phone=row.get("TELEPHONE", ""),
        url=row.get("WEBSITE", ""),
        affordable=owner.affordable,
        basis=owner.basis,
        eligibility=owner.eligibility,
        source_date=month(row.get("SOURCEDATE", "")),
    )


LAYOUT = Layout(
    "HIFLD Hospitals",
    frozenset({"ID", "NAME", "ADDRESS", "CITY", "STATE", "ZIP", "TYPE", "STATUS", "OWNER", "LATITUDE", "LONGITUDE"}),
    _read,
)
