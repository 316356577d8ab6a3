"""Periods as publishers write them, and the edition that they make of a source."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_YEAR = re.compile(r"\d{4}")
_SEVERAL = re.compile("\\d{2,4}\\s*[-\u2010-\u2015]\\s*\\d{2,4}")


def edition(name: str, years: Iterable[object]) -> str:
    """Return a source with its first and last year: "NKR 1994-2018"; what is no year of four digits is passed over."""
    found = sorted(text for text in map(str, years) if _YEAR.fullmatch(text))
    return f"{name} {found[0]}-{found[-1]}" if found else name


def several_years(text: object) -> bool:
    """Say whether a period is 2016-2020, with a hyphen or a dash, and not a year."""
    return _SEVERAL.fullmatch(str(text).strip()) is not None
