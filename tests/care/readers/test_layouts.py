# ruff: noqa: E501 - rows as sources have them
"""Rows drawn in the published layouts: what they become."""

from __future__ import annotations

from collections import defaultdict

import pytest

from functions.care.readers import LAYOUTS, layout_of
from functions.care.readers.layout import Drop, month, web_address
from functions.care.readers.national_grid import wgs84_of
from functions.care.site import Site


def read(name: str, /, **row: str) -> Site | Drop:
    layout = next(one for one in LAYOUTS if one.name == name)
    return layout.read(defaultdict(str, row))


def hifld(**row: str) -> Site | Drop:
    whole = {"ID": "396799", "NAME": "BAY HOSPITAL", "STATE": "NY", "ZIP": "501", "STATUS": "OPEN", "TYPE": "GENERAL ACUTE CARE",
             "OWNER": "NON-PROFIT", "LATITUDE": "40.7", "LONGITUDE": "-74.0", "SOURCEDATE": "2016/02/04 00:00:00"}  # fmt: skip
    return read("HIFLD Hospitals", **(whole | row))


def test_each_layout_is_known_by_its_own_columns() -> None:
    for layout in LAYOUTS:
        assert layout_of(layout.columns) is layout
    assert layout_of({"a", "b"}) is None


def test_lost_zeros_come_back_and_dates_are_the_rows_own() -> None:
    site = hifld()
    assert isinstance(site, Site)
    assert (site.site_id, site.postal_code, site.source_date) == ("hifld-0000396799", "00501", "2016-02")


@pytest.mark.parametrize(
    ("row", "affordable", "eligibility"),
    [
        ({"OWNER": "GOVERNMENT - LOCAL"}, "yes", ""),
        ({"OWNER": "NON-PROFIT"}, "unknown", ""),
        ({"OWNER": "PROPRIETARY"}, "no", ""),
        ({"OWNER": ""}, "unknown", ""),
        ({"OWNER": "GOVERNMENT - FEDERAL", "NAME": "BAY VA MEDICAL CENTER"}, "yes", "veterans only"),
        ({"OWNER": "GOVERNMENT - FEDERAL", "TYPE": "MILITARY"}, "yes", "military or veterans only"),
        (
            {"OWNER": "GOVERNMENT - FEDERAL", "NAME": "PHS INDIAN HOSPITAL"},
            "yes",
            "tribal members (Indian Health Service)",
        ),
        ({"OWNER": "GOVERNMENT - FEDERAL"}, "yes", "federal facility: check eligibility"),
        ({"OWNER": "GOVERNMENT - DISTRICT/AUTHORITY", "NAME": "INDIAN RIVER HOSPITAL", "STATE": "VA"}, "yes", ""),
    ],
)
def test_the_owner_says_what_care_costs_and_for_whom_it_is(row, affordable: str, eligibility: str) -> None:
    site = hifld(**row)
    assert isinstance(site, Site)
    assert (site.affordable, site.eligibility) == (affordable, eligibility)
    assert site.affordable_basis


@pytest.mark.parametrize(
    "row",
    [
        {"STATUS": "CLOSED"},
        {"TYPE": "PSYCHIATRIC"},
        {"LATITUDE": ""},
        {"LATITUDE": "0", "LONGITUDE": "0"},
        {"LATITUDE": "91"},
    ],
)
def test_what_is_closed_unsuitable_or_nowhere_is_dropped(row: dict[str, str]) -> None:
    assert isinstance(hifld(**row), Drop)


def test_a_point_of_cms_has_longitude_first() -> None:
    site = read("CMS Hospital General Information", **{"Facility ID": "010001", "Facility Name": "Bay", "State": "PR",
                "Hospital Ownership": "Physician", "Location": "POINT (-66.1 18.4)"})  # fmt: skip
    assert isinstance(site, Site)
    assert (site.latitude, site.longitude, site.country, site.affordable) == (18.4, -66.1, "PR", "no")


def test_greece_is_el_for_eurostat_and_coarse_points_are_dropped() -> None:
    row = {"id": "7", "hospital_name": "Γενικό Νοσοκομείο", "lat": "38", "lon": "23.7", "geo_qual": "1", "cc": "EL"}
    site = read("Healthcare services in Europe (GISCO)", **row)
    assert isinstance(site, Site)
    assert site.country == "GR"
    assert isinstance(read("Healthcare services in Europe (GISCO)", **(row | {"geo_qual": "3"})), Drop)
    assert isinstance(read("Healthcare services in Europe (GISCO)", **(row | {"facility_type": "PSIQUIÁTRICO"})), Drop)


@pytest.mark.parametrize(
    ("kind", "taken"),
    [
        ("District Hospital", True),
        ("Health Centre", True),
        ("Dispensary", False),
        ("Poste de Santé", False),
        ("Clinic", False),
    ],
)
def test_african_levels_below_a_health_centre_are_dropped(kind: str, taken: bool) -> None:
    entry = read("Public health facilities of sub-Saharan Africa", **{"Facility name": "Aiyebo", "Facility type": kind,
                 "Ownership": "MoH", "Lat": "0.6", "Long": "35.8", "iso3c": "KEN"})  # fmt: skip
    assert isinstance(entry, Site) == taken


def test_a_mapped_hospital_that_is_a_dispensary_is_a_clinic_and_unnamed_ones_are_dropped() -> None:
    row = {
        "osm_id": "5.0",
        "osm_type": "node",
        "amenity": "hospital",
        "name": "Aiyebo Dispensary",
        "X": "35.8",
        "Y": "0.6",
        "iso3c": "KEN",
    }
    site = read("healthsites.io", **row)
    assert isinstance(site, Site)
    assert (site.kind, site.affordable, site.site_id) == ("clinic", "unknown", "osm-n5")
    for change in ({"name": "Clinic"}, {"amenity": "pharmacy"}, {"amenity": "clinic"}, {"speciality": "dentist"}):
        assert isinstance(read("healthsites.io", **(row | change)), Drop)


def test_doubled_cells_of_peru_are_read_once() -> None:
    row = {"codigo": "1,1", "nombre _establecimiento": "A,A", "clasificacion": "CENTROS DE SALUD O CENTROS MEDICOS,CENTROS DE SALUD O CENTROS MEDICOS",
           "institucion": "ESSALUD,ESSALUD", "categoria": "I-3,I-3", "latitude": "-6.3", "longitude": "-78.7"}  # fmt: skip
    site = read("RENIPRESS health facilities", **row)
    assert isinstance(site, Site)
    assert (site.name, site.site_id, site.eligibility) == ("A", "pe-1", "people insured by EsSalud")


def test_the_national_grid_agrees_with_the_ordnance_survey() -> None:
    # The worked example of its guide: Caister water tower, TG 51409 13177, on the OSGB36 graticule moved to WGS84.
    latitude, longitude = wgs84_of(651409.903, 313177.270)
    assert (latitude, longitude) == pytest.approx((52.65798, 1.71605), abs=1e-4)
    with pytest.raises(ValueError, match="off the British National Grid"):
        wgs84_of(-5, 100)


def test_dates_and_addresses_as_sources_write_them() -> None:
    assert [month(date) for date in ("01/02/20", "06/03/2020", "2019/08/02 00:00:00", "2014-05-27T02:32:02Z", "soon")] == [
        "2020-02", "2020-03", "2019-08", "2014-05", "",
    ]  # fmt: skip
    assert [web_address(url) for url in ("www.a.org/x", "HTTPS://a.org", "a@b.org", "javascript:alert(1)", "none")] == [
        "http://www.a.org/x", "HTTPS://a.org", "", "", "",
    ]  # fmt: skip
