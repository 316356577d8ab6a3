"""What the choosing photos measured, as the reference of the watch for drift; it travels in the model's package."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from functions.monitoring.sketch import Reference, Sketch
from functions.triage.answer import answer_photo, measured
from training.card import file_sha256

if TYPE_CHECKING:
    from collections.abc import Sequence

    from functions.triage.scorer import Scorer
    from training.progress import Bar

REFERENCE = "reference.json"
_MOST_PHOTOS = 1500
_SEED = 20261123


def reference_of(scorer: Scorer, files: Sequence[str], bar: Bar) -> Reference:
    """Answer photos as the service does, and return what was measured.

    Args:
        scorer: with the card's limits set.
        files: of the choosing photos.
        bar: see `run.train`.

    """
    random = np.random.default_rng(_SEED)
    taken = sorted(random.permutation(len(files))[:_MOST_PHOTOS])
    sketches = []
    with bar("the reference for drift", len(taken)) as advance:
        for done, place in enumerate(taken, start=1):
            found, timings = answer_photo(Path(files[place]).read_bytes(), scorer, prediction_id="", request_id="")
            one = Sketch(version=scorer.card.version)
            one.add(measured(found, timings), is_unsure=found.score is None, random=random)
            sketches.append(one)
            advance(done)
    return Reference(
        photos=len(sketches),
        unsure=sum(one.unsure for one in sketches),
        rows=[row for one in sketches for row in one.rows],
    )


def add_reference(package: Path, reference: Reference) -> None:
    """Put a reference into a finished package, and its hash into the manifest; no other file changes."""
    (package / REFERENCE).write_text(reference.model_dump_json() + "\n", encoding="utf-8")
    path = package / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    manifest["sha256"] = dict(sorted({**manifest["sha256"], REFERENCE: file_sha256(package / REFERENCE)}.items()))
    path.write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
