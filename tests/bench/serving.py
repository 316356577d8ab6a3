"""Figures of the service: cold start, warm answers, memory, requests a second. Nothing here passes or fails on time."""

from __future__ import annotations

import contextlib
import io
import json
import os
import platform
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import numpy as np
import onnxruntime
from rich.table import Table

from functions.triage.pixels import MAX_BYTES, square_pixels
from functions.triage.scorer import SHIPPED_MODEL, load_scorer
from tests.bench.pixels import PHONE, noisy_photo
from tests.contract.emulator import MEMORY_MB, ROOT, EmulatorAbsent, emulator
from tests.events import context, event
from tests.triage.photos import jpeg
from tests.triage.served import served

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

STARTS = 7
WARM_ANSWERS = 40
PHOTOS_FOR_MEMORY = 50
CLIENTS = (1, 4, 16)
LOAD_S = 8.0

COLD_START_GOAL_MS = 800
BESIDE_NETWORK_GOAL_MS = 60

_PREDICTIONS = "/v1/predictions"
_TRACED = {"TRIAGE_TRACING": "true"}

# Times the parts of a cold start from within. Without a model the handler imports all the same.
_WITHOUT_MODEL = """
import os, time
os.environ["TRIAGE_MODEL_DIR"] = "nowhere"
began = time.perf_counter()
import functions.triage.handler
imports_s = time.perf_counter() - began
from functions.triage.scorer import load_scorer
began = time.perf_counter()
load_scorer()
print(imports_s, time.perf_counter() - began)
"""
_AS_IT_IS = """
import time
began = time.perf_counter()
import functions.triage.handler
print(time.perf_counter() - began)
"""


@cache
def phone_photo() -> bytes:
    """Return a drawn JPEG of 12 megapixels."""
    photo = jpeg(noisy_photo(*PHONE), quality=85, subsampling=2)
    if len(photo) > MAX_BYTES:
        raise ValueError(f"the drawn photo has {len(photo):,} bytes, over the limit of {MAX_BYTES:,}")
    return photo


def machine() -> str:
    """Return what was measured, and on what."""
    processor = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                processor = line.partition(":")[2].strip()
                break
    card = json.loads((SHIPPED_MODEL / "card.json").read_text(encoding="utf-8"))
    load = ", ".join(f"{average:.1f}" for average in os.getloadavg())
    return (
        f"{os.cpu_count()} processors, {processor}; busy with (load averages) {load}\n"
        f"Python {platform.python_version()}, onnxruntime {onnxruntime.__version__}, "
        f"model {card['version']} of {card['input_size']} x {card['input_size']} pixels\n"
        f"photo: drawn, {PHONE[0]} x {PHONE[1]} pixels, JPEG of {len(phone_photo()) / 1e6:.1f} MB"
    )


@dataclass
class _Starts:
    init_ms: list[float] = field(default_factory=list)
    answer_ms: list[float] = field(default_factory=list)
    whole_ms: list[float] = field(default_factory=list)

    def add(self, **environment: str) -> None:
        """Start the runtime once and ask it for a photo."""
        with emulator(**environment) as runtime:
            runtime.invoke(event("http_default", _PREDICTIONS, phone_photo()))
            (init_ms,), (whole_ms,) = runtime.init_ms(), runtime.durations_ms()
        self.init_ms.append(init_ms)
        self.whole_ms.append(whole_ms)
        self.answer_ms.append(whole_ms - init_ms)


def cold_starts() -> Table | str:
    """Start the handler in the Lambda runtime and ask for a first answer, several times."""
    table = _table(
        f"Cold start in the Lambda runtime emulator, {STARTS} starts; goal: all of it under {COLD_START_GOAL_MS} ms",
        "milliseconds: median (least)",
        "no traces",
        "TRIAGE_TRACING=true",
    )
    plain, traced = _Starts(), _Starts()
    try:
        for _ in range(STARTS):  # in turn, so that a busy minute is shared
            plain.add()
            traced.add(**_TRACED)
    except EmulatorAbsent as absent:
        return f"Cold start: skipped, because {absent}."
    rows = {
        "INIT REPORT durationMs: interpreter, imports, model": "init_ms",
        "first answer": "answer_ms",
        "all of it, as the first request sees it": "whole_ms",
    }
    for name, figures in rows.items():
        table.add_row(name, _ms(getattr(plain, figures)), _ms(getattr(traced, figures)))
    return table


def cold_start_parts() -> Table:
    """Time the imports and the model of fresh interpreters, each alone and as the handler does them."""
    table = _table(
        f"Parts of a cold start, {STARTS} fresh interpreters of each",
        "milliseconds: median (least)",
        "no traces",
        "TRIAGE_TRACING=true",
    )
    parts: tuple[list[list[float]], ...] = ([], [])
    for _ in range(STARTS):
        for environment, found in zip(({}, _TRACED), parts, strict=True):
            found.append(_said(_WITHOUT_MODEL, environment) + _said(_AS_IT_IS, environment))
    columns = [[_ms(figures) for figures in zip(*found, strict=True)] for found in parts]
    names = ("imports alone", "model alone: hashed, read, made ready", "both, as the handler does them")
    for name, *figures in zip(names, *columns, strict=True):
        table.add_row(name, *figures)
    return table


def _said(code: str, environment: dict[str, str]) -> list[float]:
    """Run code in a fresh interpreter and return the seconds that it prints, in milliseconds."""
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        # Outside of Lambda, as it thinks, the tracer takes another and much longer way.
        env={
            **os.environ,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(MEMORY_MB),
            "LAMBDA_TASK_ROOT": str(ROOT),
            **environment,
        },
    )
    return [1e3 * float(seconds) for seconds in ran.stdout.split()]


def warm_handler() -> Table:
    """Time the handler and the bare network in turn, in this process, on one thread each: a function's default."""
    with contextlib.redirect_stdout(io.StringIO()):  # the log lines, which are part of an answer
        from functions.triage.handler import handler

        scorer = load_scorer(threads=1)
        photo = phone_photo()
        asked, told = event("http_default", _PREDICTIONS, photo), context()
        square = square_pixels(photo, scorer.card.input_size)[np.newaxis].astype(np.float32)
        inputs = {scorer.session.get_inputs()[0].name: square}
        whole_ms, network_ms = _in_turn(lambda: handler(asked, told), lambda: scorer.session.run(["logits"], inputs))
    beside_ms = [whole - network for whole, network in zip(whole_ms, network_ms, strict=True)]
    table = _table(
        f"Warm answer, {WARM_ANSWERS} of each in turn; goal: all but the network at most {BESIDE_NETWORK_GOAL_MS} ms",
        "milliseconds",
        "median",
        "least",
    )
    table.add_row("handler: event in, answer out", *_median_and_least(whole_ms))
    table.add_row("onnxruntime alone, same network, threads and process", *_median_and_least(network_ms))
    least = min(whole_ms) - min(network_ms)
    table.add_row("difference: all but the network", f"{statistics.median(beside_ms):.1f}", f"{least:.1f}")
    return table


def _in_turn(*measured: Callable[[], object]) -> list[list[float]]:
    """Return the milliseconds of each call, after three rounds to warm up."""
    warm_up = 3
    times: list[list[float]] = [[] for _ in measured]
    for _ in range(warm_up + WARM_ANSWERS):
        for call, found in zip(measured, times, strict=True):
            began = time.perf_counter()
            call()
            found.append(1e3 * (time.perf_counter() - began))
    return [found[warm_up:] for found in times]


def memory() -> Table | str:
    """Ask the runtime for many photos, and look at the most memory that its process ever held."""
    table = _table("Peak memory of the runtime's process (VmHWM)", "after", "MiB")
    asked = event("http_default", _PREDICTIONS, phone_photo())
    try:
        with emulator() as runtime:
            runtime.invoke(event("http_default", "/v1/health"))
            table.add_row("the start", f"{runtime.peak_memory_mib():,.0f}")
            for _ in range(PHOTOS_FOR_MEMORY):
                runtime.invoke(asked)
            table.add_row(f"{PHOTOS_FOR_MEMORY} photos", f"{runtime.peak_memory_mib():,.0f}")
    except EmulatorAbsent as absent:
        return f"Memory: skipped, because {absent}."
    return table


@dataclass
class _Answers:
    """What clients saw; each list and count is written under the lock."""

    milliseconds: list[float] = field(default_factory=list)
    failures: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


def load() -> Table:
    """Ask `python -m functions serve` as fast as it answers, over loopback, from several clients at once."""
    table = _table(
        f"Requests over loopback to python -m functions serve, {LOAD_S:.0f} s each",
        "clients",
        "answers",
        "failures",
        "answers a second",
        "median ms",
        "95 % within ms",
    )
    with served() as server:
        url = f"{server.address}{_PREDICTIONS}"
        _ask_until(url, time.perf_counter() + 1.0, _Answers())
        for clients in CLIENTS:
            answers = _Answers()
            began = time.perf_counter()
            threads = [threading.Thread(target=_ask_until, args=(url, began + LOAD_S, answers)) for _ in range(clients)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            took_s = time.perf_counter() - began
            in_order = sorted(answers.milliseconds) or [float("nan")]
            table.add_row(
                str(clients),
                str(len(answers.milliseconds)),
                str(answers.failures),
                f"{len(answers.milliseconds) / took_s:.1f}",
                f"{statistics.median(in_order):,.0f}",
                f"{in_order[int(0.95 * (len(in_order) - 1))]:,.0f}",
            )
    return table


def _ask_until(url: str, end: float, answers: _Answers) -> None:
    with httpx2.Client(timeout=60) as client:
        while time.perf_counter() < end:
            began = time.perf_counter()
            try:
                response = client.post(url, content=phone_photo(), headers={"Content-Type": "image/jpeg"})
                is_answer = response.status_code == 200
            except httpx2.HTTPError:
                is_answer = False
            took_ms = 1e3 * (time.perf_counter() - began)
            with answers.lock:
                if is_answer:
                    answers.milliseconds.append(took_ms)
                else:
                    answers.failures += 1


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", min_width=80)
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if index == 0 else "right")
    return table


def _ms(figures: Sequence[float]) -> str:
    return f"{statistics.median(figures):,.0f} ({min(figures):,.0f})"


def _median_and_least(figures: Sequence[float]) -> tuple[str, str]:
    return f"{statistics.median(figures):.1f}", f"{min(figures):.1f}"
