"""Published lists to one directory: read, judged, put in their country, without duplicates, and told row for row.

Nothing is written when any file cannot be used: every complaint is told at once.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from functions.care.great_circle import EARTH_RADIUS_KM, Grid, cell_of
from functions.care.places import folded
from functions.care.readers import layout_of
from functions.care.readers.layout import Drop
from functions.care.readers.rules import is_practice_of_a_person, unsuitable
from functions.care.readers.table import FileUnreadable, read_table
from functions.common.problems import CareFilesRejected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from functions.care.places import Places
    from functions.care.site import Site

_DATED = re.compile(r"(?P<file>.+)@(?P<month>\d{4}-(0[1-9]|1[0-2]))")
# Cities of 15,000 people lie apart: a site may be so far from the nearest of its country, or so much further from it
# than from the nearest of any.
_FAR_KM, _TIMES, _MORE_KM = 60.0, 3.0, 50.0
_SAME_SOURCE_KM, _ACROSS_SOURCES_KM = 0.3, 1.0
_FILLED = ("address", "city", "region", "postal_code", "phone", "url")
_NO_DATE = "no date: add @YYYY-MM, the month that the file describes, to its name"
MANY_ON_ONE_POINT = 3  # more sites of one source than this on one point: a town's centroid, not their places


@dataclass
class Told:
    """What became of the rows of one file."""

    file: str
    layout: str
    rows: int = 0
    kept: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def drop(self, name: str, reason: str) -> None:
        """Count a row that is not taken; the first of each reason is an example."""
        self.dropped[reason] += 1
        self.examples.setdefault(reason, name)

    def document(self) -> dict[str, object]:
        """Return what is told, for JSON."""
        return {
            "file": self.file,
            "layout": self.layout,
            "rows": self.rows,
            "kept": self.kept,
            "dropped": {
                reason: {"rows": count, "example": self.examples[reason]}
                for reason, count in self.dropped.most_common()
            },
        }


class Countries:
    """Which country a point may lie in, by the cities near it."""

    def __init__(self, places: Places) -> None:
        latitude, longitude, countries = places.city_table()
        order = np.argsort(cell_of(latitude, longitude), kind="stable")
        self._grid = Grid(latitude[order], longitude[order])
        self._countries = np.array(countries)[order]

    def nearest(self, latitude: float, longitude: float) -> str:
        """Return the country of the nearest city."""
        for radius_km in (50.0, 300.0, 2000.0, math.pi * EARTH_RADIUS_KM + 1):
            numbers, distance = self._grid.within(latitude, longitude, radius_km)
            if len(numbers):
                return str(self._countries[numbers[np.argmin(distance)]])
        return ""

    def fits(self, latitude: float, longitude: float, country: str) -> bool:
        """Say whether a point may lie in a country; one without a city of that size is taken at its word."""
        if not np.any(self._countries == country):
            return True
        radius_km = 75.0
        while radius_km < math.pi * EARTH_RADIUS_KM * 2:
            numbers, distance = self._grid.within(latitude, longitude, radius_km)
            if len(numbers):
                own = distance[self._countries[numbers] == country]
                limit = max(_FAR_KM, _TIMES * float(distance.min()) + _MORE_KM)
                if len(own):
                    return float(own.min()) <= limit
                if limit <= radius_km:
                    return False
            radius_km *= 2
        return False


def import_files(
    names: Sequence[str], places: Places, progress: Callable[[str], None] = lambda _: None
) -> tuple[list[Site], list[Told]]:
    """Return the sites of published files without duplicates, sorted by id, and what became of each file's rows.

    Args:
        names: of the files; `FILE@YYYY-MM` says of which month a file is whose rows do not.
        places: to find a site's country, or to check it.
        progress: told of each file as it begins.

    Raises:
        CareFilesRejected: with every complaint, when any file cannot be used.

    """
    complaints, taken, reports = [], [], []
    countries = Countries(places)
    for name in names:
        dated = _DATED.fullmatch(name)
        file = Path(dated["file"] if dated else name)
        progress(file.name)
        try:
            sites, told = _read(file, dated["month"] if dated else "", countries)
        except FileUnreadable as error:
            complaints.append(f"{file.name}: {error}")
            continue
        if told.dropped[_NO_DATE]:
            complaints.append(f"{file.name}: {told.dropped[_NO_DATE]} of {told.rows} rows have {_NO_DATE}")
        taken.append(sites)
        reports.append(told)
    if complaints:
        raise CareFilesRejected("; ".join(complaints))
    kept = _without_duplicates(zip(taken, reports, strict=True))
    if not kept:
        raise CareFilesRejected("Of all the files, no site is left to write.")
    return kept, reports


def _read(file: Path, month: str, countries: Countries) -> tuple[list[Site], Told]:
    table = read_table(file)
    layout = layout_of(table.columns)
    if layout is None:
        few = ", ".join(sorted(table.columns)[:6])
        raise FileUnreadable(f"not a layout that is known; it has {len(table.columns)} columns, such as {few}")
    told = Told(file.name, layout.name, rows=len(table.rows))
    sites: list[Site] = []
    for row in table.rows:
        entry = layout.read(defaultdict(str, row))
        judged = entry if isinstance(entry, Drop) else _judged(entry, month, countries)
        if isinstance(judged, Drop):
            told.drop(judged.name, judged.reason)
        else:
            sites.append(judged)
    return _placed(sites, told), told


def _judged(site: Site, month: str, countries: Countries) -> Site | Drop:
    """Return a site with its country and date, or why it is not taken."""
    if not site.name:
        return Drop("", "no usable name")
    reason = unsuitable(site.name)
    if reason:
        return Drop(site.name, reason)
    if site.affordable != "yes" and is_practice_of_a_person(site.name):  # a public place that honours a person is none
        return Drop(site.name, "practice named after a person")
    country = site.country or countries.nearest(site.latitude, site.longitude)
    if not countries.fits(site.latitude, site.longitude, country):
        return Drop(site.name, "coordinates outside the stated country")
    date = site.source_date or month
    if not date:
        return Drop(site.name, _NO_DATE)
    return replace(site, country=country, source_date=date)


def _placed(sites: list[Site], told: Told) -> list[Site]:
    """Return the sites but those that a geocoder put on one point, such as a town's centroid, with many others."""
    if not any("geocoded by address" in site.source for site in sites):
        return sites
    crowds = Counter((site.latitude, site.longitude) for site in sites)
    kept = []
    for site in sites:
        if "geocoded by address" in site.source and crowds[site.latitude, site.longitude] > MANY_ON_ONE_POINT:
            told.drop(site.name, f"more than {MANY_ON_ONE_POINT} sites on one point (town centroid)")
        else:
            kept.append(site)
    return kept


def _without_duplicates(files: Iterable[tuple[list[Site], Told]]) -> list[Site]:
    """Return each place once: the first file's, with what it leaves empty filled from the others.

    Sites are one place when name (folded) and country are the same, within 300 m, or 1 km where the sources differ;
    and when their ids are.
    """
    kept: dict[str, Site] = {}
    by_name: dict[tuple[str, str], list[str]] = defaultdict(list)
    reports: dict[str, Told] = {}
    for sites, told in files:
        for site in sites:
            key = (folded(site.name) or site.name, site.country)
            same = (
                [site.site_id] if site.site_id in kept else [one for one in by_name[key] if _one_place(kept[one], site)]
            )
            if same:
                first = kept[same[0]]
                kept[same[0]] = replace(
                    first, **{name: getattr(first, name) or getattr(site, name) for name in _FILLED}
                )
                told.drop(site.name, "duplicate: same id, or same name within 300 m (1 km across sources)")
                continue
            kept[site.site_id] = site
            by_name[key].append(site.site_id)
            reports[site.site_id] = told
    for told in reports.values():
        told.kept += 1
    return [kept[site_id] for site_id in sorted(kept)]


def _one_place(one: Site, other: Site) -> bool:
    limit = _SAME_SOURCE_KM if one.source == other.source else _ACROSS_SOURCES_KM
    north = math.radians(one.latitude - other.latitude)
    turn = (one.longitude - other.longitude + 180) % 360 - 180
    east = math.radians(turn) * math.cos(math.radians((one.latitude + other.latitude) / 2))
    return EARTH_RADIUS_KM * math.hypot(north, east) <= limit
