"""Moving the pointer: who comes second is told, a crash loses nothing, and going back goes back."""

from __future__ import annotations

import datetime as dt
import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.common.storage import BucketStorage, Content
from functions.registry.errors import MoveLost, NothingBefore, RegistryDamaged, RegistryError, VersionUnusable
from functions.registry.moves import promote, reject, rejected, roll_back
from functions.registry.pointer import SHIPPED, ledger, live_at, read_pointer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from functions.common.storage import Storage
    from functions.registry.pointer import Entry

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


def test_of_two_threads_at_once_one_wins_and_the_other_is_told_who_did(
    registry: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    # S3 checks a condition and writes in one step; its stand-in here does so in two.
    at_once, written = threading.Lock(), BucketStorage.replace

    def replace(self: BucketStorage, *what: Any) -> bool:
        with at_once:
            return written(self, *what)

    monkeypatch.setattr(BucketStorage, "replace", replace)
    promote(registry, "v1", **at(0))
    both_have_read = threading.Barrier(2, timeout=30)
    ended: dict[str, Any] = {}

    def move(who: str, version: str) -> None:
        told = {**at(1), "who": who, "check": lambda _: both_have_read.wait()}
        try:
            ended[who] = promote(registry, version, **told)
        except MoveLost as lost:
            ended[who] = lost

    threads = [threading.Thread(target=move, args=told) for told in (("bob", "v2"), ("eve", "v3"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ((loser, lost),) = [(who, end) for who, end in ended.items() if isinstance(end, MoveLost)]
    winner = "eve" if loser == "bob" else "bob"
    assert f"{winner} made {live(registry)} answer" in str(lost)
    assert ended[winner].version == live(registry)
    assert [entry.who for entry in ledger(registry)] == ["ann", winner]


def test_a_write_whose_answer_was_lost_is_not_taken_for_anothers(registry: Storage) -> None:
    """A client that hears nothing writes again, and then its own first writing does not match."""

    class Repeating:
        def __getattr__(self, name: str) -> Any:
            return getattr(registry, name)

        def replace(self, *what: Any) -> bool:
            registry.replace(*what)
            return registry.replace(*what)

    storage: Any = Repeating()
    for hours, version in enumerate(("v1", "v2")):
        assert promote(storage, version, **at(hours)).version == version
    assert roll_back(storage, None, **at(2)).version == "v1"
    assert reject(storage, "v1", **at(3)).version == SHIPPED
    assert [entry.action for entry in ledger(registry)] == ["promote", "promote", "roll-back", "reject"]


def test_a_rejection_never_makes_going_back_lead_nowhere(registry: Storage) -> None:
    for hours, version in enumerate(("v1", "v2", "v1", "v3")):
        promote(registry, version, **at(hours))
    reject(registry, "v2", **at(4))
    assert roll_back(registry, None, **at(5)).version == "v1"
    assert roll_back(registry, None, **at(6)).version == SHIPPED


def test_what_answers_is_gone_back_to_without_a_move(registry: Storage) -> None:
    promote(registry, "v1", **at(0))
    promote(registry, "v2", **at(1))
    back = roll_back(registry, "v1", **at(2))
    assert roll_back(registry, "v1", **at(3)) == back
    assert len(ledger(registry)) == 3


def test_where_nothing_is_left_to_go_back_to_the_image_answers(
    registry: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.registry.moves._DEEPEST", 1)
    promote(registry, "v1", **at(0))
    promote(registry, "v2", **at(1))
    roll_back(registry, None, **at(2))
    with pytest.raises(NothingBefore):
        roll_back(registry, None, **at(3))
    assert reject(registry, "v1", **at(3)).version == SHIPPED


def test_a_clock_that_is_a_little_late_hinders_no_move(registry: Storage) -> None:
    promote(registry, "v1", **at(1))
    assert promote(registry, "v2", **at(0.95)).since == START + dt.timedelta(hours=1)
    found = live_at(registry, START + dt.timedelta(hours=1))
    assert found is not None
    assert found.live == "v2"


def test_a_ledger_with_a_hole_is_told(registry: Storage) -> None:
    promote(registry, "v1", **at(0))
    promote(registry, "v2", **at(1))
    registry.delete("ledger/00000001.json")
    with pytest.raises(RegistryDamaged, match="entries 1 to 2"):
        ledger(registry)


class Taken(BaseException):
    """The machine was taken away."""


class Memory:
    """A storage that lives as long as a test; before the write numbered `taken_at` the machine is taken away."""

    def __init__(self) -> None:
        self.files: dict[str, Content] = {}
        self.writes = 0
        self.taken_at: int | None = None

    def read(self, path: str, *, unless: str = "") -> Content | None:
        if path not in self.files:
            raise FileNotFoundError(path)
        return None if self.files[path].etag == unless else self.files[path]

    def read_start(self, path: str, most: int) -> bytes:
        return self.files[path].data[:most]

    def create(self, path: str, data: bytes, media_type: str = "") -> bool:
        return self.replace(path, data, None, media_type)

    def replace(self, path: str, data: bytes, before: str | None, media_type: str = "") -> bool:  # noqa: ARG002
        if self.taken_at is not None and self.taken_at == self.writes:
            raise Taken
        self.writes += 1
        there = self.files.get(path)
        if (there.etag if there else None) != before:
            return False
        self.files[path] = Content(data, f"{self.writes}")
        return True

    def list(self, prefix: str) -> Iterator[str]:
        yield from sorted(path for path in self.files if path.startswith(prefix))

    def delete(self, path: str) -> None:
        self.files.pop(path, None)


VERSIONS = ("v1", "v2", "v3")
a_move = st.tuples(
    st.sampled_from(["promote", "roll-back", "roll-back to", "reject"]),
    st.sampled_from(VERSIONS),
    st.sampled_from([None, None, None, 0, 1, 2]),  # before which of its writes the mover is taken away
)


@given(moves=st.lists(a_move, max_size=20))
@settings(max_examples=200, deadline=None)
def test_pointer_and_ledger_agree_with_what_a_person_would_write_down(
    moves: list[tuple[str, str, int | None]],
) -> None:
    storage = Memory()
    for version in VERSIONS:  # moving looks at nothing but manifests
        storage.create(f"versions/{version}/manifest.json", f'{{"version": "{version}", "sha256": {{}}}}'.encode())
    turns, out = [SHIPPED], set()  # what answered, in its order, without what was gone back from; what is rejected
    written: list[Entry] = []
    for hours, (action, version, taken_at) in enumerate(moves):
        wanted = _turns_after(action, version, turns, out)
        storage.writes, storage.taken_at = 0, taken_at
        try:
            _act(action, storage, version, hours)
        except Taken:
            storage.taken_at = None
        except (NothingBefore, VersionUnusable):
            assert wanted is None
        else:
            assert wanted is not None
            assert live(storage) == wanted[-1]
        storage.taken_at = None
        seen = read_pointer(storage)
        entries = ledger(storage)  # mends what a mover left
        assert entries[: len(written)] == written
        assert (seen[0].entry if seen else None) == (entries[-1] if entries else None)
        assert len(entries) - len(written) <= 1
        if len(entries) > len(written):
            assert wanted is not None
            turns = wanted
            out |= {version} if action == "reject" else set()
        written = entries
        assert live(storage) == turns[-1] == (entries[-1].live if entries else SHIPPED)
        assert live(storage) not in out
        assert seen is None or seen[0].previous == (turns[-2] if len(turns) > 1 else None)


def _turns_after(action: str, version: str, turns: list[str], out: set[str]) -> list[str] | None:
    """Return the turns after a move; None where it must be refused."""
    if action == "promote":
        return turns if version == turns[-1] else None if version in out else [*turns, version]
    if action == "roll-back":
        return turns[:-1] or None
    if action == "roll-back to":
        if version not in turns:
            return None
        return turns[: len(turns) - turns[::-1].index(version)]
    kept = [turn for turn in turns if turn != version]
    return [turn for number, turn in enumerate(kept) if number == 0 or kept[number - 1] != turn]


def _act(action: str, storage: Storage, version: str, hours: int) -> None:
    if action == "promote":
        promote(storage, version, **at(hours))
    elif action == "reject":
        reject(storage, version, **at(hours))
    else:
        roll_back(storage, version if action == "roll-back to" else None, **at(hours))
