"""The small list that ships: cancer centres and hospitals as facts of sources that anyone may pass on."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

from functions.care.directory import Directory
from functions.care.places import folded
from functions.care.readers.rules import is_practice_of_a_person
from functions.care.site import SITE_FIELDS, Site

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from functions.care.places import Places

LIST = "sites.csv"
# How the licences begin whose rows may be passed on with a source line and nothing else: public domain, OGL, CC BY.
OPEN_LICENCES = (
    "US federal government work (public domain)",
    "Open Government Licence",
    "CC BY 4.0",
    "Eurostat reuse policy (CC BY 4.0",
)
CITIES_A_COUNTRY = 3
_NEAR_A_CITY_KM = 50.0
# Names of general hospitals, and words for some people or organs only, for units and for offices.
_BROAD = re.compile(
    r"\b(general\w*|geral|universit\w*|uniwersytecki\w*|regional\w*|regionala|rehional|central\w*|teaching|"
    r"referr?al|district|"
    r"provincial\w*|national|nacional|civil|chu|c h|centre hospitalier|centro hospitalar|hopital de (district|"
    r"regional|zone)|"
    r"hospitalier|landeskrankenhaus|klinikum|krankenhaus|nemocnic\w*|bolnic\w*|klinicki bolnicki centar|"
    r"ospedale|azienda osp\w*|spitalul (clinic|judetean)|universitetshospital|universitetssykehus\w*|sjukhuset|"
    r"rigshospitalet|"
    r"medisch centrum|ziekenhuis|szpital|korhaz|slimnica|ligonine|government|govt|state|memorial|medical cent(er|re)|"
    r"γενικο|infirmary|royal|hospital center|hospices civils)\b"
)
_NARROW = re.compile(
    r"\b(child\w*|bernu|copii|neuro\w*|kinder\w*|enfants?|infantil\w*|p(a)?ediat\w*|matern\w*|women\w*|frauen\w*|orthop\w*|heart|cardio\w*|"
    r"kardio\w*|eye|oftalm\w*|ophtalm\w*|augen\w*|milita\w*|accueil|day|surgical|surgery|trauma\w*|ent|mini|pulmo\w*|"
    r"lung\w*|pluc|tubercul\w*|lepro\w*|siege|agence|administra\w*|obstetric\w*|ginecolog\w*|gyna?ec\w*|infectio\w*|"
    r"palij\w*|hospic\w*|fysikalsk|poliklini\w*|vaiku|dzieci\w*|aesthet\w*|asthet\w*|plast\w*|schlaf\w*|thermo|"
    r"integrated|"
    r"uraz\w*|dental|zdravilisce|institut\w*|services?|permanence|old)\b"
)
# A letter that the source has lost, and those that stand for others in its Czech names.
_TORN = re.compile("[\ufffdìøòù]")


def is_open(licence: str) -> bool:
    """Say whether rows under this licence may ship: not those whose licence is unstated or share-alike."""
    return licence.startswith(OPEN_LICENCES)


def select(sites: Iterable[Site], places: Places) -> list[Site]:
    """Return the sites that ship, sorted by id.

    Every cancer centre, and of each country one general hospital by each of its largest cities, open to everyone: the
    nearest that the public pays for, with a telephone number where one has it; where none is known to be public, the
    nearest that is not for profit.
    """
    open_sites = [
        site
        for site in sites
        if is_open(site.licence)
        and not site.eligibility
        and not (_TORN.search(site.name) and site.country != "IT")
        and not is_practice_of_a_person(site.name)
    ]
    chosen = {site.site_id: site for site in open_sites if site.kind == "cancer_center"}
    hospitals = [
        site for site in open_sites if site.kind == "hospital" and site.affordable != "no" and _is_general(site.name)
    ]
    public = [site for site in hospitals if site.affordable == "yes"]
    in_turn = [
        Directory.of(some)
        for some in (
            [site for site in public if site.phone],
            public,
            [site for site in hospitals if site.phone],
            hospitals,
        )
    ]
    for country in sorted({site.country for site in hospitals}):
        for latitude, longitude in places.largest(country, CITIES_A_COUNTRY):
            for directory in in_turn:
                near = directory.near(latitude, longitude, radius_km=_NEAR_A_CITY_KM, limit=20)
                own = [found.site for found in near if found.site.country == country]
                if own:
                    chosen[own[0].site_id] = own[0]
                    break
    return [chosen[site_id] for site_id in sorted(chosen)]


def _is_general(name: str) -> bool:
    words = folded(name)
    return bool(_BROAD.search(words)) and not _NARROW.search(words)


def write_list(sites: Iterable[Site], folder: Path) -> Path:
    """Write sites as a table that a person can read and `import` can read again, and return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / LIST
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        writer.writerow(SITE_FIELDS)
        writer.writerows([getattr(site, name) for name in SITE_FIELDS] for site in sites)
    return file
