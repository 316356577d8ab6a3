"""What moving the registry's pointer costs those who ask meanwhile, and what following costs a cold start.

Part of `make bench`; alone: `python -m tests.bench.following`.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from functions.triage.golden import drawn_photos
from tests.contract import following
from tests.contract.emulator import EmulatorAbsent, emulator
from tests.events import event

if TYPE_CHECKING:
    from collections.abc import Callable

# One that a busy machine sustains too, so that times tell of the moves and not of a queue; and the one promised.
RATES = (50.0, 200.0)
REAL_RATE = 3.0  # the network alone takes a fifth of a second of a busy processor
REFRESH_S = 1.0
STEADY_S = 3.0
STARTS = 5


def under_load() -> Table:
    """Ask one server with a drawn network, at each rate, over every move, from a folder and from S3."""
    table = _table(f"Over moves of the pointer: one process, a drawn network, a look each {REFRESH_S:g} s")
    for rate in RATES:
        with tempfile.TemporaryDirectory() as folder:
            _add(table, "folder", following.Registry(f"{folder}/r", Path(folder), following.drawn_package), rate)
        with tempfile.TemporaryDirectory() as folder, following.bucket() as root:
            _add(table, "moto's S3", following.Registry(root, Path(folder), following.drawn_package), rate)
    return table


def real_network() -> Table:
    """Ask the model that ships, published under names of its own, over every move."""
    table = _table(f"Over moves of the pointer: one process, the network that ships, a look each {REFRESH_S:g} s")
    with tempfile.TemporaryDirectory() as folder:
        photo = drawn_photos()["large uneven spot"]
        registry = following.Registry(f"{folder}/registry", Path(folder), following.real_package, photo)
        _add(table, "folder", registry, REAL_RATE)
    return table


def cold_starts() -> Table | str:
    """Start Lambda's runtime with and without a registry, the network that ships in each."""
    table = Table("INIT REPORT durationMs", "median", "least", title=f"Cold start, {STARTS} starts of each, in turn")
    with tempfile.TemporaryDirectory() as folder, following.bucket() as root:
        folders = [Path(folder) / "in a folder", Path(folder) / "in S3"]
        for one in folders:
            one.mkdir()
        registries: dict[str, following.Registry | None] = {
            "no registry": None,
            "registry in a folder": following.Registry(f"{folders[0]}/r", folders[0], following.real_package),
            "registry in moto's S3": following.Registry(root, folders[1], following.real_package),
        }
        found: dict[str, list[float]] = {name: [] for name in registries}
        try:
            for _ in range(STARTS):
                for name, registry in registries.items():
                    with tempfile.TemporaryDirectory() as cache:  # nothing is there yet, as in a new environment
                        variables = registry.variables(60) | {"TRIAGE_CACHE_DIR": cache} if registry else {}
                        found[name].append(_init_ms(variables))
        except EmulatorAbsent as absent:
            return f"Cold start with a registry: skipped, because {absent}."
    for name, times in found.items():
        table.add_row(name, f"{statistics.median(times):,.0f}", f"{min(times):,.0f}")
    return table


def _init_ms(variables: dict[str, str]) -> float:
    with emulator(**variables) as runtime:
        runtime.invoke(event("http_default", "/v1/health"))
        (init_ms,) = runtime.init_ms()
    return init_ms


def _table(title: str) -> Table:
    table = Table(title=f"{title}; load average {os.getloadavg()[0]:.1f}", title_justify="left")
    for name in ("asked", "stretch", "answers", "failed", "mixed", "a second", "p50 ms", "p99 ms", "seen after s"):
        table.add_column(name, justify="left" if name in ("asked", "stretch") else "right")
    return table


def _add(table: Table, name: str, registry: following.Registry, rate: float) -> None:
    run = following.run(registry, rate=rate, refresh_s=REFRESH_S, steady_s=STEADY_S)
    for stretch in run.stretches:
        answers = run.of(stretch)
        times = sorted(answer.took_ms for answer in answers)
        table.add_row(
            f"{name}, {rate:.0f}/s",
            stretch.name,
            f"{len(answers)}",
            *_counts(answers, registry.is_mixed),
            f"{len(answers) / (stretch.to_s - stretch.from_s):.0f}",
            f"{statistics.median(times):,.0f}",
            f"{times[int(0.99 * (len(times) - 1))]:,.0f}",
            "" if stretch.seen_after_s is None else f"{stretch.seen_after_s:.2f}",
        )
    table.add_row(
        f"{name}, {rate:.0f}/s",
        "all of it",
        f"{len(run.answers)}",
        *_counts(run.answers, registry.is_mixed),
        end_section=True,
    )


def _counts(answers: list[following.Answer], is_mixed: Callable[[following.Answer], bool]) -> tuple[str, str]:
    failed = [answer for answer in answers if not answer.version]
    return f"{len(failed)}", f"{sum(is_mixed(answer) for answer in answers) - len(failed)}"


def main() -> None:
    """Measure and print."""
    console = Console(width=110)
    for measure in (under_load, real_network, cold_starts):
        console.print(measure())


if __name__ == "__main__":
    main()
