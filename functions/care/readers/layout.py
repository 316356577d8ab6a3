"""What each reader of a published layout gives: how to know it, and what one of its rows says."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from functions.care.site import Affordable, Kind, Site

if TYPE_CHECKING:
    from collections.abc import Callable

    from functions.care.readers.table import Row

_DATES = ("%Y-%m", "%Y-%m-%d", "%Y/%m/%d", "%d/%m/%Y", "%d/%m/%y")


@dataclass(frozen=True)
class Drop:
    """A row that is not taken, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Layout:
    """A published layout.

    `columns` must all be in a file for it to be of this layout; of several that fit, the one with the most is meant.
    `read` returns what a row says; `country` and `source_date` may be left "" for the import to fill.
    """

    name: str
    columns: frozenset[str]
    read: Callable[[Row], Site | Drop]


@dataclass(frozen=True)
class Origin:
    """Whose data a layout is: `prefix` begins its site ids."""

    prefix: str
    source: str
    licence: str

    def site(
        self,
        *,
        name: str,
        kind: Kind,
        latitude: str,
        longitude: str,
        affordable: Affordable,
        basis: str,
        own_id: str = "",
        country: str = "",
        address: str = "",
        city: str = "",
        region: str = "",
        postal_code: str = "",
        phone: str = "",
        url: str = "",
        eligibility: str = "",
        source_date: str = "",
    ) -> Site | Drop:
        """Return the site, or that the row has no usable point.

        An id is the source's own, or a hash of name and point where it has none.
        """
        try:
            north, east = float(latitude), float(longitude)
        except ValueError:
            return Drop(name, "no coordinates")
        if not (abs(north) <= 90 and abs(east) <= 180) or (north == 0 and east == 0):  # noqa: PLR2004 - degrees
            return Drop(name, "no coordinates")
        digest = hashlib.sha256(f"{name}|{north:.5f}|{east:.5f}".encode()).hexdigest()[:10]
        return Site(
            site_id=f"{self.prefix}-{own_id or digest}",
            name=name,
            kind=kind,
            address=address,
            city=city,
            region=region,
            postal_code=postal_code,
            country=country,
            latitude=north,
            longitude=east,
            phone=phone,
            url=web_address(url),
            affordable=affordable,
            affordable_basis=basis,
            eligibility=eligibility,
            source=self.source,
            licence=self.licence,
            source_date=source_date,
        )


def joined(*parts: str) -> str:
    """Return the parts that there are, with commas between."""
    return ", ".join(part for part in parts if part)


def web_address(url: str) -> str:
    """Return an address that a browser can open, or "" where it is none."""
    if not re.fullmatch(r"(https?://)?[^\s/@:]+\.[^\s@]+", url, re.IGNORECASE):
        return ""
    return url if url.lower().startswith(("http://", "https://")) else f"http://{url}"


def month(date: str) -> str:
    """Return YYYY-MM of a date as sources write it (day first), or "" where it is none."""
    head = date.partition(" ")[0].partition("T")[0]
    for pattern in _DATES:
        try:
            return datetime.strptime(head, pattern).strftime("%Y-%m")  # noqa: DTZ007 - a month has no zone
        except ValueError:
            continue
    return ""


def from_stamp(seconds: str) -> str:
    """Return YYYY-MM of a POSIX time, or ""."""
    from datetime import UTC

    try:
        return datetime.fromtimestamp(float(seconds), UTC).strftime("%Y-%m")
    except (ValueError, OverflowError, OSError):
        return ""
