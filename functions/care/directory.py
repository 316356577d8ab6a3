"""The directory: places of care in one file that loads in milliseconds, and the nearest of them to a place.

`sites.npz` holds the sites sorted by one-degree cell: numbers as arrays, and the texts of each site as one record in
a block of UTF-8, which is read only for the sites that are shown. What many sites share (basis, eligibility, source,
licence, date) stands once in `shared`.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from functions.care.great_circle import Grid, cell_of
from functions.care.site import AFFORDABLE, GROUPS, KINDS, Affordable, Group, Kind, Site, groups_of
from functions.common.problems import DirectoryUnavailable

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

FILE = "sites.npz"
VERSION = 1
_BETWEEN = "\x1f"  # unit separator: stands in no text
_OWN = ("site_id", "name", "address", "city", "region", "postal_code", "country", "phone", "url")
_SHARED = ("affordable_basis", "eligibility", "source", "licence", "source_date")


@dataclass(frozen=True)
class Found:
    """A site and its great-circle distance in km from what was asked."""

    site: Site
    distance_km: float


class Directory:
    """Sites, sorted by cell; made by `load` or `of`."""

    def __init__(self, arrays: dict[str, NDArray[Any]]) -> None:
        about = json.loads(arrays["about"].tobytes())
        if about["version"] != VERSION:
            raise ValueError(f"format {about['version']}, where {VERSION} is known")
        self._latitude = arrays["latitude"]
        self._longitude = arrays["longitude"]
        self._kind = arrays["kind"]
        self._affordable = arrays["affordable"]
        self._groups = arrays["groups"]
        self._codes = arrays["shared_codes"]
        self._starts = arrays["text_starts"]
        self._text = arrays["text"]
        self._shared: list[list[str]] = about["shared"]
        count = len(self._latitude)
        if not len(self._kind) == len(self._affordable) == len(self._groups) == len(self._codes) == count:
            raise ValueError("its columns differ in length")
        if len(self._starts) != count + 1 or self._starts[-1] != len(self._text):
            raise ValueError("its texts are cut short")
        self._grid = Grid(self._latitude, self._longitude)

    @classmethod
    def of(cls, sites: Sequence[Site]) -> Directory:
        """Return the directory of these sites."""
        return cls(_arrays(sites))

    @classmethod
    def load(cls, folder: Path) -> Directory:
        """Return the directory in a folder.

        Raises:
            DirectoryUnavailable: when there is none, or it is damaged.

        """
        try:
            with (folder / FILE).open("rb") as file, np.load(file, allow_pickle=False) as opened:
                return cls({name: opened[name] for name in opened.files})
        except FileNotFoundError as error:
            raise DirectoryUnavailable(f"There is no {FILE} in the folder {folder.name}.") from error
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise DirectoryUnavailable(f"{FILE} in the folder {folder.name} cannot be read.") from error

    def __len__(self) -> int:
        return len(self._latitude)

    @property
    def attribution(self) -> list[str]:
        """Return each source with its licence, sorted."""
        source, licence = _SHARED.index("source"), _SHARED.index("licence")
        pairs = np.unique(self._codes[:, [source, licence]], axis=0)
        return sorted(f"{self._shared[source][one]}: {self._shared[licence][two]}" for one, two in pairs)

    def near(
        self,
        latitude: float,
        longitude: float,
        *,
        radius_km: float,
        limit: int,
        kinds: Collection[Kind] = (),
        affordable_only: bool = False,
        groups: Collection[Group] = (),
    ) -> list[Found]:
        """Return the sites nearest to a place, the nearest first.

        Args:
            latitude: degrees, -90 to 90.
            longitude: degrees, -180 to 180.
            radius_km: none further than this.
            limit: at most so many.
            kinds: of these kinds; empty for every kind.
            affordable_only: only those that their source lets us call affordable.
            groups: sites for these groups too; without, only those that are open to the public.

        """
        numbers, distance = self._grid.within(latitude, longitude, radius_km)
        bits = _bits(groups)
        fits = (self._groups[numbers] == 0) | (self._groups[numbers] & bits != 0)
        if kinds:
            fits &= np.isin(self._kind[numbers], [KINDS.index(kind) for kind in kinds])
        if affordable_only:
            fits &= self._affordable[numbers] == AFFORDABLE.index("yes")
        numbers, distance = numbers[fits], distance[fits]
        if len(numbers) > limit:
            nearest = np.flatnonzero(distance <= np.partition(distance, limit - 1)[limit - 1])
            numbers, distance = numbers[nearest], distance[nearest]
        order = np.lexsort((numbers, distance))[:limit]
        return [Found(self.site(int(numbers[one])), float(distance[one])) for one in order]

    def site(self, number: int) -> Site:
        """Return a site by its number, 0 to `len` - 1."""
        record = self._text[self._starts[number] : self._starts[number + 1]].tobytes().decode()
        own = dict(zip(_OWN, record.split(_BETWEEN), strict=True))
        shared = {name: self._shared[column][self._codes[number, column]] for column, name in enumerate(_SHARED)}
        kind: Kind = KINDS[self._kind[number]]
        affordable: Affordable = AFFORDABLE[self._affordable[number]]
        return Site(
            **own,
            **shared,
            kind=kind,
            affordable=affordable,
            latitude=float(self._latitude[number]),
            longitude=float(self._longitude[number]),
        )


def save(sites: Sequence[Site], folder: Path) -> Path:
    """Write the directory of these sites into a folder, whole or not at all, and return its file."""
    folder.mkdir(parents=True, exist_ok=True)
    file, part = folder / FILE, folder / f".{FILE}.part"
    with part.open("wb") as opened:
        np.savez(opened, **_arrays(sites))  # type: ignore[arg-type]
    part.replace(file)
    return file


def _bits(groups: Collection[Group]) -> int:
    return sum(1 << GROUPS.index(group) for group in set(groups))


def _arrays(sites: Sequence[Site]) -> dict[str, NDArray[Any]]:
    latitude = np.array([site.latitude for site in sites], dtype=np.float64)
    longitude = np.array([site.longitude for site in sites], dtype=np.float64)
    order = np.argsort(cell_of(latitude, longitude), kind="stable")
    ordered = [sites[one] for one in order]
    tables = [sorted({getattr(site, name) for site in sites}) for name in _SHARED]
    numbers = [{value: number for number, value in enumerate(table)} for table in tables]
    codes = [[numbers[column][getattr(site, name)] for column, name in enumerate(_SHARED)] for site in ordered]
    records = [_record(site) for site in ordered]
    about = {"version": VERSION, "shared": tables}
    return {
        "about": np.frombuffer(json.dumps(about, ensure_ascii=False).encode(), dtype=np.uint8),
        "latitude": latitude[order],
        "longitude": longitude[order],
        "kind": np.array([KINDS.index(site.kind) for site in ordered], dtype=np.uint8),
        "affordable": np.array([AFFORDABLE.index(site.affordable) for site in ordered], dtype=np.uint8),
        "groups": np.array([_bits(groups_of(site.eligibility)) for site in ordered], dtype=np.uint8),
        "shared_codes": np.array(codes, dtype=np.uint16).reshape(len(ordered), len(_SHARED)),
        "text_starts": np.concatenate([[0], np.cumsum([len(record) for record in records])]).astype(np.int64),
        "text": np.frombuffer(b"".join(records), dtype=np.uint8),
    }


def _record(site: Site) -> bytes:
    return _BETWEEN.join(str(getattr(site, name)).replace(_BETWEEN, " ") for name in _OWN).encode()
