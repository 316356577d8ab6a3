"""The pointer to the version that answers, and the ledger of how it came there.

The pointer carries the ledger's entry that made it, and is moved by a conditional write: that write is the move. Only
then is the entry written into the ledger; where that did not happen, whoever reads or moves next does it from the
pointer. So pointer and ledger never disagree, wherever a mover stopped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from functions.registry.errors import RegistryDamaged

if TYPE_CHECKING:
    from datetime import datetime

    from functions.common.storage import Storage

POINTER = "current.json"
# The model in the image itself, which answers before anything is promoted; it can be gone back to as well.
SHIPPED = "shipped"
_LEDGER = "ledger/"

Action = Literal["promote", "roll-back", "reject"]


class Entry(BaseModel):
    """One move, or one refusal, in the ledger; never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sequence: int = Field(ge=1)
    action: Action
    version: str = Field(description="What was promoted, gone back to, or rejected.")
    live: str = Field(description="What answers from then on.")
    at: AwareDatetime
    who: str = Field(min_length=1)
    why: str = Field(min_length=1)
    snapshot_sha256: str | None = Field(description="Of the labelled photos that the version learned from.")
    verdict: str | None = Field(description="Where the gate's verdict lies.")
    stack: tuple[str, ...] = Field(
        description="What roll-backs lead to, the latest last; never one twice in a row, and never `live` as the last."
    )


class Pointer(BaseModel):
    """Which version answers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str = Field(description="`shipped`: the model in the image.")
    manifest_sha256: str | None = Field(description="Of the version's manifest; null for the model in the image.")
    since: AwareDatetime
    previous: str | None = Field(description="What a roll-back leads to; null: nothing.")
    entry: Entry

    @property
    def sequence(self) -> int:
        """How many entries the ledger has."""
        return self.entry.sequence


def read_pointer(storage: Storage, unless: str = "") -> tuple[Pointer, str] | None:
    """Return the pointer and its tag; None where it is still `unless`, or where nothing was ever promoted.

    Raises:
        RegistryDamaged: when it is not a pointer.
        OSError: when it cannot be read just now.

    """
    try:
        content = storage.read(POINTER, unless=unless)
    except FileNotFoundError:
        return None
    if content is None:
        return None
    try:
        return Pointer.model_validate_json(content.data), content.etag
    except ValidationError as error:
        raise RegistryDamaged(f"{POINTER} is not a pointer: {error.error_count()} complaint(s)") from error


def ledger(storage: Storage) -> list[Entry]:
    """Return every entry, the first first; the one that a mover did not come to write is written now.

    Raises:
        RegistryDamaged: when an entry is missing or is none.
        OSError: when something cannot be read just now.

    """
    found = read_pointer(storage)
    if found is None:
        return []
    mend(storage, found[0].entry)
    entries = [_entry(storage, path) for path in storage.list(_LEDGER)]
    if [entry.sequence for entry in entries] != list(range(1, found[0].sequence + 1)):
        raise RegistryDamaged(f"the ledger does not hold the entries 1 to {found[0].sequence}, each once")
    return entries


def mend(storage: Storage, entry: Entry) -> None:
    """Write the pointer's own entry into the ledger where it is not there yet."""
    storage.create(f"{_LEDGER}{entry.sequence:08d}.json", entry.model_dump_json().encode(), "application/json")


def live_at(storage: Storage, at: datetime) -> Entry | None:
    """Return the entry that was in force at a moment; None before the first, when the model that ships answered."""
    return next((entry for entry in reversed(ledger(storage)) if entry.at <= at), None)


def _entry(storage: Storage, path: str) -> Entry:
    try:
        content = storage.read(path)
        return Entry.model_validate_json(content.data if content else b"")
    except (ValidationError, FileNotFoundError) as error:
        raise RegistryDamaged(f"{path} is not an entry of the ledger") from error
