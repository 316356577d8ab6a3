"""The photos of one batch to one part: read, answered, and kept by their content."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from functions.batches.run import Batch, Done, Line
from functions.common.problems import PhotoRejected, PhotoUnopened
from functions.common.storage import read_if_there
from functions.triage.answer import answer_photo
from functions.triage.pixels import MAX_BYTES

if TYPE_CHECKING:
    from functions.batches.run import Item
    from functions.common.storage import Storage
    from functions.triage.scorer import Scorer

# Reading waits for the network, so several photos are read while one is scored.
_READERS = 8


def judge(batch: Batch, name: str, photos: Storage, runs: Storage, scorer: Scorer) -> Done:
    """Judge a batch, or find that its photos were judged before, and say where the answers lie.

    Args:
        batch: the photos, and what was told beside each.
        name: `<run>/done/<batch>.json`, written last.
        photos: where the photos lie.
        runs: where runs are kept.
        scorer: the loaded model.

    Raises:
        OSError: when photos cannot be read or answers written just now; the batch can be tried again.

    """
    with ThreadPoolExecutor(_READERS) as readers:
        found = list(readers.map(lambda item: _read(photos, item.photo), batch.items))
    part = f"parts/{_digest(batch, found, scorer)}.jsonl"
    lines = _known(runs, part) or [_judged(item, data, scorer) for item, data in zip(batch.items, found, strict=True)]
    runs.create(part, "".join(f"{line.model_dump_json()}\n" for line in lines).encode(), "application/jsonl")
    rejected = sum(line.rejected is not None for line in lines)
    done = Done(part=part, judged=len(lines) - rejected, rejected=rejected)
    runs.create(name, done.model_dump_json().encode(), "application/json")
    return done


def lines_of(data: bytes) -> list[Line]:
    """Return the lines of a part."""
    return [Line.model_validate_json(line) for line in data.splitlines()]


def _read(photos: Storage, path: str) -> bytes | None:
    try:
        return photos.read_start(path, MAX_BYTES + 1)
    except (FileNotFoundError, IsADirectoryError):
        return None


def _digest(batch: Batch, found: list[bytes | None], scorer: Scorer) -> str:
    """Return what names the answers: other photos, other facts or another model make another name."""
    digest = hashlib.sha256(scorer.sha256.encode())
    for item, data in zip(batch.items, found, strict=True):
        digest.update(item.model_dump_json().encode())
        digest.update(b"absent" if data is None else hashlib.sha256(data).digest())
    return digest.hexdigest()


def _known(runs: Storage, part: str) -> list[Line]:
    content = read_if_there(runs, part)
    return lines_of(content.data) if content else []


def _judged(item: Item, photo: bytes | None, scorer: Scorer) -> Line:
    if photo is None:
        return _rejected(item, None, PhotoUnopened("There is no such file at the photos' address."))
    sha256 = hashlib.sha256(photo).hexdigest()
    try:
        answer, _ = answer_photo(photo, scorer, prediction_id=sha256, request_id=sha256, person=item.person)
    except PhotoRejected as rejection:
        return _rejected(item, sha256, rejection)
    return Line(
        photo=item.photo,
        sha256=sha256,
        rejected=None,
        detail=None,
        score=answer.score,
        probability=answer.probability,
        risk_band=answer.risk_band,
        reasons=tuple(answer.reasons),
        diagnoses=answer.diagnoses,
        domain=answer.domain.kind,
        model=answer.model.version,
    )


def _rejected(item: Item, sha256: str | None, rejection: PhotoRejected) -> Line:
    return Line(photo=item.photo, sha256=sha256, rejected=rejection.code, detail=rejection.detail)
