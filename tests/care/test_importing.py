from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from functions.care.commands import cli
from functions.care.directory import Directory
from functions.care.importing import import_files
from functions.care.selection import is_open, select, write_list
from functions.common.problems import CareFilesRejected
from tests.care.sites import site

HIFLD = "ID,NAME,ADDRESS,CITY,STATE,ZIP,TYPE,STATUS,OWNER,LATITUDE,LONGITUDE,SOURCEDATE\n"
GOOD = HIFLD + "1,BAY HOSPITAL,1 A ST,NEW YORK,NY,10001,GENERAL ACUTE CARE,OPEN,NON-PROFIT,40.75,-73.99,2016/02/04\n"
NHS = (
    "OrganisationID¬OrganisationCode¬SubType¬Sector¬OrganisationName¬Postcode¬Latitude¬Longitude\n"
    "1¬A¬Hospital¬NHS Sector¬Bay¬E1¬51.51¬-0.05\n"
)


def write(tmp_path, name: str, text: str) -> str:
    (tmp_path / name).write_bytes(text.encode("latin-1"))
    return str(tmp_path / name)


def test_every_complaint_is_told_at_once(tmp_path, places) -> None:
    files = [
        write(tmp_path, "good.csv", GOOD),
        write(tmp_path, "other.csv", "a,b\n1,2\n"),
        write(tmp_path, "nhs.csv", NHS),
        str(tmp_path / "missing.csv"),
    ]
    with pytest.raises(CareFilesRejected, match=r"other\.csv.*layout.*nhs\.csv.*@YYYY-MM.*missing\.csv.*No such file"):
        import_files(files, places)
    sites, _ = import_files([files[0], f"{files[2]}@2018-02"], places)
    assert {one.source_date for one in sites} == {"2016-02", "2018-02"}


def test_rows_are_judged_and_told(tmp_path, places) -> None:
    more = (
        "2,BAY BEHAVIORAL HOSPITAL,,NEW YORK,NY,10001,GENERAL ACUTE CARE,OPEN,NON-PROFIT,40.75,-73.99,2016/02/04\n"
        "3,FAR HOSPITAL,,NEW YORK,NY,10001,GENERAL ACUTE CARE,OPEN,NON-PROFIT,51.5,0.1,2016/02/04\n"
        "4,DR SMITH HOSPITAL,,NEW YORK,NY,10001,GENERAL ACUTE CARE,OPEN,PROPRIETARY,40.75,-73.99,2016/02/04\n"
        "5,Bay Hospital,,NEW YORK,NY,10001,GENERAL ACUTE CARE,OPEN,NON-PROFIT,40.751,-73.99,2016/02/04\n"
    )
    sites, (told,) = import_files([write(tmp_path, "a.csv", GOOD + more)], places)
    assert [one.name for one in sites] == ["BAY HOSPITAL"]
    assert (told.rows, told.kept) == (5, 1)
    assert list(told.dropped.values()) == [1, 1, 1, 1]
    assert any("psychiatric" in reason for reason in told.dropped)
    assert any("duplicate" in reason for reason in told.dropped)


def test_one_place_of_two_lists_is_one_with_what_both_know(tmp_path, places) -> None:
    near = {"name": "BAY HOSPITAL", "latitude": 40.757, "longitude": -73.99}
    write_list([site(**near), site(site_id="x-2", **(near | {"latitude": 40.79}))], tmp_path)
    sites, _ = import_files([write(tmp_path, "a.csv", GOOD), str(tmp_path / "sites.csv")], places)
    assert [one.site_id for one in sites] == ["hifld-0000000001", "x-2"]
    assert (sites[0].phone, sites[0].address) == ("(212) 555-0100", "1 A ST")


def test_only_open_licences_ship(places) -> None:
    sites = [
        site(site_id="a", kind="cancer_center"),
        site(site_id="b", kind="cancer_center", licence="ODbL 1.0 (OpenStreetMap contributors)"),
        site(site_id="c", kind="cancer_center", licence="not stated (government facility list)"),
        site(site_id="d", kind="cancer_center", name="Dr Smith Clinic"),
        site(site_id="e", kind="cancer_center", eligibility="veterans only"),
        site(site_id="f"),
        site(site_id="g", name="Bay Clinic", kind="clinic"),
    ]
    assert [one.site_id for one in select(sites, places)] == ["a", "f"]
    assert not is_open("MIT (repository)")


def test_the_command_writes_what_the_room_loads_and_reports(tmp_path) -> None:
    result = CliRunner().invoke(cli, ["import", write(tmp_path, "a.csv", GOOD), "-o", str(tmp_path / "out"), "--json"])
    assert result.exit_code == 0, result.output
    report = json.loads((tmp_path / "out" / "import.json").read_text())
    assert (report["sites"], report["files"][0]["layout"]) == (1, "HIFLD Hospitals")
    assert json.loads(result.stdout) == report
    assert Directory.load(tmp_path / "out").site(0).name == "BAY HOSPITAL"
