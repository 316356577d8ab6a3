"""Under abuse and load the service fails nobody, types every refusal, and grows no larger."""

from __future__ import annotations

import json
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from functions.triage.golden import drawn_photos
from tests.contract import abuse
from tests.contract.emulator import EmulatorAbsent, emulator, emulator_program
from tests.events import GATEWAYS, event
from tests.triage import packages
from tests.triage.served import Served, served

if TYPE_CHECKING:
    from collections.abc import Iterator

MUTATED, MUTATED_EVENTS = 10_000, 300
CLIENTS, LOAD_S = 32, 60
# By then every thread of the server's has run, and every room has read its files.
SETTLED_S = 15
MOST_GROWTH = 0.05
PNG = {"Content-Type": "image/png"}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The server with a network that takes no time."""
    package = packages.write(tmp_path_factory.mktemp("model"))
    with served(TRIAGE_MODEL_DIR=str(package)) as server:
        yield server


def memory_mib(server: Served) -> float:
    """Return the memory that a server holds, in MiB."""
    status = Path(f"/proc/{server.process.pid}/status").read_text("utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


def test_ten_thousand_mutated_requests_are_answered_or_refused_by_type(drawn: Served) -> None:
    def part(number: int) -> tuple[list[str], int]:
        client = abuse.Client(drawn.port)
        complaints, answered = [], 0
        for sent in abuse.mutated(MUTATED // 4, seed=number):
            status, headers, body = client.send(sent)
            answered += status < 400
            if told := abuse.complaint(sent, status, headers, body):
                complaints.append(told)
        client.close()
        return complaints, answered

    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(part, range(4)))
    told = [one for complaints, _ in parts for one in complaints]
    assert told == [], "\n".join(told)
    answered = sum(count for _, count in parts)
    assert MUTATED // 20 < answered < MUTATED * 19 // 20, "some are still right, most are not"
    print(f"\n{MUTATED:,} mutated requests: {answered:,} answered, {MUTATED - answered:,} refused, none failed")


def test_mutated_events_get_through_lambdas_runtime(tmp_path: Path) -> None:
    try:
        emulator_program()
    except EmulatorAbsent as absent:
        pytest.skip(f"no Lambda runtime emulator: {absent}")
    draw = random.Random(5)  # noqa: S311 - it draws tests
    package = packages.write(tmp_path / "model")
    complaints = []
    with emulator(TRIAGE_MODEL_DIR=str(package)) as runtime:
        for sent in abuse.mutated(MUTATED_EVENTS, seed=11):
            path, _, query = sent.target.partition("?")
            asked = event(draw.choice(GATEWAYS), path, sent.body, sent.headers.get("Content-Type", ""))
            if "httpMethod" in asked:
                asked["httpMethod"] = sent.method
            else:
                asked["requestContext"]["http"]["method"] = sent.method
                asked["rawQueryString"] = query
            answer = runtime.invoke(asked)
            headers = {name.lower(): value for name, value in (answer.get("headers") or {}).items()}
            body = answer["body"].encode()
            if told := abuse.complaint(sent, answer["statusCode"], headers, body):
                complaints.append(told)
    assert complaints == []


def test_what_is_not_http_is_refused_and_the_next_is_served(drawn: Served) -> None:
    for raw in abuse.BROKEN:
        found = abuse.broken(drawn.port, raw)
        assert not found or found.startswith(b"HTTP/1.1 4"), (raw[:80], found[:200])
    client = abuse.Client(drawn.port)
    assert client.send(abuse.Sent("GET", "/v1/health"))[0] == 200
    client.close()


def test_a_minute_of_32_clients_and_slow_ones_beside_them_fails_nobody_and_leaves_nothing() -> None:
    """The model that ships; the most memory of the last third is held against that of the middle one."""
    photos = list(drawn_photos().values())
    honest = [sent for sent in abuse.honest() if sent.method == "GET"]
    counts: dict[int, int] = {}
    complaints: list[str] = []
    lock = threading.Lock()

    def ask(number: int, server: Served, until: float) -> None:
        draw = random.Random(number)  # noqa: S311 - it draws tests
        client = abuse.Client(server.port)
        while time.monotonic() < until:
            photo = abuse.Sent("POST", "/v1/predictions?explain=true", PNG, draw.choice(photos))
            sent = photo if draw.random() < 0.7 else draw.choice(honest)
            status, headers, body = client.send(sent)
            told = abuse.complaint(sent, status, headers, body)
            with lock:
                counts[status] = counts.get(status, 0) + 1
                complaints.extend([told] if told else [])
        client.close()

    with served() as server, ThreadPoolExecutor(CLIENTS + 4) as pool:
        until = time.monotonic() + LOAD_S
        slow = [pool.submit(abuse.slow_body, server.port, size, 60) for size in (0, 1, 1000, 80_000)]
        asking = [pool.submit(ask, number, server, until) for number in range(CLIENTS)]
        held = []
        while time.monotonic() < until:
            held.append(memory_mib(server))
            time.sleep(0.5)
        for one in asking:
            one.result()
        answers = [one.result() for one in slow]
    assert complaints == []
    assert set(counts) == {200}
    assert [(status, json.loads(body)["code"]) for status, body in answers] == [(408, "request_too_slow")] * 4
    settled = held[len(held) * SETTLED_S // LOAD_S :]
    before, after = max(settled[: len(settled) // 2]), max(settled[len(settled) // 2 :])
    grown = after / before - 1
    print(f"\n{CLIENTS} clients, {LOAD_S} s: {sum(counts.values()):,} answers, memory {before:.0f} MiB {grown:+.1%}")
    assert grown <= MOST_GROWTH
