"""What one run learns from, frozen: who trains, who chooses and who judges, photo by photo, never changed again.

    snapshots/<id>/manifest.csv          a row a photo: ISIC's columns, `path` in the bucket, `fold`, hash, S3 version
    snapshots/<id>/near_duplicates.csv   pairs of its photos that look alike
    snapshots/<id>/photos.manifest       the photos as SageMaker's ManifestFile, for the job's channel
    snapshots/<id>/snapshot.json         the facts and the hashes of the others; comes last
    test-sets/v1.csv                     the rows that judge, frozen at the first snapshot of a major version

A model package names its snapshot by `training.card.snapshot_sha256` of the rows it read; `snapshot.json` holds that
same hash, worked out from the manifest as a training will read it, so that a package leads to its photos.

Photos are tied by lesion, patient or group, and as copies of each other. Those tied to a test photo are left out, and
so are those that are no copies of one and yet look like it; those tied to a choosing photo choose. A photo keeps the
fold it once had.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from functions.common.storage import BucketStorage
from training.card import snapshot_sha256
from training.deliveries import (
    MAJOR,
    near_duplicates_of,
    rows_of,
    storage_failures,
    taken_in,
    test_set_path,
    withdrawn_in,
)
from training.delivery_reading import COLUMNS, read_back, written
from training.delivery_rules import CHOOSE_FOLD, TEST_FOLD, TRAIN_FOLDS
from training.errors import SnapshotInvalid
from training.evaluate import lesions_of
from training.likeness import COPY_BITS
from training.manifest import MALIGNANT, code_of, read_manifest
from training.object_versions import latest_versions
from training.splits import deal_folds, groups, refuse_leak

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from functions.common.storage import FolderStorage, Storage
    from training.progress import Bar

_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}")
_FOLDS = (*TRAIN_FOLDS, CHOOSE_FOLD, TEST_FOLD)
_FROZEN = (*COLUMNS, "sha256", "version_id")
_TEST_SET = (*COLUMNS, "sha256", "likeness")
_PAIR = ("image_a", "image_b", "bits")
_MANIFEST, _PAIRS, _CHANNEL, _FACTS = "manifest.csv", "near_duplicates.csv", "photos.manifest", "snapshot.json"
_MOST_SHOWN = 5


class Snapshot(BaseModel):
    """The facts of a snapshot.

    `new_since` is the champion's snapshot where it is known; `new_photos` counts the photos that train or choose and
    did neither there, all where it is not known. `left_out` counts the photos tied to the test set.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    id: str
    created: str  # RFC 3339, UTC
    manifest_sha256: str
    near_duplicates_sha256: str
    # `training.card.snapshot_sha256` of the manifest, by which a model package names its snapshot.
    snapshot_sha256: str
    major: int
    folds: dict[str, list[int]]
    photos: int
    lesions: int
    photos_by_part: dict[str, int]
    deliveries: tuple[str, ...]
    left_out: int
    withdrawn: int
    new_since: str | None
    new_photos: int


@dataclass(frozen=True)
class Frozen:
    """A snapshot read back: its facts, and the bytes of its manifest and of its near-duplicates."""

    facts: Snapshot
    manifest: bytes
    near_duplicates: bytes

    def rows(self) -> list[dict[str, str]]:
        """Return a row a photo, all values as text."""
        return read_back(self.manifest)


def freeze(storage: Storage, *, now: dt.datetime, champion: str = "") -> Snapshot:
    """Freeze what was taken in, and return the snapshot.

    Where nothing changed since the last snapshot, of the same champion, that one is returned.

    Args:
        storage: the training bucket, `deliveries.take_in` done.
        now: becomes part of the snapshot's id.
        champion: `snapshot_sha256` of the package that serves; empty where it is not known.

    Raises:
        SnapshotInvalid: nothing was taken in, or no test set can be made of it.
        SplitLeaks: a lesion, patient or near-duplicate would straddle; a fault of this module.
        StorageFailed: the storage cannot be used just now.

    """
    with storage_failures():
        earlier = snapshots(storage)
        last = read_snapshot(storage, earlier[-1]) if earlier else None
        table, pairs, left_out, withdrawn = _dealt(storage, last)
        parts = _parts(table)
        empty = [name for name, part in parts.items() if part.empty]
        if empty:
            raise SnapshotInvalid(
                f"No photo is there to {' and to '.join(empty)}; folds {TRAIN_FOLDS[0]} to {TRAIN_FOLDS[-1]} train, "
                f"{CHOOSE_FOLD} chooses, {TEST_FOLD} tests. Deliver some with these folds, or more without."
            )
        versions = latest_versions(storage, "photos/")
        gone = [path for path in table["path"] if path not in versions]
        if gone:
            raise SnapshotInvalid(f"{len(gone)} photo(s) are not in the bucket: {', '.join(gone[:_MOST_SHOWN])}")
        table["version_id"] = table["path"].map(versions)
        manifest = written(_records(table), _FROZEN)
        near_duplicates = written(pairs, _PAIR)
        compared = _named(storage, champion, earlier)
        before = compared.facts.id if compared else None
        digest = hashlib.sha256(manifest).hexdigest()
        if last and (last.facts.manifest_sha256, last.facts.new_since) == (digest, before):
            return last.facts
        facts = Snapshot(
            id=f"{now.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}-{digest[:8]}",
            created=now.isoformat(timespec="seconds"),
            manifest_sha256=digest,
            near_duplicates_sha256=hashlib.sha256(near_duplicates).hexdigest(),
            snapshot_sha256=_hash_in_cards(manifest),
            major=MAJOR,
            folds={"train": list(TRAIN_FOLDS), "choose": [CHOOSE_FOLD], "test": [TEST_FOLD]},
            photos=len(table),
            lesions=len(set(lesions_of(table))),
            photos_by_part={name: len(part) for name, part in parts.items()},
            deliveries=tuple(taken_in(storage)),
            left_out=left_out,
            withdrawn=withdrawn,
            new_since=before,
            new_photos=len(_learned(_records(table)) - _learned(compared.rows() if compared else [])),
        )
        _write(storage, facts, manifest, near_duplicates)
    return facts


def snapshots(storage: Storage) -> list[str]:
    """Return the ids of the finished snapshots, oldest first."""
    ends = f"/{_FACTS}"
    return sorted(path.split("/")[1] for path in storage.list("snapshots/") if path.endswith(ends))


def read_snapshot(storage: Storage, snapshot: str) -> Frozen:
    """Read a snapshot back.

    Raises:
        SnapshotInvalid: there is none of that id, or a byte of it has changed.
        OSError: the storage cannot be read just now.

    """
    if not _ID.fullmatch(snapshot):
        raise SnapshotInvalid(f"{snapshot!r} is no snapshot's id, such as 20261123T060000Z-1f2e3d4c")
    try:
        facts = Snapshot.model_validate_json(_content(storage, f"snapshots/{snapshot}/{_FACTS}"))
        frozen = Frozen(facts, *(_content(storage, f"snapshots/{snapshot}/{name}") for name in (_MANIFEST, _PAIRS)))
    except FileNotFoundError as error:
        raise SnapshotInvalid(f"Snapshot {snapshot}: there is no such file: {error}") from error
    except ValidationError as error:
        raise SnapshotInvalid(f"Snapshot {snapshot}: {_FACTS} is not what was written: {error}") from error
    said = [
        f"{name} has the hash {found}, and was frozen with {wanted}"
        for name, data, wanted in (
            (_MANIFEST, frozen.manifest, facts.manifest_sha256),
            (_PAIRS, frozen.near_duplicates, facts.near_duplicates_sha256),
        )
        if (found := hashlib.sha256(data).hexdigest()) != wanted
    ]
    if facts.id != snapshot or not snapshot.endswith(facts.manifest_sha256[:8]):
        said.append(f"{_FACTS} is that of {facts.id}")
    if said:
        raise SnapshotInvalid(f"Snapshot {snapshot} has changed: {'; '.join(said)}.")
    return frozen


def of_package(storage: Storage, snapshot_sha256: str) -> Frozen | None:
    """Return the snapshot that a model package names by `snapshot_sha256`; None where this bucket has no such.

    Raises:
        OSError: the storage cannot be read just now.

    """
    return _named(storage, snapshot_sha256, snapshots(storage))


def materialise(storage: Storage, snapshot: str, into: Path, bar: Bar, *, only: Container[int] | None = None) -> Path:
    """Write a snapshot as the folder that a training reads, as SageMaker's channel would lay it out.

    `manifest.csv` comes last, `photos/` and `near_duplicates.csv` before it; photos that are there already are kept.
    The manifest is whole also where `only` the photos of some folds are wanted.

    Returns:
        `into`.

    Raises:
        SnapshotInvalid: the snapshot has changed, or a photo of it has changed or is gone; all are named.
        StorageFailed: the storage cannot be read just now.

    """
    with storage_failures():
        frozen = read_snapshot(storage, snapshot)
        (into / "photos").mkdir(parents=True, exist_ok=True)
        said: list[str] = []
        rows = [row for row in frozen.rows() if only is None or int(row["fold"]) in only]
        with bar("photos of the snapshot", len(rows)) as advance:
            for done, row in enumerate(rows, start=1):
                said += _placed(storage, row, into)
                advance(done)
    if said:
        shown = "".join(f"\n  {one}" for one in said[:_MOST_SHOWN])
        raise SnapshotInvalid(f"Snapshot {snapshot} cannot be trained from, {len(said)} photo(s) are amiss:{shown}")
    (into / _PAIRS).write_bytes(frozen.near_duplicates)
    (into / _MANIFEST).write_bytes(frozen.manifest)
    return into


def _placed(storage: Storage, row: dict[str, str], into: Path) -> Iterator[str]:
    """Write one photo, and yield what is amiss with it."""
    file = into / "photos" / Path(row["path"]).name
    if file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == row["sha256"]:
        return
    try:
        photo = _content(storage, row["path"])
    except FileNotFoundError:
        yield f"{row['image_name']}: {row['path']} is gone, perhaps withdrawn"
        return
    if hashlib.sha256(photo).hexdigest() != row["sha256"]:
        yield f"{row['image_name']}: {row['path']} has changed"
        return
    file.write_bytes(photo)


def _dealt(storage: Storage, last: Frozen | None) -> tuple[pd.DataFrame, list[dict[str, str]], int, int]:
    """Return the rows with their folds, the near-duplicates among them, and how many are left out and withdrawn."""
    deliveries = taken_in(storage)
    rows = [row for name in deliveries for row in rows_of(storage, name) if row["accepted"] == "1"]
    if not rows:
        raise SnapshotInvalid("No photo was taken in yet. Deliver some: python -m training deliver --help")
    alike = [pair for name in deliveries for pair in near_duplicates_of(storage, name)]
    copies = [pair for pair in alike if int(pair["bits"]) <= COPY_BITS]
    table = pd.DataFrame(rows)
    # Withdrawn photos still tell which of the others belong together.
    group = groups(table, [(pair["image_a"], pair["image_b"]) for pair in copies])
    withdrawn = withdrawn_in(storage)
    is_withdrawn = table["image_name"].isin(withdrawn) | table["sha256"].isin(set(withdrawn.values()))

    test = _test_names(storage, table[~is_withdrawn], group)
    is_test = table["image_name"].isin(test)
    looks_like_test = {name for pair in alike if test & set(_names(pair)) for name in _names(pair)}
    is_tied = group.isin(group[is_test | table["image_name"].isin(looks_like_test)]) & ~is_test
    stays = ~is_withdrawn & ~is_tied
    folds = _folds(table, group, last)
    folds[is_test] = TEST_FOLD
    kept = table[stays].assign(fold=folds[stays].astype(str))
    refuse_leak(_parts(kept), group)
    names = set(kept["image_name"])
    known = [pair for pair in copies if names.issuperset(_names(pair))]
    return kept, known, int((is_tied & ~is_withdrawn).sum()), int(is_withdrawn.sum())


def _names(pair: dict[str, str]) -> tuple[str, str]:
    return pair["image_a"], pair["image_b"]


def _test_names(storage: Storage, table: pd.DataFrame, group: pd.Series) -> set[str]:
    """Return the names of the frozen test set, which is made and frozen where there is none yet."""
    path = test_set_path(MAJOR)
    try:
        return {row["image_name"] for row in read_back(_content(storage, path))}
    except FileNotFoundError:
        pass
    given = table["fold"] != ""
    if given.any():
        test = table[table["fold"] == str(TEST_FOLD)]
    else:
        codes = table.assign(diagnosis=table["diagnosis"].map(code_of))
        test = table[deal_folds(codes, group.loc[table.index], len(_FOLDS)) == TEST_FOLD]
    malignant = test["diagnosis"].map(code_of).isin(MALIGNANT)
    if not malignant.any() or malignant.all():
        source = f"given for fold {TEST_FOLD}" if given.any() else "dealt"
        raise SnapshotInvalid(
            f"The test set would be {len(test):,} photos ({source}), {int(malignant.sum()):,} of them malignant; it "
            "is frozen for good and needs malignant and benign ones. Deliver more, or give them folds."
        )
    storage.create(path, written(_records(test.assign(fold=str(TEST_FOLD))), _TEST_SET), "text/csv")
    return {row["image_name"] for row in read_back(_content(storage, path))}  # of two at once, the first stands


def _folds(table: pd.DataFrame, group: pd.Series, last: Frozen | None) -> pd.Series:
    """Return each row's fold: as given, else as it was, else as its group's, else dealt; test photos apart.

    A group with a choosing photo chooses as a whole.
    """
    before = {row["image_name"]: row["fold"] for row in (last.rows() if last else [])}
    known = table["fold"].where(table["fold"] != "", table["image_name"].map(before).fillna(""))
    numbers = pd.to_numeric(known.where(~known.isin(["", str(TEST_FOLD)]), None))
    of_group = numbers.groupby(group).transform("min")
    chooses = numbers.eq(CHOOSE_FOLD).groupby(group).transform("any")
    folds = numbers.fillna(of_group).where(~chooses, CHOOSE_FOLD)
    fresh = folds.isna()
    if fresh.any():
        codes = table[fresh].assign(diagnosis=table[fresh]["diagnosis"].map(code_of))
        folds[fresh] = deal_folds(codes, group[fresh], len(_FOLDS) - 1)
    return folds.astype("int64")


def _parts(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    folds = table["fold"].astype(int)
    sets = {"train": TRAIN_FOLDS, "choose": (CHOOSE_FOLD,), "test": (TEST_FOLD,)}
    return {name: table[folds.isin(numbers)] for name, numbers in sets.items()}


def _records(table: pd.DataFrame) -> list[dict[str, str]]:
    return [{str(column): value for column, value in row.items()} for row in table.to_dict("records")]


def _learned(rows: list[dict[str, str]]) -> set[str]:
    """Return the content hashes of the photos that train or choose."""
    return {row["sha256"] for row in rows if row["fold"] != str(TEST_FOLD)}


def _named(storage: Storage, snapshot_sha256: str, ids: list[str]) -> Frozen | None:
    for one in reversed(ids) if snapshot_sha256 else ():
        facts = json.loads(_content(storage, f"snapshots/{one}/{_FACTS}"))
        if facts.get("snapshot_sha256") == snapshot_sha256:
            return read_snapshot(storage, one)
    return None


def _hash_in_cards(manifest: bytes) -> str:
    """Return the hash by which a package trained from this manifest will name it."""
    with tempfile.TemporaryDirectory() as folder:
        csv = Path(folder) / _MANIFEST
        csv.write_bytes(manifest)
        return snapshot_sha256(read_manifest(csv))


def _write(storage: Storage, facts: Snapshot, manifest: bytes, near_duplicates: bytes) -> None:
    paths = [row["path"] for row in read_back(manifest)]
    channel = json.dumps([{"prefix": _address(storage)}, *paths], indent=0).encode()
    files = (
        (_MANIFEST, manifest, "text/csv"),
        (_PAIRS, near_duplicates, "text/csv"),
        (_CHANNEL, channel, "application/json"),
        (_FACTS, facts.model_dump_json(indent=1).encode(), "application/json"),
    )
    for name, data, media_type in files:
        path = f"snapshots/{facts.id}/{name}"
        if not storage.create(path, data, media_type) and _content(storage, path) != data:
            raise SnapshotInvalid(f"{path} is there with other content: another run froze at the same second. Again.")


def _address(storage: Storage) -> str:
    """Return what SageMaker puts before each path of a ManifestFile."""
    if isinstance(storage, BucketStorage):
        return f"s3://{storage.bucket}/{storage.prefix}"
    folder: FolderStorage = storage  # type: ignore[assignment]
    return f"{folder.root.resolve().as_uri()}/"


def _content(storage: Storage, path: str) -> bytes:
    found = storage.read(path)
    if found is None:
        raise FileNotFoundError(path)
    return found.data
