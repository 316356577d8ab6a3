"""A photo taken back: gone from the bucket and from every later snapshot, and which models saw it.

    withdrawn/<image_name>.json     who, when, why, the hash of its bytes, and the model versions that learned from it

The record comes first: from then on no delivery brings the photo back, by its name or its bytes, and no snapshot
holds it. Its bytes go next, every S3 version of every copy. Asked for again, it goes on where it stopped.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from functions.common.storage import read_if_there
from training.deliveries import near_duplicates_of, rows_of, storage_failures, taken_in
from training.delivery_rules import CHOOSE_FOLD, TEST_FOLD
from training.errors import PhotoUnknown
from training.object_versions import erase
from training.snapshots import of_package

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from functions.common.storage import Storage

_PARTS = {CHOOSE_FOLD: "choose", TEST_FOLD: "test"}
_WORDS = {
    "train": "learned from it",
    "choose": "was chosen and calibrated on it",
    "test": "was judged on it, and did not learn from it",
    "unknown": "cannot be told; its snapshot is not in this bucket",
}


class Sighting(BaseModel):
    """What a model version had to do with a photo; `unknown` where its snapshot is not in this bucket."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    part: Literal["train", "choose", "test", "unknown"]
    snapshot: str | None


class Withdrawal(BaseModel):
    """A photo that was taken back, as its record tells."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    image_name: str
    sha256: str
    who: str
    why: str
    at: str  # RFC 3339, UTC
    # Model versions that had the photo, and those of which this bucket cannot tell.
    seen_by: tuple[Sighting, ...]


class Withdrawn(BaseModel):
    """The outcome: the record, how many stored versions were erased now, and photos that look like it and stay."""

    model_config = ConfigDict(frozen=True)

    record: Withdrawal
    erased: int
    look_alikes: tuple[str, ...]

    def text(self, *, registry_read: bool) -> str:
        """Return the outcome for people."""
        lines = [
            f"{self.record.image_name} was withdrawn at {self.record.at}, and no later snapshot holds it.",
            f"{self.erased} stored version(s) of it were erased now.",
            *(f"  model {seen.version}: {_WORDS[seen.part]}" for seen in self.record.seen_by),
        ]
        if not self.record.seen_by:
            lines.append("No model version of the registry had it." if registry_read else "No registry was asked.")
        if self.look_alikes:
            lines.append(f"Photos that look like it stay: {', '.join(self.look_alikes)}. Withdraw them too if need be.")
        return "\n".join(lines) + "\n"


def withdraw(
    storage: Storage, image_name: str, *, who: str, why: str, now: dt.datetime, versions: Iterable[tuple[str, str]] = ()
) -> Withdrawn:
    """Take a photo back.

    Args:
        storage: the training bucket.
        image_name: of a photo that was taken in.
        who: asks for it.
        why: is kept with it.
        now: is kept with it.
        versions: every model version with the `snapshot_sha256` of its manifest.

    Raises:
        PhotoUnknown: no delivery that was taken in has it.
        StorageFailed: the storage cannot be used; the same call goes on with the rest.

    """
    with storage_failures():
        rows = {name: rows_of(storage, name) for name in taken_in(storage)}
        record = _record_of(storage, image_name) or _recorded(
            storage,
            Withdrawal(
                image_name=image_name,
                sha256=_content_of(image_name, rows),
                who=who,
                why=why,
                at=now.isoformat(timespec="seconds"),
                seen_by=tuple(_sightings(storage, image_name, versions)),
            ),
        )
        copies = {
            f"deliveries/{name}/{row['delivered']}"
            for name, delivered in rows.items()
            for row in delivered
            if row["image_name"] == image_name or row["sha256"] == record.sha256
        }
        # A delivery that was begun and never finished has its photos by their hash, too.
        copies |= {path for root in ("photos/", "deliveries/") for path in storage.list(root) if record.sha256 in path}
        erased = sum(erase(storage, path) for path in sorted(copies))
        return Withdrawn(record=record, erased=erased, look_alikes=_look_alikes(storage, image_name, list(rows)))


def versions_in(registry: Storage) -> list[tuple[str, str]]:
    """Return each model version of a registry with its package's `snapshot_sha256`.

    Raises:
        StorageFailed: the registry cannot be read just now.

    """
    with storage_failures():
        manifests = (registry.read(path) for path in registry.list("versions/") if path.endswith("/manifest.json"))
        packages = [json.loads(found.data) for found in manifests if found]
    return [(package["version"], package["snapshot_sha256"]) for package in packages]


def _content_of(image_name: str, rows: dict[str, list[dict[str, str]]]) -> str:
    for delivered in rows.values():
        for row in delivered:
            if row["image_name"] == image_name and row["accepted"] == "1":
                return row["sha256"]
    raise PhotoUnknown(
        f"No delivery that was taken in has a photo {image_name!r}; nothing was changed. "
        "A photo of a delivery that is not taken in yet is taken back by removing it there."
    )


def _record_of(storage: Storage, image_name: str) -> Withdrawal | None:
    found = read_if_there(storage, _path(image_name)) if "/" not in image_name else None
    return Withdrawal.model_validate_json(found.data) if found else None


def _recorded(storage: Storage, record: Withdrawal) -> Withdrawal:
    storage.create(_path(record.image_name), record.model_dump_json(indent=1).encode(), "application/json")
    return _record_of(storage, record.image_name) or record


def _path(image_name: str) -> str:
    return f"withdrawn/{image_name}.json"


def _sightings(storage: Storage, image_name: str, versions: Iterable[tuple[str, str]]) -> Iterable[Sighting]:
    for version, snapshot_sha256 in versions:
        frozen = of_package(storage, snapshot_sha256)
        if frozen is None:
            yield Sighting(version=version, part="unknown", snapshot=None)
            continue
        for row in frozen.rows():
            if row["image_name"] == image_name:
                part = _PARTS.get(int(row["fold"]), "train")
                yield Sighting.model_validate({"version": version, "part": part, "snapshot": frozen.facts.id})


def _look_alikes(storage: Storage, image_name: str, deliveries: list[str]) -> tuple[str, ...]:
    withdrawn = {
        json.loads(found.data)["image_name"] for path in storage.list("withdrawn/") if (found := storage.read(path))
    }
    pairs = [{pair["image_a"], pair["image_b"]} for name in deliveries for pair in near_duplicates_of(storage, name)]
    return tuple(sorted({other for pair in pairs if image_name in pair for other in pair} - withdrawn))
