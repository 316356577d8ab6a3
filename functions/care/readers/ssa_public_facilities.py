"""Public health facilities of sub-Saharan Africa: KEMRI-Wellcome Trust and WHO (Maina et al. 2019)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from functions.care.places import folded
from functions.care.readers.country_codes import alpha2_of
from functions.care.readers.layout import Drop, Layout, Origin
from functions.care.readers.rules import kind_by_name

if TYPE_CHECKING:
    from functions.care.readers.table import Row
    from functions.care.site import Affordable, Kind, Site

_ORIGIN = Origin(
    "ssa", "Public health facilities of sub-Saharan Africa (KEMRI-Wellcome Trust / WHO, 2019)", "CC BY 4.0"
)
_HOSPITAL = re.compile(r"\b(hospital\w*|hopital|hopitaux|hospitalier|chu|chr|chd|cho|district hospital)\b")
_CENTRE = re.compile(
    r"\b((health|medical|sante|saude|medico|medicale?|salud) (cent(er|re)s?|centro)|cent(er|re)s? (of |de |"
    r"medical |medico )?"
    r"(health|sante|medical|saude)\w*|cent(er|re)s? (de )?(sante|medical\w*|medico\w*)|centro de (saude|salud)|"
    r"poly ?clinics?|"
    r"policlinic\w*|polyclinique|csref|csps|cscom|csi|cma|cs|rural health centre|comprehensive health|"
    r"primary health cent(er|re)|phc)\b"
)
_BELOW = re.compile(
    r"\b(post|poste|posto|dispensar\w*|dispensaire|hut|case|unit|basic|outreach|maternit\w*|clinic|chps)\b"
)
_NOT_PUBLIC = re.compile(
    r"\b(fbo|ngo|cbo|ong|faith|mission|confessionnel\w*|private|prive|non profit|non lucratif|religious|charity)\b"
)


def _read(row: Row) -> Site | Drop:
    name, told = row["Facility name"], folded(row["Facility type"])
    kind: Kind
    if _HOSPITAL.search(told):
        kind = kind_by_name(name, "hospital")
    elif _CENTRE.search(told) and not (_BELOW.search(told) and not re.search(r"poly|policl", told)):
        is_clinic = re.search(
            r"\b(poly ?clinics?|policlinic\w*|polyclinique|medical cent(er|re)|centre medical)\b", told
        )
        kind = kind_by_name(name, "clinic") if is_clinic else "community_health_center"
    else:
        return Drop(name, "below health-centre level (post, dispensary, hut, basic clinic)")
    owner = row["Ownership"]
    affordable: Affordable = "yes"
    basis = f"public-sector facility (owner in the source: {owner})" if owner else "listed as public-sector facility"
    if _NOT_PUBLIC.search(folded(owner)):
        affordable, basis = "unknown", f"faith-based or non-profit facility (owner in the source: {owner})"
    return _ORIGIN.site(
        name=name,
        kind=kind,
        region=row["Admin1"],
        country=alpha2_of(row.get("iso3c", "")),
        latitude=row["Lat"],
        longitude=row["Long"],
        affordable=affordable,
        basis=basis,
    )


LAYOUT = Layout(
    "Public health facilities of sub-Saharan Africa",
    frozenset({"Country", "Admin1", "Facility name", "Facility type", "Ownership", "Lat", "Long"}),
    _read,
)
