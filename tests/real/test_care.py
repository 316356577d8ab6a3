"""The published lists of places of care, and the full merged one; skipped where the data is not."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from functions.care.directory import Directory, save
from functions.care.importing import import_files
from functions.care.places import Places, folded
from functions.care.readers import LAYOUTS
from functions.care.routes import Lists, create_app
from functions.care.settings import SHIPPED, CareSettings

if TYPE_CHECKING:
    from functions.care.site import Site

CARE = Path(__file__).parents[2] / "../shared/data/care"
pytestmark = pytest.mark.skipif(not CARE.is_dir(), reason="the lists of places of care are not in ../shared/data")
MONTH = "@2020-01"


@pytest.fixture(scope="module")
def places() -> Places:
    return Places.load(SHIPPED)


@pytest.fixture(scope="module")
def published(places: Places) -> dict[str, tuple[list[Site], str]]:
    """Return the sites and the layout of each published file."""
    files = sorted(file for file in (CARE / "published").glob("*/*") if file.suffix != ".txt")
    found = {}
    for file in files:
        sites, (told,) = import_files([f"{file}{MONTH}"], places)
        assert told.rows == told.kept + sum(told.dropped.values())
        found[f"{file.parent.name}/{file.name}"] = (sites, told.layout)
    return found


@pytest.fixture(scope="module")
def merged() -> list[dict[str, str]]:
    with gzip.open(CARE / "care_sites.csv.gz", "rt", encoding="utf-8") as opened:
        return list(csv.DictReader(opened))


def test_every_published_layout_is_read(published: dict[str, tuple[list[Site], str]]) -> None:
    assert len({name.partition("/")[0] for name in published}) == 18
    assert {layout for _, layout in published.values()} == {one.name for one in LAYOUTS} - {"merged list"}
    assert all(sites for sites, _ in published.values())


def test_kinds_and_cost_agree_with_the_merged_list(
    published: dict[str, tuple[list[Site], str]], merged: list[dict[str, str]]
) -> None:
    known = {
        (
            row["source"][:30],
            folded(row["name"]),
            round(float(row["latitude"]), 2),
            round(float(row["longitude"]), 2),
        ): row
        for row in merged
    }
    pairs = [
        (site, row)
        for name, (sites, _) in published.items()
        if not name.startswith("radiotherapy")  # the merged list takes their cost from other sources
        for site in sites
        if (row := known.get((site.source[:30], folded(site.name), round(site.latitude, 2), round(site.longitude, 2))))
    ]
    assert len(pairs) > 15_000
    assert sum(site.kind == row["kind"] for site, row in pairs) / len(pairs) > 0.99
    assert sum(site.affordable == row["affordable"] for site, row in pairs) / len(pairs) > 0.99


def test_the_full_list_answers_every_kind_of_question(merged, places, tmp_path: Path) -> None:
    sites, (told,) = import_files([str(CARE / "care_sites.csv.gz")], places)
    assert told.rows == len(merged)
    assert told.kept > 0.985 * told.rows
    assert len({site.country for site in sites}) >= 113
    save(sites, tmp_path)
    assert len(Directory.load(tmp_path)) == told.kept
    client = TestClient(create_app(Lists(CareSettings(directory=tmp_path))))
    for asked in (
        {"latitude": -1.29, "longitude": 36.82},
        {"postal_code": "77030", "country": "US"},
        {"postal_code": "K1A 0B1", "country": "CA"},
        {"city": "Mumbai", "affordable": "true"},
        {"city": "London", "country": "GB", "kind": "hospital"},
        {"city": "Algiers", "kind": "dermatology"},
        {"city": "Houston", "eligibility": "veterans", "radius_km": 20, "limit": 50},
        {"city": "São Paulo", "kind": "community_health_center", "lang": "pt"},
    ):
        body = client.get("/v1/care", params=asked).json()
        assert body["sites"], asked
        km = [site["distance_km"] for site in body["sites"]]
        assert km == sorted(km)
        assert all(site["source"] and site["licence"] and site["source_date"] for site in body["sites"])
    assert any(
        site["only_for"]
        for site in client.get("/v1/care", params={"city": "Houston", "eligibility": "veterans", "limit": 50}).json()[
            "sites"
        ]
    )


def test_the_cancer_centres_that_ship_are_those_of_the_checked_list() -> None:
    with (CARE / "cancer_centers.csv").open(encoding="utf-8") as opened:
        checked = {row["site_id"]: row for row in csv.DictReader(opened)}
    directory = Directory.load(SHIPPED)
    sites = [directory.site(number) for number in range(len(directory))]
    centres = [site for site in sites if site.kind == "cancer_center"]
    assert len(centres) >= 120
    for site in centres:
        row = checked[site.site_id]
        for name in ("name", "country", "phone", "affordable", "source", "licence", "source_date"):
            assert getattr(site, name) == row[name].strip(), (site.site_id, name)
        assert (site.latitude, site.longitude) == (float(row["latitude"]), float(row["longitude"]))
