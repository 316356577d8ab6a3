"""Sketches hold samples and no photo; a shift is found, and a hundred quiet days raise next to no alarm."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.common.storage import FolderStorage
from functions.monitoring import handler as door
from functions.monitoring.drift import compared
from functions.monitoring.keeper import Keeper
from functions.monitoring.settings import MonitoringSettings
from functions.monitoring.sketch import MOST_ROWS, QUANTITIES, Reference, Sketch, merged, table

if TYPE_CHECKING:
    from pathlib import Path

START = dt.datetime(2026, 5, 1, 10, 0, tzinfo=dt.UTC)
PLACE = {name: place for place, name in enumerate(QUANTITIES)}


def rows(count: int, seed: int, **shift: float) -> np.ndarray:
    """Drawn values with ties, skew and correlation, as measured ones have."""
    random = np.random.default_rng(seed)
    common = random.normal(size=(count, 1))
    found = 0.5 * common + random.normal(size=(count, len(QUANTITIES)))
    found[:, PLACE["score"]] = np.exp(found[:, PLACE["score"]])
    found[:, PLACE["glare"]] = np.maximum(found[:, PLACE["glare"]] - 1, 0)
    for name, by in shift.items():
        found[:, PLACE[name]] += by
    return found


REFERENCE = rows(1400, 0)


def alarms(day: np.ndarray, seed: int, unsure: int = 15) -> set[str]:
    shares = ((unsure, len(day)), (21, 1400))
    found = compared(day, REFERENCE, shares, np.random.default_rng(seed))
    return {each.quantity for each in found if each.alarm}


def test_a_hundred_quiet_days_raise_at_most_two_alarms() -> None:
    random = np.random.default_rng(5)
    noisy = [seed for seed in range(1, 101) if alarms(rows(400, seed), seed, int(random.binomial(400, 0.015)))]
    assert len(noisy) <= 2


@pytest.mark.parametrize("name", ["score", "dark", "blurred", "tone", "distance"])
def test_a_shift_is_found_within_a_day(name: str) -> None:
    assert name in alarms(rows(400, 7, **{name: 0.8}), 7)


def test_a_turned_correlation_is_found_by_all_together_or_left_to_size() -> None:
    day = rows(400, 9)
    day[:, PLACE["dark"]] = -day[:, PLACE["dark"]] + 1.5
    assert alarms(day, 9) >= {"dark"}


def test_more_photos_without_a_score_are_found() -> None:
    assert "unsure" in alarms(rows(400, 3), 3, unsure=60)


def test_values_that_were_not_measured_are_left_out() -> None:
    day = rows(400, 4)
    day[:, PLACE["clinical"]] = np.nan
    assert alarms(day, 4) == set()


@given(st.integers(1, 1000))
def test_a_sketch_counts_all_and_keeps_a_sample(count: int) -> None:
    sketch, random = Sketch(version="v1"), np.random.default_rng(count)
    for number in range(count):
        sketch.add({"score": number}, is_unsure=number % 3 == 0, random=random)
    assert (sketch.photos, len(sketch.rows)) == (count, min(count, MOST_ROWS))
    assert sketch.unsure == len(range(0, count, 3))
    assert len({row[0] for row in sketch.rows}) == len(sketch.rows)


def test_each_photo_of_a_day_counts_alike() -> None:
    random = np.random.default_rng(0)
    busy, quiet = Sketch(version="v1"), Sketch(version="v1")
    for _ in range(4000):
        busy.add({"score": 1.0}, is_unsure=False, random=random)
    for _ in range(200):
        quiet.add({"score": 0.0}, is_unsure=True, random=random)
    photos, unsure, sample = merged([busy, quiet], 100, random)
    assert (photos, unsure) == (4200, 200)
    assert sample[:, 0].mean() > 0.8


class Clock:
    now = START

    def __call__(self) -> dt.datetime:
        return self.now


def test_an_hours_sketch_is_written_whole_and_once(tmp_path: Path) -> None:
    clock = Clock()
    storage = FolderStorage(tmp_path)
    keeper = Keeper(storage, clock=clock, instance="one", flush_photos=3)
    for _ in range(7):
        keeper.add("v1", {"score": 5.0}, is_unsure=False)
    assert list(storage.list("")) == ["sketches/2026-05-01/10/one-v1.json"]
    clock.now += dt.timedelta(hours=1)
    keeper.add("v1", {"score": 6.0}, is_unsure=True)
    found = {path: json.loads((tmp_path / path).read_text("utf-8")) for path in storage.list("")}
    assert [each["photos"] for each in found.values()] == [7, 1]
    assert set(next(iter(found.values()))) == {"version", "photos", "unsure", "rows"}


def test_what_cannot_be_written_is_kept(tmp_path: Path) -> None:
    class Away(FolderStorage):
        def replace(self, path: str, data: bytes, before: str | None, media_type: str = "") -> bool:
            raise OSError(f"{path}{before}{media_type}{len(data)}")

    clock = Clock()
    keeper = Keeper(Away(tmp_path), clock=clock, instance="one", flush_photos=1)
    keeper.add("v1", {"score": 5.0}, is_unsure=False)
    keeper.storage = FolderStorage(tmp_path)
    keeper.add("v1", {"score": 5.0}, is_unsure=False)
    assert json.loads((tmp_path / "sketches/2026-05-01/10/one-v1.json").read_text("utf-8"))["photos"] == 2


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FolderStorage:
    monkeypatch.setenv("MONITORING_ROOT", str(tmp_path / "monitoring"))
    reference = Reference(photos=1400, unsure=21, rows=REFERENCE.tolist())
    monkeypatch.setattr(door, "_reference", lambda _settings, version: reference if version == "v1" else None)
    return FolderStorage(tmp_path / "monitoring")


def sketched(storage: FolderStorage, day: np.ndarray, version: str = "v1") -> None:
    sketch, random = Sketch(version=version), np.random.default_rng(1)
    for row in day:
        sketch.add(dict(zip(QUANTITIES, row, strict=True)), is_unsure=False, random=random)
    storage.create("sketches/2026-05-01/10/one.json", sketch.model_dump_json().encode())


def test_a_day_is_compared_and_written(house: FolderStorage, capsys: pytest.CaptureFixture[str]) -> None:
    sketched(house, rows(400, 2, blurred=1.5))
    event = {"time": "2026-05-02T03:00:00+00:00"}
    told = door.handler(event, None)  # type: ignore[arg-type]  # it looks at nothing of it
    assert told == {"day": "2026-05-01", "alarm": True, "skipped": "", "retraining": False}
    assert '"DriftDetected": [1.0]' in capsys.readouterr().out
    drift = json.loads((house.root / "drift/2026-05-01.json").read_text("utf-8"))
    assert {each["quantity"] for each in drift["comparisons"] if each["alarm"]} >= {"blurred"}
    assert door.handler(event, None) == told  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("count", "version", "why"),
    [(0, "v1", "no photo came"), (60, "v1", "fewer than 200 photos"), (400, "v9", "v9 has no reference.json")],
)
def test_a_day_that_cannot_be_compared_says_why(house: FolderStorage, count: int, version: str, why: str) -> None:
    if count:
        sketched(house, rows(count, 2), version)
    found = door.drift_of(house, "2026-05-01", MonitoringSettings())
    assert why in found.skipped
    assert not found.alarm


def test_a_broken_sketch_is_passed_over(house: FolderStorage) -> None:
    sketched(house, rows(400, 2))
    house.create("sketches/2026-05-01/11/two.json", b"{")
    assert door.drift_of(house, "2026-05-01", MonitoringSettings()).photos == 400


def test_rows_are_read_back(house: FolderStorage) -> None:
    assert np.isnan(table([[None, 1.0, *[0.0] * 6]])[0, 0])
    assert list(house.list("none/")) == []
