"""The list and the place names that ship."""

from __future__ import annotations

from functions.care.directory import Directory, save
from functions.care.importing import import_files
from functions.care.readers.rules import is_practice_of_a_person
from functions.care.selection import LIST, is_open
from functions.care.settings import SHIPPED


def test_the_list_that_ships_is_small_open_and_spread() -> None:
    directory = Directory.load(SHIPPED)
    sites = [directory.site(number) for number in range(len(directory))]
    assert len(sites) >= 120
    assert len({site.country for site in sites}) >= 25
    assert all(is_open(site.licence) and site.source and site.source_date for site in sites)
    assert not [site.name for site in sites if is_practice_of_a_person(site.name) or site.eligibility]
    assert {site.kind for site in sites} == {"cancer_center", "hospital"}
    assert (SHIPPED / LIST).stat().st_size < 300_000
    assert (SHIPPED / "places.npz").stat().st_size < 1_500_000


def test_what_is_served_is_the_table_that_a_person_can_read(tmp_path, places) -> None:
    sites, (told,) = import_files([str(SHIPPED / LIST)], places)
    assert not told.dropped
    assert save(sites, tmp_path).read_bytes() == (SHIPPED / "sites.npz").read_bytes()
