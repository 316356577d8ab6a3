"""The model follows the pointer: never a request that fails, waits, or mixes one model's score with another's name."""

from __future__ import annotations

import datetime as dt
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from functions.common.signing import LocalSigner, new_local_key
from functions.common.storage import FolderStorage
from functions.registry.moves import promote, roll_back
from functions.registry.versions import publish
from functions.triage.answer import answer_photo
from functions.triage.follow import Follower
from tests.registry import packages
from tests.triage.packages import write as write_shipped
from tests.triage.photos import png

if TYPE_CHECKING:
    from pathlib import Path

    from functions.common.storage import Content

START = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class House:
    """A registry with three versions, and a follower of it."""

    def __init__(self, folder: Path) -> None:
        self.storage = FolderStorage(folder / "registry")
        public = new_local_key(folder / "key.pem")
        for number in (1, 2, 3):
            publish(self.storage, packages.write(folder / f"v{number}", number), LocalSigner(folder / "key.pem"))
        self.clock, self.moves = Clock(), 0
        self.follower = Follower(
            storage=self.storage,
            public_key=public,
            shipped=write_shipped(folder / "shipped"),
            cache=folder / "cache",
            refresh_s=60,
            clock=self.clock,
        )

    def told(self) -> dict[str, Any]:
        self.moves += 1
        now = START + dt.timedelta(minutes=self.moves)
        return {"who": "ann", "why": "a test", "now": now, "check": lambda _: None}

    def answers(self, after_s: float = 61) -> str:
        """Return the version that answers once the follower had time to look."""
        self.clock.now += after_s
        self.follower.scorer()
        self.follower.settle()
        return self.follower.scorer().card.version


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_with_nothing_promoted_the_image_serves(house: House) -> None:
    house.follower.start(10)
    assert house.answers() == "2026.11.22-drawn"


def test_a_cold_start_loads_what_is_current(house: House) -> None:
    promote(house.storage, "v2", **house.told())
    house.follower.start(10)
    assert house.follower.scorer().card.version == "v2"


def test_a_warm_one_follows_promotions_and_roll_backs(house: House) -> None:
    house.follower.start(10)
    for version in ("v1", "v2"):
        promote(house.storage, version, **house.told())
        assert house.answers() == version
    for version in ("v1", "2026.11.22-drawn"):
        roll_back(house.storage, None, **house.told())
        assert house.answers() == version


def test_a_new_pointer_is_not_looked_for_before_its_time(house: House) -> None:
    house.follower.start(10)
    promote(house.storage, "v1", **house.told())
    assert house.answers(after_s=59) == "2026.11.22-drawn"
    assert house.answers(after_s=2) == "v1"


def test_at_most_two_versions_lie_in_the_cache(house: House) -> None:
    house.follower.start(10)
    for version in ("v1", "v2", "v3"):
        promote(house.storage, version, **house.told())
        assert house.answers() == version
    assert {folder.name.partition("-")[0] for folder in house.follower.cache.iterdir()} == {"v2", "v3"}


def damage(house: House, path: str, data: bytes | None) -> None:
    file = house.storage.root / path
    if data is None:
        file.unlink()
    else:
        file.write_bytes(data)


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("versions/v2/model.onnx", b"corrupt"),
        ("versions/v2/model.onnx", None),
        ("versions/v2/card.json", b""),
        ("versions/v2/signature.json", None),
        ("versions/v2/signature.json", b"{}"),
        ("versions/v2/manifest.json", b"{"),
        ("current.json", b"not a pointer"),
    ],
)
def test_what_cannot_be_used_keeps_the_old_model_and_is_told(
    house: House, capsys: pytest.CaptureFixture[str], path: str, data: bytes | None
) -> None:
    promote(house.storage, "v1", **house.told())
    house.follower.start(10)
    promote(house.storage, "v2", **house.told())
    damage(house, path, data)
    capsys.readouterr()
    assert house.answers() == "v1"
    assert '"ModelRefused": [1.0]' in capsys.readouterr().out


def test_a_refused_version_is_tried_again_ever_more_seldom_and_at_once_when_mended(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.follower.start(10)
    model = (house.storage.root / "versions/v2/model.onnx").read_bytes()
    promote(house.storage, "v2", **house.told())
    damage(house, "versions/v2/model.onnx", b"corrupt")
    tries = []
    for _ in range(12):
        capsys.readouterr()
        house.answers()
        tries.append("ModelRefused" in capsys.readouterr().out)
    assert tries[0]
    assert 3 <= sum(tries) <= 5
    damage(house, "versions/v2/model.onnx", model)
    promote(house.storage, "v1", **house.told())
    assert house.answers() == "v1"
    promote(house.storage, "v2", **house.told())
    assert house.answers() == "v2"


class Away(FolderStorage):
    def read(self, path: str, *, unless: str = "") -> Content | None:
        raise OSError(f"no route to {path}{unless}")


def test_with_the_storage_away_the_image_serves_and_it_is_told(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    promote(house.storage, "v1", **house.told())
    house.follower.storage = Away(house.storage.root)
    house.follower.start(10)
    assert house.follower.scorer().card.version == "2026.11.22-drawn"
    assert '"ModelFollowFailed": [1.0]' in capsys.readouterr().out
    house.follower.storage = house.storage
    assert house.answers() == "v1"


class Slow(FolderStorage):
    """Holds every reading until it is let go."""

    def read(self, path: str, *, unless: str = "") -> Content | None:
        self.__dict__["gate"].wait(10)
        return super().read(path, unless=unless)


def test_no_request_waits_for_a_version_that_is_on_its_way(house: House) -> None:
    house.follower.start(10)
    house.follower.scorer()
    promote(house.storage, "v1", **house.told())
    slow = Slow(house.storage.root)
    slow.__dict__["gate"] = threading.Event()
    house.follower.storage = slow
    house.clock.now += 61
    began = time.monotonic()
    for _ in range(50):
        assert house.follower.scorer().card.version == "2026.11.22-drawn"
    assert time.monotonic() - began < 1  # far from the ten seconds that the storage takes
    slow.__dict__["gate"].set()
    house.follower.settle()
    assert house.follower.scorer().card.version == "v1"


def test_score_and_version_belong_together_while_models_change(house: House) -> None:
    """Many requests over a promotion, a bad promotion and roll-backs: none failed, none mixed, every move seen."""
    photo = png()
    scores: dict[str, set[float]] = {}
    expected = {}
    for version in ("v1", "v2"):
        promote(house.storage, version, **house.told())
        answer, _ = answer_photo(photo, _settled(house), prediction_id="", request_id="")
        expected[version] = answer.probability
    assert expected["v1"] != expected["v2"]
    house.follower.refresh_s = 0.0
    house.follower.clock = time.monotonic
    stop, failures = threading.Event(), []

    def ask() -> None:
        while not stop.is_set():
            try:
                found, _ = answer_photo(photo, house.follower.scorer(), prediction_id="", request_id="")
                scores.setdefault(found.model.version, set()).add(found.probability or 0.0)
            except Exception as error:
                failures.append(error)

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    roll_back(house.storage, None, **house.told())
    _until(lambda: "v1" in scores)
    damage(house, "versions/v3/model.onnx", b"corrupt")
    promote(house.storage, "v3", **house.told())
    promote(house.storage, "v2", **house.told())
    scores.pop("v2", None)
    _until(lambda: "v2" in scores)
    stop.set()
    for asker in askers:
        asker.join()
    assert failures == []
    assert scores["v1"] == {expected["v1"]}
    assert scores["v2"] == {expected["v2"]}
    assert scores.keys() <= {"v1", "v2"}


def _settled(house: House) -> Any:
    house.answers()
    return house.follower.scorer()


def _until(done: Any) -> None:
    deadline = time.monotonic() + 30
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.01)
