"""Moving the pointer: who comes second is told, a crash loses nothing, and going back goes back."""

from __future__ import annotations

import datetime as dt
import tempfile
import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.common.storage import FolderStorage
from functions.registry.errors import MoveLost, NothingBefore, RegistryDamaged, RegistryError, VersionUnusable
from functions.registry.moves import promote, reject, rejected, roll_back
from functions.registry.pointer import SHIPPED, ledger, live_at, read_pointer
from functions.registry.versions import publish

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from functions.common.signing import LocalSigner
    from functions.common.storage import Storage

START = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)


def at(hours: float) -> dict[str, Any]:
    return {"who": "ann", "why": "a test", "now": START + dt.timedelta(hours=hours), "check": lambda _: None}


def live(storage: Storage) -> str:
    found = read_pointer(storage)
    return found[0].version if found else SHIPPED


def test_before_the_first_promotion_the_image_answers(registry: Storage) -> None:
    assert read_pointer(registry) is None
    assert ledger(registry) == []
    assert live_at(registry, START) is None
    with pytest.raises(NothingBefore):
        roll_back(registry, None, **at(0))


def test_going_back_goes_down_the_stack(registry: Storage) -> None:
    for hours, version in enumerate(("v1", "v2", "v3")):
        pointer = promote(registry, version, verdict=f"s3://runs/{version}", **at(hours))
        assert pointer.version == version
    assert [roll_back(registry, None, **at(hours)).version for hours in (3, 4, 5)] == ["v2", "v1", SHIPPED]
    with pytest.raises(NothingBefore):
        roll_back(registry, None, **at(6))
    assert [(entry.action, entry.live) for entry in ledger(registry)] == [
        ("promote", "v1"),
        ("promote", "v2"),
        ("promote", "v3"),
        ("roll-back", "v2"),
        ("roll-back", "v1"),
        ("roll-back", SHIPPED),
    ]
    assert ledger(registry)[1].snapshot_sha256 == "2" * 64
    assert ledger(registry)[1].verdict == "s3://runs/v2"


def test_going_back_to_a_named_version(registry: Storage) -> None:
    for hours, version in enumerate(("v1", "v2", "v3")):
        promote(registry, version, **at(hours))
    assert roll_back(registry, "v1", **at(3)).previous == SHIPPED
    with pytest.raises(NothingBefore, match="v3 is not among the versions that answered before: shipped"):
        roll_back(registry, "v3", **at(4))


def test_what_answered_at_a_moment(registry: Storage) -> None:
    promote(registry, "v1", **at(0))
    promote(registry, "v2", **at(24))
    roll_back(registry, None, **at(48))
    answered = [live_at(registry, START + dt.timedelta(hours=hours)) for hours in (-1, 0, 23, 24, 47, 48, 9999)]
    assert [entry and entry.live for entry in answered] == [None, "v1", "v1", "v2", "v2", "v1", "v1"]


def test_promoting_what_answers_changes_nothing(registry: Storage) -> None:
    first = promote(registry, "v1", **at(0))
    assert promote(registry, "v1", **at(1)) == first
    assert len(ledger(registry)) == 1


def test_a_version_that_fails_its_check_does_not_answer(registry: Storage) -> None:
    def check(version: str) -> None:
        raise VersionUnusable(version)

    promote(registry, "v1", **at(0))
    with pytest.raises(VersionUnusable):
        promote(registry, "v2", **{**at(1), "check": check})
    with pytest.raises(VersionUnusable):
        roll_back(registry, None, **{**at(1), "check": check})
    assert live(registry) == "v1"
    assert len(ledger(registry)) == 1


def test_a_rejected_version_never_answers_again(registry: Storage) -> None:
    promote(registry, "v1", **at(0))
    promote(registry, "v2", **at(1))
    assert reject(registry, "v2", **at(2)).version == "v1"
    assert reject(registry, "v2", **at(3)).sequence == 3
    reject(registry, "v3", **at(4))
    assert live(registry) == "v1"
    for version in ("v2", "v3"):
        with pytest.raises(VersionUnusable, match="was rejected"):
            promote(registry, version, **at(5))
    assert rejected(registry) == {"v2", "v3"}
    assert reject(registry, "v1", **at(6)).version == SHIPPED


def test_a_clock_that_went_back_is_told(registry: Storage) -> None:
    promote(registry, "v1", **at(5))
    with pytest.raises(RegistryError, match="later than this clock's"):
        promote(registry, "v2", **at(4))


def test_of_two_at_once_one_wins_and_the_other_is_told(registry: Storage) -> None:
    promote(registry, "v1", **at(0))

    def overtake(_: str) -> None:
        if live(registry) == "v1":
            promote(registry, "v3", **{**at(1), "who": "bob"})

    with pytest.raises(MoveLost, match="bob made v3 answer"):
        promote(registry, "v2", **{**at(1), "check": overtake})
    assert live(registry) == "v3"
    assert [entry.version for entry in ledger(registry)] == ["v1", "v3"]


def test_of_many_threads_each_move_is_one_entry(
    tmp_path: Path, keys: tuple[LocalSigner, bytes], drawn_packages: dict[str, Path]
) -> None:
    storage = FolderStorage(tmp_path / "registry")
    for package in drawn_packages.values():
        publish(storage, package, keys[0])
    ready = threading.Barrier(6)
    won: list[str] = []
    lost: list[str] = []

    def move(number: int) -> None:
        version = f"v{number % 3 + 1}"
        ready.wait()
        try:
            promote(storage, version, **at(0))
            won.append(version)
        except MoveLost:
            lost.append(version)

    threads = [threading.Thread(target=move, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) + len(lost) == 6
    assert live(storage) == ledger(storage)[-1].live
    assert len(ledger(storage)) <= len(won)


class Stopping(FolderStorage):
    """Stops at the nth writing, as a machine that is taken away does."""

    def replace(self, path: str, data: bytes, before: str | None, media_type: str = "") -> bool:
        left: int = self.__dict__["left"]
        self.__dict__["left"] = left - 1
        if left == 0:
            raise KeyboardInterrupt
        return super().replace(path, data, before, media_type)


@pytest.mark.parametrize("writes", [0, 1, 2])
def test_a_mover_that_stops_anywhere_leaves_pointer_and_ledger_agreeing(
    tmp_path: Path, keys: tuple[LocalSigner, bytes], drawn_packages: dict[str, Path], writes: int
) -> None:
    storage = FolderStorage(tmp_path / "registry")
    for package in drawn_packages.values():
        publish(storage, package, keys[0])
    promote(storage, "v1", **at(0))
    stopping = Stopping(storage.root)
    stopping.__dict__["left"] = writes
    try:
        promote(stopping, "v2", **at(1))
    except KeyboardInterrupt:
        assert writes < 3
    entries = ledger(storage)
    assert entries[-1].live == live(storage)
    assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
    promote(storage, "v3", **at(2))
    assert ledger(storage)[-1].live == live(storage) == "v3"


def test_a_ledger_with_a_hole_is_told(registry: Storage) -> None:
    promote(registry, "v1", **at(0))
    promote(registry, "v2", **at(1))
    registry.delete("ledger/00000001.json")
    with pytest.raises(RegistryDamaged, match="entries 1 to 2"):
        ledger(registry)


a_move = st.tuples(st.sampled_from(["promote", "roll-back", "reject"]), st.sampled_from(["v1", "v2", "v3"]))


@given(st.lists(a_move, max_size=12))
@settings(max_examples=30, deadline=None)
def test_pointer_ledger_and_a_simple_model_agree(moves: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        storage = FolderStorage(_published(folder))
        stack, now_live, out = [], SHIPPED, set()
        for hours, (action, version) in enumerate(moves):
            expected = _modelled(action, version, stack, now_live, out)
            if expected is None:
                with pytest.raises((NothingBefore, VersionUnusable)):
                    _act(action)(storage, version, hours)
            else:
                stack, now_live = expected
                _act(action)(storage, version, hours)
            assert live(storage) == now_live
            found = ledger(storage)
            assert (found[-1].live if found else SHIPPED) == now_live


def _modelled(
    action: str, version: str, stack: list[str], now_live: str, out: set[str]
) -> tuple[list[str], str] | None:
    if action == "promote":
        if version == now_live:
            return stack, now_live
        return None if version in out else ([*stack, now_live], version)
    if action == "roll-back":
        return (stack[:-1], stack[-1]) if stack else None
    if version in out:
        return stack, now_live
    out.add(version)
    rest = [one for one in stack if one != version]
    return (rest[:-1], rest[-1]) if now_live == version else (rest, now_live)


def _act(action: str) -> Callable[[Storage, str, int], Any]:
    return {
        "promote": lambda storage, version, hours: promote(storage, version, **at(hours)),
        "roll-back": lambda storage, _version, hours: roll_back(storage, None, **at(hours)),
        "reject": lambda storage, version, hours: reject(storage, version, **at(hours)),
    }[action]


def _published(folder: str) -> Path:
    """Return a registry with three versions that have manifests alone: moving looks at no more."""
    import json
    from pathlib import Path

    for version in ("v1", "v2", "v3"):
        path = Path(folder) / "versions" / version
        path.mkdir(parents=True)
        (path / "manifest.json").write_text(json.dumps({"version": version, "sha256": {}}), "utf-8")
    return Path(folder)
