"""Healthcare services in Europe: Eurostat GISCO, CSV or GeoJSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from functions.care.places import folded
from functions.care.readers.layout import Drop, Layout, Origin, joined, month
from functions.care.readers.rules import is_cancer_center, is_dermatology, kind_by_name

if TYPE_CHECKING:
    from functions.care.readers.table import Row
    from functions.care.site import Affordable, Kind, Site

_ORIGIN = Origin(
    "gisco",
    "Healthcare services in Europe (Eurostat GISCO)",
    "Eurostat reuse policy (CC BY 4.0, credit EuroGeographics and Eurostat)",
)
_COUNTRIES = {"EL": "GR", "UK": "GB"}  # Eurostat's codes that are not ISO's
_COARSE = "3"
_UNSUITABLE_TYPE = re.compile(
    r"\b(psiq\w*|psych\w*|psyk\w*|psichi\w*|mental\w*|geriatr\w*|larga estancia|rehabil\w*|readaptation|"
    r"reeducation|long (stay|term)|"
    r"soins de (suite|longue)|longue duree|dental\w*|odonto\w*|stomat\w*|hospice|palliat\w*|prison|penit\w*|"
    r"addict\w*|rus|"
    r"laborator\w*|sanator\w*|convalesc\w*|nursing|traumatologia y o rehabilitacion|lecebna|ldn|oftalmico u orl)\b"
)
_PUBLIC_TYPE = re.compile(
    r"\b(public\w*|chu|chr|centre hospitalier( regional| universitaire)?|hopital|state|municipal|ch|"
    r"azienda ospedaliera|"
    r"statutory|oeffentlich\w*|offentlich\w*|fakultni|university|general state|government)\b"
)
_PRIVATE_TYPE = re.compile(r"\b(private?|prive\w*|privat\w*|accredit\w*|casa di cura)\b")


def _read(row: Row) -> Site | Drop:
    name = joined(row["hospital_name"], row.get("site_name", ""))
    told = folded(row.get("facility_type", ""))
    if row.get("geo_qual") == _COARSE:
        return Drop(name, "coarse coordinates")
    if _UNSUITABLE_TYPE.search(told):
        return Drop(name, "psychiatric, long-term, rehabilitation, dental, hospice or prison type")
    specialities = f"{told} {name}"
    kind: Kind = "hospital"
    if is_cancer_center(specialities):
        kind = "cancer_center"
    elif is_dermatology(told):
        kind = "dermatology"
    affordable, basis = _cost(row.get("public_private", ""), told)
    country = row["cc"].upper()
    return _ORIGIN.site(
        own_id=f"{row['cc']}-{row['id']}" if row.get("id") else "",
        name=name,
        kind=kind if kind != "hospital" else kind_by_name(name, "hospital"),
        address=f"{row.get('street', '')} {row.get('house_number', '')}".strip(),
        city=row.get("city", ""),
        postal_code=row.get("postcode", ""),
        country=_COUNTRIES.get(country, country),
        latitude=row["lat"],
        longitude=row["lon"],
        phone=row.get("tel", ""),
        url=row.get("url", ""),
        affordable=affordable,
        basis=basis,
        source_date=month(row.get("ref_date", "")),
    )


def _cost(ownership: str, told: str) -> tuple[Affordable, str]:
    if ownership.casefold().startswith("public"):
        return "yes", "public hospital"
    if ownership.casefold().startswith("priv"):
        return "unknown", "private hospital; may be contracted by statutory insurance"
    if _PRIVATE_TYPE.search(told):
        return "unknown", "private hospital accredited by the national health service"
    if _PUBLIC_TYPE.search(told):
        return "yes", "public hospital (type in the source)"
    return "unknown", "ownership not given in the source; care is normally covered by statutory insurance for residents"


LAYOUT = Layout(
    "Healthcare services in Europe (GISCO)",
    frozenset({"id", "hospital_name", "lat", "lon", "geo_qual", "cc", "facility_type", "public_private"}),
    _read,
)
