"""What a photo takes on this machine, for the cost card: `python -m infra.measure` writes measured.json."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from functions.common.gateway import rest_event
from functions.common.problems import every_problem
from functions.triage.advice import Reason
from functions.triage.answer import answer_photo
from functions.triage.golden import drawn_photos
from functions.triage.retries import compact
from functions.triage.scorer import SHIPPED_MODEL, load_scorer
from infra.costs import HERE, MEASURED, ONE_PROCESSOR_MB, Measured

if TYPE_CHECKING:
    from collections.abc import Iterator

_STARTS, _REPEATS = 5, 40

# Run by a process that has but the processors that Lambda would give it.
_HANDLER = """
import json, os, sys, time
began = time.perf_counter()
from functions.triage.handler import handler
started = time.perf_counter() - began
from infra.measure import asked
event, context = asked()
taken = []
for _ in range(int(sys.argv[1])):
    began = time.perf_counter()
    answer = handler(event, context)
    taken.append(time.perf_counter() - began)
assert answer["statusCode"] == 200, answer
print(json.dumps({"start": started, "taken": taken, "answer": len(answer["body"])}), file=sys.stderr)
"""
_BATCH = """
import json, os, sys, tempfile, time
from pathlib import Path
from functions.batches.judge import judge
from functions.batches.run import Batch, Item
from functions.common.storage import open_storage
from functions.triage.scorer import SHIPPED_MODEL, load_scorer
from infra.costs import BATCH_PHOTOS
from infra.measure import page_photo
scorer = load_scorer(Path(os.environ["TRIAGE_MODEL_DIR"]), threads=1)
with tempfile.TemporaryDirectory() as folder:
    photos, runs = (open_storage(f"{folder}/{name}") for name in ("photos", "runs"))
    for number in range(BATCH_PHOTOS):
        photos.create(f"{number}.jpg", page_photo(number))
    taken = []
    for number in range(4):
        items = tuple(Item(photo=f"{k}.jpg") for k in range(BATCH_PHOTOS))
        batch = Batch(photos=f"{folder}/photos", model="", items=items)
        began = time.perf_counter()
        done = judge(batch, f"done/{number}.json", photos, open_storage(f"{folder}/runs{number}"), scorer)
        taken.append((time.perf_counter() - began) / BATCH_PHOTOS)
assert done.judged == BATCH_PHOTOS, done
print(json.dumps(taken), file=sys.stderr)
"""


def page_photo(number: int = 0) -> bytes:
    """Return a drawn photo as the page sends it: 2,048 pixels wide, JPEG of quality 95."""
    noise = np.random.default_rng(number).normal(0, 6, (1536, 2048, 1))
    with Image.open(io.BytesIO(drawn_photos()["large uneven spot"])) as drawing:
        pixels = np.asarray(drawing.resize((2048, 1536))) + noise
    target = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(target, "JPEG", quality=95)
    return target.getvalue()


def asked() -> tuple[dict[str, Any], Any]:
    """Return an event that asks for a photo's judgement with its map, and a context."""
    headers = {"Host": ["measured"], "Content-Type": ["image/jpeg"]}
    event = rest_event("POST", "/v1/predictions", page_photo(), headers, {"explain": ["true"]})
    return event, SimpleNamespace(aws_request_id="measured")


@contextmanager
def credulous_model() -> Iterator[Path]:
    """Write the model that ships so that it judges drawings, too, all the way to a map."""
    with TemporaryDirectory() as folder:
        package = Path(folder) / "model"
        shutil.copytree(SHIPPED_MODEL, package)
        card = json.loads((package / "card.json").read_text("utf-8")) | dict.fromkeys(("novelty", "domain", "quality"))
        (package / "card.json").write_text(json.dumps(card), "utf-8")
        manifest = json.loads((package / "manifest.json").read_text("utf-8"))
        (package / "novelty.npz").unlink()
        del manifest["sha256"]["novelty.npz"]
        manifest["sha256"]["card.json"] = hashlib.sha256((package / "card.json").read_bytes()).hexdigest()
        (package / "manifest.json").write_text(json.dumps(manifest), "utf-8")
        yield package


def measure(package: Path) -> Measured:
    """Measure on this machine, with a model; minima of the starts, medians of the rest."""
    os.environ["TRIAGE_MODEL_DIR"] = str(package)
    one = [_ran(_HANDLER, _REPEATS, processors=1) for _ in range(_STARTS)]
    two = _ran(_HANDLER, _REPEATS, processors=2)
    batch, _ = _ran(_BATCH, 1, processors=1)
    page = HERE.parent / "functions" / "triage" / "page"
    files = [file for file in page.iterdir() if file.suffix in {".html", ".css", ".js", ".svg", ".webmanifest"}]
    told, log_bytes = one[0]
    return Measured(
        measured=dt.datetime.now(dt.UTC).date().isoformat(),
        processor=_processor(),
        one_processor_ms=round(1000 * min(statistics.median(run["taken"]) for run, _ in one), 1),
        two_processors_ms=round(1000 * statistics.median(two[0]["taken"]), 1),
        start_ms=round(1000 * min(run["start"] for run, _ in one)),
        batch_photo_ms=round(1000 * min(batch), 1),
        answer_bytes=told["answer"],
        log_bytes=log_bytes // _REPEATS,
        kept_bytes=_kept_bytes(package),
        page_bytes=sum(file.stat().st_size for file in files),
        page_requests=len(files) + 1,  # and the words
        custom_metrics=_custom_metrics(),
    )


def _ran(program: str, repeats: int, processors: int) -> tuple[Any, int]:
    """Return what a program tells on standard error, and how many bytes it wrote on standard output."""
    memory = str(processors * ONE_PROCESSOR_MB)
    done = subprocess.run(
        [sys.executable, "-c", program, str(repeats)],
        cwd=HERE.parent,
        env={**os.environ, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": memory, "OMP_NUM_THREADS": str(processors)},
        preexec_fn=lambda: os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:processors]),
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr.decode())
    return json.loads(done.stderr.splitlines()[-1]), len(done.stdout)


def _kept_bytes(package: Path) -> int:
    """Return the size of what is kept of an answer with its map: an item's names, key and times are 300 bytes."""
    scorer = load_scorer(package)
    ids = {"prediction_id": "0" * 36, "request_id": "0" * 36}
    prediction, _ = answer_photo(page_photo(), scorer, **ids, explained=True)
    return len(json.dumps(compact(prediction))) + 300


def _custom_metrics() -> int:
    """Return how many metrics of ours there are, from the places in the code that send them."""
    named = set()
    for file in (HERE.parent / "functions").rglob("*.py"):
        for call in re.findall(r"emit\(\s*\w+,\s*(\{[^}]*\})", file.read_text("utf-8")):
            named.update(re.findall(r'"([A-Z]\w+)":', call))
    bands, domains, photos = 4, 3, 4  # Band_*, Domain_*; Photos, Score and two times
    return len(named) + bands + domains + photos + len(Reason) + len(every_problem())


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "an unnamed processor"


def main() -> None:
    """Measure and write."""
    with credulous_model() as package:
        measured = measure(package)
    MEASURED.write_text(json.dumps(vars(measured), indent=1) + "\n", "utf-8")
    sys.stdout.write(MEASURED.read_text("utf-8"))


if __name__ == "__main__":
    main()
