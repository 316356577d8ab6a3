from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.care import directory as module
from functions.care.directory import Directory, save
from functions.care.site import AFFORDABLE, GROUPS, KINDS, groups_of
from functions.common.problems import DirectoryUnavailable
from tests.care.sites import at, many, site
from tests.care.test_great_circle import haversine_km

if TYPE_CHECKING:
    from pathlib import Path

    from functions.care.site import Site


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    sites = [
        site(site_id="a", name="Spital Sf. Ștefan", url="", phone=""),
        site(
            site_id="b", name="မြို့နယ်ဆေးရုံ", country="MM", latitude=21.0, longitude=96.0, licence="other", affordable="no"
        ),
        site(site_id="c", kind="dermatology", eligibility="veterans only", latitude=-89.5, longitude=180.0),
    ]
    save(sites, tmp_path)
    loaded = Directory.load(tmp_path)
    assert {one.site_id: one for one in map(loaded.site, range(len(loaded)))} == {one.site_id: one for one in sites}
    assert loaded.attribution == ["A list: CC BY 4.0", "A list: other"]


def test_writing_twice_writes_the_same_bytes(tmp_path: Path) -> None:
    assert save(many(300), tmp_path / "a").read_bytes() == save(many(300), tmp_path / "b").read_bytes()


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.floats(-90, 90), st.floats(-180, 180), st.sampled_from(KINDS), st.sampled_from(AFFORDABLE),
            st.sampled_from(["", "veterans only", "tribal members (Indian Health Service)"]),
        ),
        min_size=1, max_size=30,
    ),
    st.floats(-90, 90), st.floats(-180, 180), st.floats(1, 20_000), st.integers(1, 10),
    st.sets(st.sampled_from(KINDS)), st.booleans(), st.sets(st.sampled_from(GROUPS)),
)  # fmt: skip
def test_the_nearest_that_fit_come_first_as_by_looking_at_every_site(
    drawn, latitude, longitude, radius_km, limit, kinds, affordable_only, groups
) -> None:
    sites = [
        site(site_id=str(number), latitude=one[0], longitude=one[1], kind=one[2], affordable=one[3], eligibility=one[4])
        for number, one in enumerate(drawn)
    ]

    def fits(one: Site) -> bool:
        return (
            (not kinds or one.kind in kinds)
            and (not affordable_only or one.affordable == "yes")
            and (not one.eligibility or bool(set(groups_of(one.eligibility)) & groups))
        )

    km = sorted(haversine_km((one.latitude, one.longitude), (latitude, longitude)) for one in sites if fits(one))
    expected = [one for one in km if one <= radius_km][:limit]
    found = Directory.of(sites).near(
        latitude,
        longitude,
        radius_km=radius_km,
        limit=limit,
        kinds=kinds,
        affordable_only=affordable_only,
        groups=groups,
    )
    assert all(fits(one.site) for one in found)
    assert [one.distance_km for one in found] == sorted(one.distance_km for one in found)
    if all(abs(one - radius_km) > 0.2 for one in km):
        assert [one.distance_km for one in found] == pytest.approx(expected, abs=0.2)


def test_equal_distances_have_a_fixed_order() -> None:
    sites = at([(10.0, 10.0)] * 9)
    directory = Directory.of(sites)
    once = [found.site.site_id for found in directory.near(10, 10, radius_km=5, limit=4)]
    assert once == ["x-0", "x-1", "x-2", "x-3"]


@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "other", "lacking"])
def test_a_directory_that_cannot_be_read_is_a_problem_that_names_it(tmp_path: Path, damage: str) -> None:
    file = save(many(50), tmp_path)
    whole = file.read_bytes()
    {
        "missing": file.unlink,
        "empty": lambda: file.write_bytes(b""),
        "cut": lambda: file.write_bytes(whole[: len(whole) // 2]),
        "other": lambda: file.write_bytes(b"not a directory"),
        "lacking": lambda: _without(file, "kind"),
    }[damage]()
    with pytest.raises(DirectoryUnavailable, match=r"sites\.npz"):
        Directory.load(tmp_path)


def test_a_directory_of_a_later_format_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "VERSION", 2)
    save([site()], tmp_path)
    monkeypatch.setattr(module, "VERSION", 1)
    with pytest.raises(DirectoryUnavailable):
        Directory.load(tmp_path)


def test_the_separator_of_texts_cannot_come_in_with_a_name() -> None:
    assert Directory.of([replace(site(), name="A\x1fB")]).site(0).name == "A B"


def _without(file: Path, name: str) -> None:
    import numpy as np

    with np.load(file) as opened:
        left = {one: opened[one] for one in opened.files if one != name}
    np.savez(file, **left)
