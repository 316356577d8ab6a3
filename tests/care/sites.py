"""Drawn places of care."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from functions.care.site import AFFORDABLE, KINDS, Site

if TYPE_CHECKING:
    from collections.abc import Iterable

PLAIN = Site(
    site_id="x-1",
    name="Harbour General Hospital",
    kind="hospital",
    address="1 Quay Street",
    city="Harbour",
    region="NY",
    postal_code="10001",
    country="US",
    latitude=40.75,
    longitude=-74.0,
    phone="(212) 555-0100",
    url="http://harbour.example",
    affordable="yes",
    affordable_basis="public hospital (government-owned: local)",
    eligibility="",
    source="A list",
    licence="CC BY 4.0",
    source_date="2020-05",
)


def site(**changes: Any) -> Site:
    return replace(PLAIN, **changes)


def at(points: Iterable[tuple[float, float]], **changes: Any) -> list[Site]:
    return [
        site(site_id=f"x-{number}", latitude=latitude, longitude=longitude, **changes)
        for number, (latitude, longitude) in enumerate(points)
    ]


def many(count: int, seed: int = 7) -> list[Site]:
    """Return sites as unevenly spread as real ones: crowds around some towns, of every kind."""
    drawn = np.random.default_rng(seed)
    towns = np.stack([drawn.uniform(-60, 70, 400), drawn.uniform(-180, 180, 400)], axis=1)
    points = towns[drawn.integers(0, 400, count)] + drawn.normal(0, 1.0, (count, 2))
    return [
        site(
            site_id=f"x-{number}",
            latitude=float(np.clip(latitude, -90, 90)),
            longitude=float((longitude + 180) % 360 - 180),
            kind=KINDS[number % len(KINDS)],
            affordable=AFFORDABLE[number % len(AFFORDABLE)],
            eligibility="veterans only" if number % 50 == 0 else "",
        )
        for number, (latitude, longitude) in enumerate(points)
    ]
