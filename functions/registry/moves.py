"""Moving the pointer: to a new version, back to the one before, and never to one that is rejected.

Roll-backs go down a stack: promoting puts what answered on it, going back takes the last off it, rejecting takes a
version out of it. So after two promotions two roll-backs lead to what answered before both, going back is never undone
by going back again, and it always leads to another version than the one that answers.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from functions.registry.errors import MoveLost, NothingBefore, RegistryError, VersionUnusable
from functions.registry.pointer import POINTER, SHIPPED, Action, Entry, Pointer, ledger, mend, read_pointer
from functions.registry.versions import manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from functions.common.storage import Storage

    # Loads a version and checks that it answers as it did when it was made; raises VersionUnusable.
    Check = Callable[[str], None]

# As many roll-backs in a row as anyone will want; the ledger keeps all.
_DEEPEST = 50
# Clocks of two machines differ by less; a move is never refused for that, as it may be an urgent one.
_CLOCK_SKEW = timedelta(minutes=5)


def promote(
    storage: Storage, version: str, *, who: str, why: str, now: datetime, check: Check, verdict: str | None = None
) -> Pointer:
    """Let a version answer from now on.

    Promoting what answers already changes nothing, so that an event that comes twice does no harm.

    Raises:
        VersionUnknown, VersionUnusable: when there is none, or it was rejected, or the check finds it wanting.
        MoveLost: when another mover was faster.
        OSError: when something cannot be read or written just now.

    """
    before = _before(storage)
    if before and before[0].version == version:
        return before[0]
    if version in rejected(storage):
        raise VersionUnusable(f"{version} was rejected")
    check(version)
    stack = (*_stack(before), _live(before))[-_DEEPEST:]
    return _move(storage, before, "promote", version, stack, who, why, now, verdict)


def roll_back(storage: Storage, to: str | None, *, who: str, why: str, now: datetime, check: Check) -> Pointer:
    """Go back to the version before, or to a named one that answered before.

    Naming what answers already changes nothing; so a call that names its target may be repeated.

    Raises:
        NothingBefore: when nothing answered before, or the named version never did.
        VersionUnusable: when the check finds the target wanting.
        MoveLost: when another mover was faster.
        OSError: when something cannot be read or written just now.

    """
    before = _before(storage)
    stack = _stack(before)
    if before and to == before[0].version:
        return before[0]
    if to is None:
        if not stack:
            raise NothingBefore(f"nothing answered before {_live(before)} that can be gone back to")
        to = stack[-1]
    if to not in stack:
        known = ", ".join(stack) or "none"
        raise NothingBefore(f"{to} is not among the versions that answered before: {known}")
    check(to)
    return _move(storage, before, "roll-back", to, stack[: len(stack) - 1 - stack[::-1].index(to)], who, why, now, None)


def reject(storage: Storage, version: str, *, who: str, why: str, now: datetime, check: Check) -> Pointer:
    """Keep a version from answering: it is never promoted again, and where it answers now, what was before does.

    Raises:
        VersionUnknown: when there is none of that name.
        VersionUnusable: when the check finds what was before wanting.
        MoveLost: when another mover was faster.
        OSError: when something cannot be read or written just now.

    """
    manifest(storage, version)
    before = _before(storage)
    if before and version in rejected(storage):
        return before[0]
    stack = [one for one in _stack(before) if one != version]
    live = _live(before)
    if live == version:
        live = stack.pop() if stack else SHIPPED
        check(live)
    # What is taken out may have stood between two turns of one version, which are one turn now.
    stack = [one for one, after in zip(stack, [*stack, live][1:], strict=True) if one != after]
    return _move(storage, before, "reject", version, stack, who, why, now, None, live=live)


def rejected(storage: Storage) -> set[str]:
    """Return the versions that were rejected."""
    return {entry.version for entry in ledger(storage) if entry.action == "reject"}


def _before(storage: Storage) -> tuple[Pointer, str] | None:
    found = read_pointer(storage)
    if found is not None:
        mend(storage, found[0].entry)
    return found


def _live(before: tuple[Pointer, str] | None) -> str:
    return before[0].version if before else SHIPPED


def _stack(before: tuple[Pointer, str] | None) -> tuple[str, ...]:
    return before[0].entry.stack if before else ()


def _move(
    storage: Storage,
    before: tuple[Pointer, str] | None,
    action: Action,
    version: str,
    stack: Sequence[str],
    who: str,
    why: str,
    now: datetime,
    verdict: str | None,
    *,
    live: str | None = None,
) -> Pointer:
    live = version if live is None else live
    digest = None if live == SHIPPED else manifest(storage, live)[1]
    snapshot = None if version == SHIPPED else manifest(storage, version)[0].snapshot_sha256
    last = before[0].entry.at if before else now
    if now < last - _CLOCK_SKEW:
        raise RegistryError(f"the last move is of {last.isoformat()}, later than this clock's {now.isoformat()}")
    now = max(now, last)  # times in the ledger never go back
    entry = Entry(
        sequence=(before[0].sequence if before else 0) + 1,
        action=action,
        version=version,
        live=live,
        at=now,
        who=who,
        why=why,
        snapshot_sha256=snapshot,
        verdict=verdict,
        stack=tuple(stack),
    )
    is_same = before is not None and before[0].version == live
    pointer = Pointer(
        version=live,
        manifest_sha256=digest,
        since=before[0].since if before and is_same else now,
        previous=stack[-1] if stack else None,
        entry=entry,
    )
    data = (pointer.model_dump_json(indent=1) + "\n").encode()
    if not storage.replace(POINTER, data, before[1] if before else None, "application/json"):
        winner = read_pointer(storage)
        if winner and (winner[0].entry == entry or (action == "promote" and winner[0].version == version)):
            # The client repeated a write whose answer was lost; or two asked for the same, as the state machine and
            # the event of its own approval do. Either way what was asked for is done.
            mend(storage, winner[0].entry)
            return winner[0]
        told = f"{winner[0].entry.who} made {winner[0].version} answer" if winner else "the pointer was taken away"
        raise MoveLost(f"another mover was faster: {told}. Look at what answers now before you move it again")
    mend(storage, entry)
    return pointer
