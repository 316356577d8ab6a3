from __future__ import annotations

import pytest

from functions.care import place_tables
from functions.care.places import Places, folded
from functions.common.problems import DirectoryUnavailable, PlaceUnknown, PostalCodesUnknown

CITIES = [
    {"geonameid": number, "name": name, "alternatenames": others, "countrycode": country, "admin1code": division,
     "population": people, "latitude": latitude, "longitude": longitude}
    for number, (name, others, country, division, people, latitude, longitude) in enumerate([
        ("Springfield", [], "US", "IL", 114_000, 39.80, -89.64),
        ("Springfield", [], "US", "MO", 169_000, 37.21, -93.29),
        ("München", ["Munich", "मुंचेन"], "DE", "02", 1_500_000, 48.137, 11.575),
        ("Paris", [], "FR", "11", 2_100_000, 48.853, 2.348),
        ("Paris", [], "US", "TX", 25_000, 33.66, -95.56),
    ])
]  # fmt: skip
COUNTRIES = [
    {"iso": "US", "iso3": "USA", "name": "United States"},
    {"iso": "DE", "iso3": "DEU", "name": "Germany"},
    {"iso": "FR", "iso3": "FRA", "name": "France"},
]
POSTAL = {"US": {"10001": (40.7484, -73.9967), "00501": (40.8154, -73.0451)}, "CA": {"K1A": (45.4207, -75.7023)}}


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Places:
    folder = tmp_path_factory.mktemp("places")
    place_tables.save(place_tables.build(POSTAL, CITIES, COUNTRIES), folder)
    return Places.load(folder)


@pytest.mark.parametrize(
    ("asked", "country", "label"),
    [
        ("springfield", None, "Springfield, MO, US"),
        ("Springfield, IL", None, "Springfield, IL, US"),
        ("  MUNICH ", None, "München, DE"),
        ("munchen", "de", "München, DE"),
        ("मुंचेन", None, "München, DE"),
        ("Munich, Germany", None, "München, DE"),
        ("Paris", None, "Paris, FR"),
        ("Paris", "US", "Paris, TX, US"),
        ("Paris, USA", None, "Paris, TX, US"),
    ],
)
def test_a_city_is_found_as_people_write_it(places: Places, asked: str, country: str | None, label: str) -> None:
    assert places.city(asked, country).label == label


@pytest.mark.parametrize("asked", ["Xyzzy", "", " ", ",", "Paris, DE", "pari", "\n", "\t2", "Paris\t3"])
def test_a_city_that_is_not_there_says_what_to_do(places: Places, asked: str) -> None:
    with pytest.raises(PlaceUnknown, match="coordinates"):
        places.city(asked)


@pytest.mark.parametrize(
    ("code", "country", "point"),
    [
        ("10001", "US", (40.75, -74.0)),
        ("10001-1234", "us", (40.75, -74.0)),
        ("00501", "US", (40.82, -73.05)),
        ("k1a 0b1", "CA", (45.42, -75.7)),
        ("K1A", "CA", (45.42, -75.7)),
    ],
)
def test_a_postal_code_gives_a_point_to_a_hundredth_of_a_degree(places, code, country, point) -> None:
    found = places.postal(code, country)
    assert (found.latitude, found.longitude) == pytest.approx(point, abs=1e-9)


@pytest.mark.parametrize(
    ("code", "country"), [("99999", "US"), ("1000", "US"), ("abcde", "US"), ("---", "US"), ("Z9Z", "CA")]
)
def test_a_postal_code_that_is_not_there_says_what_to_do(places: Places, code: str, country: str) -> None:
    with pytest.raises(PlaceUnknown, match="city or coordinates"):
        places.postal(code, country)


def test_a_country_without_postal_codes_says_to_use_coordinates_or_a_city(places: Places) -> None:
    with pytest.raises(PostalCodesUnknown, match=r"CA and US only.*city.*latitude with longitude"):
        places.postal("10115", "DE")


def test_points_that_do_not_come_from_geonames_are_left_out() -> None:
    rows = [
        {"zip_code": "10001", "country": "US", "lat": "40.7484", "long": "-73.9967"},
        {"zip_code": "01133", "country": "US", "lat": "42.1", "long": "-72.59"},
        {"zip_code": "09001", "country": "DE", "lat": "49.4521", "long": "11.0767"},
    ]
    assert place_tables.zip_points(rows) == {"10001": (40.7484, -73.9967)}


def test_a_missing_or_damaged_file_is_a_problem(tmp_path) -> None:
    with pytest.raises(DirectoryUnavailable, match=r"places\.npz"):
        Places.load(tmp_path)
    (tmp_path / "places.npz").write_bytes(b"PK\x03\x04 not a table")
    with pytest.raises(DirectoryUnavailable, match=r"places\.npz"):
        Places.load(tmp_path)


def test_names_are_compared_without_case_accents_and_punctuation() -> None:
    assert folded("  Saint-Étienne, (Loire)") == "saint etienne loire"
