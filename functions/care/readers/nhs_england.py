"""NHS England hospitals, as NHS Choices published them: fields apart by U+00AC, in ISO-8859-1."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from functions.care.readers.layout import Drop, Layout, Origin, joined
from functions.care.readers.rules import kind_by_name

if TYPE_CHECKING:
    from functions.care.readers.table import Row
    from functions.care.site import Affordable, Site

_ORIGIN = Origin("nhs", "NHS England hospitals file (NHS Choices)", "Open Government Licence v3.0")
# Private groups by the names under which they report; the others may be community hospitals that the NHS pays.
_PRIVATE_GROUPS = re.compile(
    r"\b(bmi|spire|nuffield|ramsay|hca|circle|bupa|aspen|nova healthcare|optical express|optegra|transform|"
    r"the hospital group|harley|king edward vii|london clinic|priory|sk clinics?)\b",
    re.IGNORECASE,
)


def _read(row: Row) -> Site | Drop:
    name = row["OrganisationName"]
    if row["SubType"] == "Mental Health Hospital":
        return Drop(name, "psychiatric or addiction")
    if row.get("OrganisationStatus", "Visible") != "Visible":
        return Drop(name, "closed")
    affordable: Affordable = "yes"
    basis = "NHS hospital, free at the point of use for residents"
    if row["Sector"] != "NHS Sector":
        is_group = _PRIVATE_GROUPS.search(f"{name} {row.get('ParentName', '')}")
        affordable = "no" if is_group else "unknown"
        basis = (
            "private hospital group; may also take NHS-funded patients"
            if is_group
            else "independent-sector provider: may be private or NHS-commissioned"
        )
    return _ORIGIN.site(
        own_id=row["OrganisationID"],
        name=name,
        kind=kind_by_name(name, "hospital"),
        address=joined(row.get("Address1", ""), row.get("Address2", ""), row.get("Address3", "")),
        city=row.get("City", ""),
        region=row.get("County", ""),
        postal_code=row["Postcode"],
        country="GB",
        latitude=row["Latitude"],
        longitude=row["Longitude"],
        phone=row.get("Phone", ""),
        url=row.get("Website", ""),
        affordable=affordable,
        basis=basis,
    )


LAYOUT = Layout(
    "NHS England hospitals",
    frozenset(
        {
            "OrganisationID",
            "OrganisationCode",
            "SubType",
            "Sector",
            "OrganisationName",
            "Postcode",
            "Latitude",
            "Longitude",
        }
    ),
    _read,
)
