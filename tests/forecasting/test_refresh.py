"""A refresh: files in, what cannot be read set aside, series forecast one by one, and a version shown or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from forecasting import refresh
from forecasting.errors import PublicationRefused, RefreshImpossible
from forecasting.publish import opened
from forecasting.refresh_run import done_path
from functions.common.storage import open_storage
from functions.forecasts.reader import Publications

if TYPE_CHECKING:
    from collections.abc import Iterator

    from functions.forecasts.publication import Manifest

SAMPLES = Path(__file__).parents[2] / "forecasting" / "samples"
SOURCES = json.loads((SAMPLES / "sources.json").read_text("utf-8"))["sources"]


class House:
    """The registries' folder and the publications', and the three steps by hand."""

    def __init__(self, folder: Path) -> None:
        self.registries = open_storage(str(folder / "registries"))
        self.publications = folder / "published"
        self.publications.mkdir()
        (folder / "registries").mkdir()
        self.put("sources.json", json.dumps({"sources": SOURCES}).encode())

    def put(self, path: str, data: bytes) -> None:
        before = None
        if path in set(self.registries.list("")):
            content = self.registries.read(path)
            before = content.etag if content else None
        assert self.registries.replace(path, data, before)

    def plan(self, run: str = "one", **asked: Any) -> dict[str, Any]:
        return refresh.plan({"run": run, "asked": asked}, None)

    def work(self, run: str = "one") -> list[dict[str, Any]]:
        content = self.registries.read(f"runs/{run}/work.json")
        assert content
        work: list[dict[str, Any]] = json.loads(content.data)
        return work

    def whole(self, run: str = "one", **asked: Any) -> dict[str, Any]:
        planned = self.plan(run, **asked)
        assert planned["due"], planned
        for item in self.work(run):
            refresh.forecast(item, None)
        return refresh.publish({"run": run}, None)

    def shown(self) -> Manifest:
        return Publications(open_storage(str(self.publications)), refresh_s=0).manifest()

    def report(self, run: str = "one") -> dict[str, Any]:
        content = self.registries.read(f"runs/{run}/report.json")
        assert content
        return {one["path"]: one for one in json.loads(content.data)}


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setenv("REFRESH_ROOT", str(tmp_path / "registries"))
    monkeypatch.setenv("REFRESH_PUBLICATIONS", str(tmp_path / "published"))
    monkeypatch.setenv("REFRESH_HORIZON", "3")
    refresh._settings.cache_clear()
    yield House(tmp_path)
    refresh._settings.cache_clear()


def sample(name: str, series: int = 2, years: int = 20) -> bytes:
    """Return the last years of a shipped sample's first series, as a counts table."""
    table = pd.read_csv(SAMPLES / name, keep_default_na=False)
    chosen = sorted(table.loc[table["age_group"] == "all", "series_id"].unique())[:series]
    table = table[table["series_id"].isin(chosen) & (table["age_group"] == "all")]
    table = table[table["year"].astype(int) > table["year"].astype(int).max() - years]
    return table.to_csv(index=False).encode()


def test_what_was_put_is_published_as_by_the_command(house: House, tmp_path: Path) -> None:
    house.put("files/2026/us.csv", sample("united_states_melanoma.csv"))
    told = house.whole()
    assert (told["series"], told["left_out"], told["set_aside"]) == (2, 0, [])
    manifest = house.shown()
    assert manifest.version == told["version"]
    from forecasting.__main__ import publish_command

    counts = tmp_path / "us.csv"
    counts.write_bytes(sample("united_states_melanoma.csv"))
    publish_command([counts], str(tmp_path / "by-hand"), SAMPLES / "sources.json", horizon=3, workers=1)
    by_hand = Publications(open_storage(str(tmp_path / "by-hand")), refresh_s=0).manifest()
    assert [one.series_id for one in by_hand.series] == [one.series_id for one in manifest.series]
    for ours, theirs in zip(manifest.series, by_hand.series, strict=True):
        assert ours.files["csv"].size == theirs.files["csv"].size
        folders = (house.publications / manifest.version, tmp_path / "by-hand" / by_hand.version)
        documents = [
            json.loads((folder / one.files["json"].path).read_text("utf-8"))
            for folder, one in zip(folders, (ours, theirs), strict=True)
        ]
        for document in documents:
            for own in ("version", "as_of"):
                del document[own]
        assert documents[0] == documents[1]


def test_a_broken_file_is_set_aside_with_its_reason_and_the_others_are_published(house: House) -> None:
    house.put("files/us.csv", sample("united_states_melanoma.csv", series=1))
    house.put("files/holiday.jpg", b"\xff\xd8\xff\xe0 no table")
    assert house.whole()["set_aside"] == ["set-aside/one/holiday.jpg"]
    paths = set(house.registries.list(""))
    assert "files/holiday.jpg" not in paths
    assert {"set-aside/one/holiday.jpg", "set-aside/one/holiday.jpg.why.txt", "files/us.csv"} <= paths
    report = house.report()
    assert report["files/us.csv"]["rows"] > 10
    assert report["files/holiday.jpg"]["layout"] == ""
    assert "files/holiday.jpg" in report["files/holiday.jpg"]["complaints"][0], "and no path of this machine"
    assert house.plan("two")["due"] is False, "what was set aside is nothing new"


def test_nothing_new_is_said_and_force_goes_on(house: House) -> None:
    house.put("files/us.csv", sample("united_states_melanoma.csv", series=1))
    version = house.whole()["version"]
    again = house.plan("two")
    assert again["due"] is False
    assert version in again["reason"]
    assert house.plan("three", force=True)["due"]
    house.put("files/us.csv", sample("united_states_melanoma.csv", series=1, years=25))
    assert house.plan("four")["due"]


@pytest.mark.parametrize(
    ("remove", "put", "said"),
    [
        ("sources.json", {"files/us.csv": sample("united_states_melanoma.csv", 1)}, "no sources.json"),
        ("", {"files/x.bin": b"\x00"}, "no file has skin cancer"),
        ("", {"sources.json": b"{}", "files/us.csv": sample("united_states_melanoma.csv", 1)}, "sources.json is not"),
        (
            "",
            {
                "sources.json": json.dumps({"sources": []}).encode(),
                "files/us.csv": sample("united_states_melanoma.csv", 1),
            },
            "states no licence",
        ),
    ],
)
def test_what_cannot_begin_says_why(house: House, remove: str, put: dict[str, bytes], said: str) -> None:
    if remove:
        house.registries.delete(remove)
    for path, data in put.items():
        house.put(path, data)
    with pytest.raises(RefreshImpossible, match=said):
        house.plan()


def test_an_empty_folder_is_no_failure(house: House) -> None:
    found = house.plan()
    assert found["due"] is False
    assert "no file below files/" in found["reason"]


def test_an_attempt_that_died_is_gone_on_from_with_all_that_it_found(house: House) -> None:
    house.put("files/us.csv", sample("united_states_melanoma.csv", series=2))
    house.put("files/holiday.jpg", b"\xff\xd8\xff\xe0 no table")
    house.plan()
    house.registries.delete("runs/one/plan.json")  # it died before the last
    house.put("files/au.csv", sample("australia_melanoma.csv", series=1))  # and more came
    assert house.plan()["set_aside"] == 1, "what was set aside is still told"
    for item in house.work():
        refresh.forecast(item, None)
    told = refresh.publish({"run": "one"}, None)
    assert (told["series"], told["set_aside"]) == (3, ["set-aside/one/holiday.jpg"])
    assert len({one.series_id for one in house.shown().series}) == 3


def test_a_manifest_of_an_attempt_that_died_stands(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFRESH_TOLERATED_FAILURE_PERCENTAGE", "60")
    refresh._settings.cache_clear()
    house.put("files/us.csv", sample("united_states_melanoma.csv", series=2))
    house.plan()
    refresh.forecast(house.work()[0], None)
    refresh.publish({"run": "one"}, None)
    (house.publications / "current.json").unlink()  # it died before the pointer moved
    refresh.forecast(house.work()[1], None)  # a late one
    refresh.publish({"run": "one"}, None)
    assert len(house.shown().series) == 1


def test_a_series_that_cannot_be_forecast_is_left_out_with_the_reason(house: House) -> None:
    house.put("files/us.csv", sample("united_states_melanoma.csv", series=1))
    house.put("files/short.csv", sample("australia_melanoma.csv", series=1, years=5))
    told = house.whole()
    assert (told["series"], told["left_out"]) == (1, 1)
    (one,) = house.shown().left_out
    assert "complete periods" in one.reason


def test_steps_that_are_tried_again_change_nothing(house: House) -> None:
    house.put("files/us.csv", sample("united_states_melanoma.csv", series=1))
    first = house.plan()
    assert house.plan() == first
    (item,) = house.work()
    refresh.forecast(item, None)
    plan = house.registries.read("runs/one/plan.json")
    assert plan
    version = json.loads(plan.data)["version"]
    written = {file.name: file.read_bytes() for file in (house.publications / version).iterdir()}
    house.registries.delete(done_path("one", 1))  # it died between writing and saying so
    refresh.forecast(item, None)
    refresh.forecast(item, None)
    assert {file.name: file.read_bytes() for file in (house.publications / version).iterdir()} == written
    told = refresh.publish({"run": "one"}, None)
    house.registries.delete("last.json")  # it died between showing and remembering
    assert refresh.publish({"run": "one"}, None) == told
    assert house.plan("two")["due"] is False
    assert house.shown().version == version


def test_too_many_lost_series_show_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFRESH_TOLERATED_FAILURE_PERCENTAGE", "40")
    refresh._settings.cache_clear()
    house.put("files/us.csv", sample("united_states_melanoma.csv", series=3))
    house.plan()
    refresh.forecast(house.work()[0], None)
    with pytest.raises(RefreshImpossible, match="2 of 3 series failed"):
        refresh.publish({"run": "one"}, None)
    assert not (house.publications / "current.json").exists()
    refresh.forecast(house.work()[2], None)
    told = refresh.publish({"run": "one"}, None)
    assert (told["series"], told["left_out"]) == (2, 1)
    assert "failed at each attempt" in house.shown().left_out[0].reason


def test_another_publisher_that_was_faster_stays(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.put("files/us.csv", sample("united_states_melanoma.csv", series=1))
    house.plan()
    refresh.forecast(house.work()[0], None)
    really = opened

    def raced(root: str) -> Any:
        found = really(root)
        (house.publications / "current.json").write_text("{}", "utf-8")
        return found

    monkeypatch.setattr(refresh, "opened", raced)
    with pytest.raises(PublicationRefused, match="another publisher was faster"):
        refresh.publish({"run": "one"}, None)
    assert "last.json" not in set(house.registries.list(""))
