"""Postal codes and cities to points, from one packed file that ships; nothing outside is asked.

`places.npz` is cut by `functions.care.place_tables`. Points are rounded to 0.01 degree, about 1 km: enough to find what
is near, and no more than that.
"""

from __future__ import annotations

import json
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from functions.common.problems import DirectoryUnavailable, PlaceUnknown, PostalCodesUnknown

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

FILE = "places.npz"
VERSION = 1
HUNDREDTHS = 100  # the points are kept as whole hundredths of a degree


@dataclass(frozen=True)
class Place:
    """A point to search around: `label` says which place was understood, degrees are WGS84."""

    label: str
    latitude: float
    longitude: float


class Places:
    """The postal codes and the cities of 15,000 people or more."""

    def __init__(self, arrays: dict[str, NDArray[Any]]) -> None:
        about = json.loads(arrays["about"].tobytes())
        if about["version"] != VERSION:
            raise ValueError(f"format {about['version']}, where {VERSION} is known")
        self.attribution: str = about["attribution"]
        self._countries: dict[str, str] = about["countries"]  # folded name -> code
        self._postal = {country: arrays[f"postal_{country}"] for country in about["postal"]}
        self._points = {country: arrays[f"postal_points_{country}"] for country in about["postal"]}
        self._city_points = arrays["city_points"]
        self._population = arrays["city_population"]
        # One line a city, `name TAB country TAB first-level division`; one line a name, `name TAB city,city`.
        self._cities = zlib.decompress(arrays["cities"].tobytes()).decode().split("\n")
        self._names = zlib.decompress(arrays["city_names"].tobytes())

    @classmethod
    def load(cls, folder: Path) -> Places:
        """Return the places in a folder.

        Raises:
            DirectoryUnavailable: when there are none, or the file is damaged.

        """
        try:
            with (folder / FILE).open("rb") as file, np.load(file, allow_pickle=False) as opened:
                return cls({name: opened[name] for name in opened.files})
        except FileNotFoundError as error:
            raise DirectoryUnavailable(f"There is no {FILE} in the folder {folder.name}.") from error
        except (OSError, ValueError, KeyError, EOFError, zlib.error, zipfile.BadZipFile) as error:
            raise DirectoryUnavailable(f"{FILE} in the folder {folder.name} cannot be read.") from error

    @property
    def postal_countries(self) -> list[str]:
        """Return the countries whose postal codes are held."""
        return sorted(self._postal)

    def postal(self, code: str, country: str) -> Place:
        """Return the point of a postal code: five digits of a US ZIP code, three signs of a Canadian one.

        Raises:
            PostalCodesUnknown: when none are held for that country.
            PlaceUnknown: when this one is not among them.

        """
        country = country.upper()
        if country not in self._postal:
            raise PostalCodesUnknown(
                f"Postal codes are held for {' and '.join(self.postal_countries)} only. Give a city, or latitude with "
                "longitude."
            )
        wanted = postal_key(code, country)
        codes = self._postal[country]
        at = int(np.searchsorted(codes, wanted.encode()))
        if not wanted or at == len(codes) or codes[at].decode() != wanted:
            raise PlaceUnknown("This postal code is not in the list. Check it, or give a city or coordinates.")
        latitude, longitude = (float(value) / HUNDREDTHS for value in self._points[country][at])
        return Place(f"{wanted}, {country}", latitude, longitude)

    def city(self, name: str, country: str | None = None) -> Place:
        """Return the point of a city; of several with the name, the one with the most people.

        Args:
            name: in any of many languages and scripts, without regard to case and accents; what follows a comma
                narrows it to a country (name or code) or a first-level division (`Springfield, IL`).
            country: ISO 3166-1 alpha-2; None for any.

        Raises:
            PlaceUnknown: when there is none.

        """
        whole, _, narrower = name.rpartition(",")
        narrow = folded(narrower)
        fitting = self._named(folded(name)) if not whole else []
        if whole:
            code = self._countries.get(narrow, narrow.upper())
            fitting = [number for number in self._named(folded(whole)) if code in self._cities[number].split("\t")[1:]]
        if country:
            fitting = [number for number in fitting if self._cities[number].split("\t")[1] == country.upper()]
        if not fitting:
            raise PlaceUnknown(
                "This city is not in the list of cities with 15,000 people or more. Check the spelling, or give a "
                "larger city near it, a postal code, or coordinates."
            )
        number = max(fitting, key=lambda one: int(self._population[one]))
        title, code, division = self._cities[number].split("\t")
        label = f"{title}, {division}, {code}" if division.isalpha() else f"{title}, {code}"
        latitude, longitude = (float(value) / HUNDREDTHS for value in self._city_points[number])
        return Place(label, latitude, longitude)

    def country_of(self, name: str) -> str | None:
        """Return the code of a country by its English name or its ISO code of two or three letters, or None."""
        return self._countries.get(folded(name))

    def city_table(self) -> tuple[NDArray[np.float64], NDArray[np.float64], list[str]]:
        """Return latitude and longitude of every city, degrees, shape (n,), and its country."""
        points = self._city_points.astype(np.float64) / HUNDREDTHS
        return points[:, 0], points[:, 1], [city.split("\t")[1] for city in self._cities]

    def largest(self, country: str, count: int) -> list[tuple[float, float]]:
        """Return latitude and longitude of a country's largest cities, the largest first."""
        own = [number for number, city in enumerate(self._cities) if city.split("\t")[1] == country]
        own.sort(key=lambda number: -int(self._population[number]))
        points = self._city_points[own[:count]].astype(np.float64) / HUNDREDTHS
        return [(float(latitude), float(longitude)) for latitude, longitude in points]

    def _named(self, key: str) -> list[int]:
        if not key:
            return []
        line = b"\n" + key.encode() + b"\t"
        at = self._names.find(line)
        if at < 0:
            return []
        start = at + len(line)
        return [int(number) for number in self._names[start : self._names.index(b"\n", start)].split(b",")]


def folded(name: str) -> str:
    """Return a name as names are compared: no case, no accents, no punctuation, single spaces."""
    apart = unicodedata.normalize("NFKD", name.casefold())
    bare = (letter if letter.isalnum() else " " for letter in apart if not unicodedata.combining(letter))
    return " ".join("".join(bare).split())


def postal_key(code: str, country: str) -> str:
    """Return the part of a postal code that is held, or "" where it cannot be one."""
    signs = "".join(sign for sign in code.upper() if sign.isalnum() and sign.isascii())
    if country == "US":
        return signs[:5] if len(signs) in {5, 9} and signs.isdigit() else ""
    return signs[:3] if len(signs) in {3, 6} else ""
