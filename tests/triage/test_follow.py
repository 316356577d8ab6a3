"""The model follows the pointer: never a request that fails, waits, or mixes one model's score with another's name."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from functions.common.signing import LocalSigner, new_local_key
from functions.common.storage import FolderStorage
from functions.registry.moves import promote, reject, roll_back
from functions.registry.versions import publish
from functions.triage import follow
from functions.triage.answer import answer_photo
from functions.triage.follow import Follower
from functions.triage.scorer import load_scorer
from functions.triage.serving import serving_scorer
from functions.triage.settings import TriageSettings
from tests.registry import packages
from tests.triage.packages import write as write_shipped
from tests.triage.photos import png

if TYPE_CHECKING:
    from pathlib import Path

    from functions.common.storage import Content
    from functions.triage.scorer import Scorer

START = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a registry of three versions, its keys, and the model that ships."""
    folder = tmp_path_factory.mktemp("drawn")
    storage = FolderStorage(folder / "registry")
    (folder / "public.pem").write_bytes(new_local_key(folder / "key.pem"))
    for number in (1, 2, 3):
        publish(storage, packages.write(folder / f"v{number}", number), LocalSigner(folder / "key.pem"))
    write_shipped(folder / "shipped")
    return folder


class House:
    """A registry with three versions, and a follower of it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.storage = folder, FolderStorage(folder / "registry")
        self.public_key = (folder / "public.pem").read_bytes()
        self.clock, self.moves = Clock(), 0
        self.follower = self.new_follower()

    def new_follower(self) -> Follower:
        return Follower(
            storage=self.storage,
            public_key=self.public_key,
            shipped=self.folder / "shipped",
            cache=self.folder / "cache",
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
def house(drawn: Path, tmp_path: Path) -> House:
    return House(shutil.copytree(drawn, tmp_path / "house"))


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


class Watched(FolderStorage):
    """Counts what is read, and how many folders the cache has meanwhile."""

    def read(self, path: str, *, unless: str = "") -> Content | None:
        self.__dict__["paths"].append(path)
        self.__dict__["folders"].append(len(list(self.__dict__["cache"].glob("*"))))
        return super().read(path, unless=unless)


def watch(house: House) -> dict[str, Any]:
    watched = Watched(house.storage.root)
    watched.__dict__.update(paths=[], folders=[], cache=house.follower.cache)
    house.follower.storage = watched
    return watched.__dict__


def test_at_most_two_versions_lie_in_the_cache_even_while_one_is_fetched(house: House) -> None:
    seen = watch(house)
    house.follower.start(10)
    for version in ("v1", "v2", "v3", "v1"):
        promote(house.storage, version, **house.told())
        assert house.answers() == version
    assert {folder.name.partition("-")[0] for folder in house.follower.cache.iterdir()} == {"v3", "v1"}
    assert max(seen["folders"]) == 2


def test_what_others_put_into_the_cache_is_left_alone(house: House) -> None:
    theirs = house.follower.cache / "theirs"
    theirs.mkdir(parents=True)
    house.follower.start(10)
    for version in ("v1", "v2", "v3"):
        promote(house.storage, version, **house.told())
        assert house.answers() == version
    assert theirs.is_dir()


def test_going_back_to_the_one_before_fetches_nothing(house: House) -> None:
    house.follower.start(10)
    for version in ("v1", "v2"):
        promote(house.storage, version, **house.told())
        assert house.answers() == version
    reject(house.storage, "v3", **house.told())  # moves the pointer, and changes no model
    assert house.answers() == "v2"
    seen = watch(house)
    roll_back(house.storage, None, **house.told())
    assert house.answers() == "v1"
    assert seen["paths"] == ["current.json"]


def test_an_image_that_ships_the_current_version_fetches_nothing(house: House) -> None:
    promote(house.storage, "v1", **house.told())
    house.follower.shipped = house.folder / "v1"
    seen = watch(house)
    house.follower.start(10)
    assert house.follower.scorer().card.version == "v1"
    assert seen["paths"] == ["current.json"]


def test_a_version_that_was_damaged_in_the_cache_is_fetched_anew(house: House) -> None:
    promote(house.storage, "v1", **house.told())
    house.follower.start(10)
    (folder,) = house.follower.cache.iterdir()
    (folder / "model.onnx").write_bytes(b"cut short")
    house.follower = house.new_follower()
    house.follower.start(10)
    assert [house.answers() for _ in range(3)][-1] == "v1"


def test_a_clock_that_is_set_back_does_not_keep_a_version_from_being_seen(house: House) -> None:
    house.follower.start(10)
    promote(house.storage, "v1", **house.told())
    assert house.answers(after_s=-3600) == "v1"


def test_the_model_in_the_image_that_loads_late_does_not_displace_the_current_one(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(house.storage, "v1", **house.told())

    def late(folder: Path, *, threads: int) -> Scorer:
        for thread in threading.enumerate():
            if thread.name == "follow":
                thread.join(0.5)
        return load_scorer(folder, threads=threads)

    monkeypatch.setattr(follow, "load_scorer", late)
    house.follower.scorer()
    assert house.answers() == "v1"


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


def test_whatever_a_signed_version_makes_its_readers_raise_is_told_and_not_fetched_each_time(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    package = packages.write(house.folder / "v4", 4)
    (package / "golden.json").write_text("[1]", "utf-8")
    manifest = json.loads((package / "manifest.json").read_text("utf-8"))
    manifest["sha256"]["golden.json"] = hashlib.sha256(b"[1]").hexdigest()
    (package / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    publish(house.storage, package, LocalSigner(house.folder / "key.pem"))
    house.follower.start(10)
    promote(house.storage, "v4", **house.told())
    seen = watch(house)
    assert [house.answers() for _ in range(8)] == ["2026.11.22-drawn"] * 8
    assert '"ModelRefused": [1.0]' in capsys.readouterr().out
    assert seen["paths"].count("versions/v4/model.onnx") == 4


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


def test_a_start_waits_only_so_long_and_tells(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    promote(house.storage, "v1", **house.told())
    slow = Slow(house.storage.root)
    slow.__dict__["gate"] = threading.Event()
    house.follower.storage = slow
    house.follower.start(0.01)
    assert house.follower.scorer().card.version == "2026.11.22-drawn"
    assert '"ModelFollowFailed": [1.0]' in capsys.readouterr().out
    slow.__dict__["gate"].set()
    assert house.answers() == "v1"


def settings(house: House, **changes: Any) -> TriageSettings:
    return TriageSettings(
        model_dir=house.folder / "shipped",
        cache_dir=house.folder / "cache",
        **{"registry_root": str(house.storage.root), "registry_public_key": house.public_key.decode(), **changes},
    )


def test_the_settings_name_the_registry_and_its_key(house: House) -> None:
    promote(house.storage, "v2", **house.told())
    assert serving_scorer(settings(house), threads=1)().card.version == "v2"
    assert serving_scorer(settings(house, registry_root=""), threads=1)().card.version == "2026.11.22-drawn"


@pytest.mark.parametrize(
    "wrong", [{"registry_public_key": ""}, {"registry_public_key": "/nowhere"}, {"registry_root": "s3://"}]
)
def test_with_a_wrong_setting_the_image_serves_and_it_is_told(
    house: House, capsys: pytest.CaptureFixture[str], wrong: dict[str, str]
) -> None:
    promote(house.storage, "v2", **house.told())
    assert serving_scorer(settings(house, **wrong), threads=1)().card.version == "2026.11.22-drawn"
    assert '"ModelRefused": [1.0]' in capsys.readouterr().out


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
