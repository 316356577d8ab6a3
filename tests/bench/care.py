"""How fast the nearest of 200,000 places of care are found, and what the list costs to load and hold."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.table import Table

from functions.care.directory import Directory, save
from functions.care.places import Places
from functions.care.settings import SHIPPED
from tests.care.sites import many

if TYPE_CHECKING:
    from collections.abc import Callable

SITES = 200_000
_QUERIES = 300


def speed() -> Table:
    """Time loading and queries, with and without filters, at places where sites crowd and where there are none."""
    sites = many(SITES)
    table = Table("what", "median", "99 %", title=f"The nearest of {SITES:,} places of care")
    with tempfile.TemporaryDirectory() as folder:
        file = save(sites, Path(folder))
        loads = [_ms(lambda: Directory.load(Path(folder))) for _ in range(7)]
        directory = Directory.load(Path(folder))
        table.add_row(f"load {file.stat().st_size / 2**20:.0f} MiB", *_told(loads))
    places = [_ms(lambda: Places.load(SHIPPED)) for _ in range(7)]
    table.add_row("load the postal codes and cities", *_told(places))
    chosen = np.random.default_rng(3).integers(0, SITES, _QUERIES)
    asked: dict[str, Callable[[float, float], object]] = {
        "10 within 100 km": lambda y, x: directory.near(y, x, radius_km=100, limit=10),
        "10 affordable health centres within 100 km": lambda y, x: directory.near(
            y, x, radius_km=100, limit=10, kinds=["community_health_center"], affordable_only=True
        ),
        "50 within 2,000 km, of some groups too": lambda y, x: directory.near(
            y, x, radius_km=2000, limit=50, groups=["veterans"]
        ),
    }
    for what, query in asked.items():
        times = [_ms(lambda one=one, query=query: query(sites[one].latitude, sites[one].longitude)) for one in chosen]  # type: ignore[misc]
        table.add_row(what, *_told(times))
    known = Places.load(SHIPPED)
    table.add_row("a city by name", *_told([_ms(lambda: known.city("Mumbai")) for _ in range(50)]))
    table.add_row("a city that is not there", *_told([_ms(lambda: _missing(known)) for _ in range(50)]))
    held = sum(value.nbytes for value in vars(directory).values() if isinstance(value, np.ndarray))
    held += directory._grid.vectors.nbytes + directory._grid._starts.nbytes
    table.add_row("memory held by the list", f"{held / 2**20:.0f} MiB", "")
    return table


def _missing(known: Places) -> None:
    try:
        known.city("Xyzzy")
    except Exception as error:
        if type(error).__name__ != "PlaceUnknown":
            raise


def _ms(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def _told(times: list[float]) -> tuple[str, str]:
    return f"{np.median(times):.2f} ms", f"{np.quantile(times, 0.99):.2f} ms"


if __name__ == "__main__":
    Console(width=110, file=sys.stdout).print(speed())
