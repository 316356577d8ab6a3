"""Requests at a steady rate to `python -m functions serve` while the registry's pointer moves: who answered, and how.

Requests leave when they are due, whether or not those before were answered, and their time counts from then: a server
that stops for a moment shows in the times of all that were due meanwhile.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import json
import logging
import os
import shutil
import tempfile
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import httpx2

from functions.common.signing import LocalSigner, new_local_key
from functions.common.storage import open_storage
from functions.registry.moves import promote, roll_back
from functions.registry.versions import publish
from functions.triage.answer import answer_photo
from functions.triage.scorer import SHIPPED_MODEL, load_scorer
from tests.registry import packages
from tests.triage.photos import picture, png
from tests.triage.served import served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PATIENCE_S = 60.0
_MOST_IN_FLIGHT = 64
_MODEL_EACH = 10  # so many predictions, then the model's card is asked for
_ANY_ACCOUNT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
}
_SAME = 2e-6  # answers are rounded to six digits


def small_photo() -> bytes:
    """Return a photo that costs little to read, so that one process can answer many."""
    return png(picture().resize((134, 100)))


@contextmanager
def bucket() -> Iterator[str]:
    """Keep moto's server on loopback, where a child finds it too, and yield a fresh prefix of a bucket in it."""
    import boto3
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        with patch.dict(os.environ, {"AWS_ENDPOINT_URL": f"http://{host}:{port}", **_ANY_ACCOUNT}):
            boto3.client("s3").create_bucket(Bucket="models")
            yield f"s3://models/{uuid.uuid4().hex}"  # moto keeps one memory for all of its servers in a process
    finally:
        server.stop()


def drawn_package(folder: Path, number: int) -> Path:
    """Write `v<number>` of the drawn network, with answers of its own."""
    return packages.write(folder, number)


def real_package(folder: Path, number: int) -> Path:
    """Write `v<number>` of the model that ships; only its name differs."""
    shutil.copytree(SHIPPED_MODEL, folder)
    card = json.loads((folder / "card.json").read_text("utf-8"))
    (folder / "card.json").write_text(json.dumps({**card, "version": f"v{number}"}), "utf-8")
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    hashes = {**manifest["sha256"], "card.json": hashlib.sha256((folder / "card.json").read_bytes()).hexdigest()}
    changed = {**manifest, "version": f"v{number}", "sha256": hashes}
    (folder / "manifest.json").write_text(json.dumps(changed), "utf-8")
    return folder


@dataclass
class Registry:
    """A registry with `v1` promoted, `v2` ready, and `v3` with a model that is cut short.

    Args:
        root: folder or s3://bucket/prefix.
        folder: for packages, keys and caches.
        package: writes a version's package.
        photo: what is asked.

    """

    root: str
    folder: Path
    package: Callable[[Path, int], Path]
    photo: bytes = field(default_factory=small_photo)
    expected: dict[str, tuple[str, float | None]] = field(default_factory=dict)  # by version: its hash, its probability
    moves: int = 0

    def __post_init__(self) -> None:
        """Publish the three, and promote the first."""
        self.storage = open_storage(self.root)
        self.public_key = new_local_key(self.folder / "key.pem")
        for number in (1, 2, 3):
            package = self.package(self.folder / f"package{number}", number)
            publish(self.storage, package, LocalSigner(self.folder / "key.pem"))
            scorer = load_scorer(package)
            answer, _ = answer_photo(self.photo, scorer, prediction_id="", request_id="")
            self.expected[f"v{number}"] = scorer.sha256, answer.probability
        model = "versions/v3/model.onnx"
        whole = self.storage.read(model)
        assert whole is not None
        self.storage.replace(model, whole.data[: len(whole.data) // 2], whole.etag)
        self.promote("v1")

    def promote(self, version: str) -> None:
        """Promote, unchecked."""
        promote(self.storage, version, verdict=None, **self._told())

    def roll_back(self) -> None:
        """Go back to the one before, unchecked."""
        roll_back(self.storage, None, **self._told())

    def variables(self, refresh_s: float) -> dict[str, str]:
        """Return the settings of a server that follows."""
        return {
            "TRIAGE_REGISTRY_ROOT": self.root,
            "TRIAGE_REGISTRY_PUBLIC_KEY": self.public_key.decode(),
            "TRIAGE_REFRESH_S": str(refresh_s),
            "TRIAGE_CACHE_DIR": str(self.folder / "cache"),
            "TRIAGE_THREADS": "1",
        }

    def is_mixed(self, answer: Answer) -> bool:
        """Return whether the parts of an answer do not belong to one version."""
        sha256, probability = self.expected.get(answer.version, ("", None))
        return answer.sha256 != sha256 or not (answer.is_card or _is_same(answer.probability, probability))

    def _told(self) -> dict[str, Any]:
        self.moves += 1
        now = dt.datetime(2026, 5, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=self.moves)
        return {"who": "ann", "why": "a test", "now": now, "check": lambda _: None}


@dataclass(frozen=True)
class Answer:
    """One answer: when its request was due, how long it took from then, and what it said; a failure has no version."""

    due_s: float
    took_ms: float
    version: str = ""
    sha256: str = ""
    probability: float | None = None
    is_card: bool = False


def _is_same(one: float | None, other: float | None) -> bool:
    return one is other if one is None or other is None else abs(one - other) <= _SAME


@dataclass(frozen=True)
class Stretch:
    """A part of a run: its name, its begin and end, and how long a move took to be seen."""

    name: str
    from_s: float
    to_s: float
    seen_after_s: float | None = None


@dataclass(frozen=True)
class Run:
    """All answers, and the stretches they fall into."""

    answers: list[Answer]
    stretches: list[Stretch]

    def of(self, stretch: Stretch) -> list[Answer]:
        """Return the answers that came in a stretch."""
        return [one for one in self.answers if stretch.from_s <= one.due_s + one.took_ms / 1e3 < stretch.to_s]


def run(registry: Registry, *, rate: float, refresh_s: float, steady_s: float) -> Run:
    """Ask `rate` times a second over a promotion, a bad promotion, and two roll-backs.

    Args:
        registry: whose pointer moves.
        rate: requests a second.
        refresh_s: how often the server looks at the pointer.
        steady_s: seconds of quiet before the first move, and after each.

    """
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as said,
        served(said, **registry.variables(refresh_s)) as server,
    ):
        return asyncio.run(_Asker(registry, server.address, said.fileno(), rate, steady_s).run())


@dataclass
class _Asker:
    registry: Registry
    address: str
    said: int  # descriptor of the file that the server writes to
    rate: float
    steady_s: float
    answers: list[Answer] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)
    began_s: float = 0.0
    is_over: bool = False

    async def run(self) -> Run:
        # The server closes idle connections after five seconds; one that it closes just now is not to be used.
        limits = httpx2.Limits(max_connections=_MOST_IN_FLIGHT, keepalive_expiry=2.0)
        async with httpx2.AsyncClient(base_url=self.address, timeout=PATIENCE_S, limits=limits) as client:
            for _ in range(3):
                await self._ask(client, 0, self._now())  # the first answers make ready what is made once
            self.answers.clear()
            self.began_s = time.perf_counter()
            asking = asyncio.create_task(self._keep_asking(client))
            await asyncio.sleep(self.steady_s)
            self.stretches.append(Stretch("before any move", 0.0, self._now()))
            registry = self.registry
            await self._move("promotion", lambda: registry.promote("v2"), self._answers_from("v2"))
            await self._move("bad promotion", lambda: registry.promote("v3"), self._tells("ModelRefused"))
            await self._move("back from it", registry.roll_back, self._tells("ModelFollowed"))
            await self._move("roll-back", registry.roll_back, self._answers_from("v1"))
            self.is_over = True
            await asking
        return Run(self.answers, self.stretches)

    async def _keep_asking(self, client: httpx2.AsyncClient) -> None:
        async with asyncio.TaskGroup() as group:
            number = 0
            while not self.is_over:
                due_s = number / self.rate
                await asyncio.sleep(due_s - self._now())
                group.create_task(self._ask(client, number, due_s))
                number += 1

    async def _ask(self, client: httpx2.AsyncClient, number: int, due_s: float) -> None:
        is_card = number % _MODEL_EACH == _MODEL_EACH - 1
        said: dict[str, Any] = {}
        try:
            if is_card:
                told = (await client.get("/v1/model")).raise_for_status().json()
                said = {"version": told["card"]["version"], "sha256": told["sha256"]}
            else:
                headers = {"Content-Type": "image/png"}
                answer = await client.post("/v1/predictions", content=self.registry.photo, headers=headers)
                told = answer.raise_for_status().json()
                said = {**told["model"], "probability": told["probability"]}
        except httpx2.HTTPError:
            pass  # it has no version
        self.answers.append(Answer(due_s, 1e3 * (self._now() - due_s), is_card=is_card, **said))

    async def _move(self, name: str, move: Callable[[], None], seen: Callable[[], bool]) -> None:
        from_s = self._now()
        await asyncio.to_thread(move)
        moved_s = self._now()
        while not seen():
            if self._now() - moved_s > PATIENCE_S:
                raise TimeoutError(f"the {name} was not seen within {PATIENCE_S:g} s")
            await asyncio.sleep(0.01)
        seen_after_s = self._now() - moved_s
        await asyncio.sleep(self.steady_s)
        self.stretches.append(Stretch(name, from_s, self._now(), seen_after_s))

    def _answers_from(self, version: str) -> Callable[[], bool]:
        since = len(self.answers)
        return lambda: any(answer.version == version for answer in self.answers[since:])

    def _tells(self, metric: str) -> Callable[[], bool]:
        before = self._count(metric)
        return lambda: self._count(metric) > before

    def _count(self, metric: str) -> int:
        return os.pread(self.said, os.fstat(self.said).st_size, 0).count(f'"{metric}": ['.encode())

    def _now(self) -> float:
        return time.perf_counter() - self.began_s
