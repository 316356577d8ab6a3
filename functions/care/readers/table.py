"""One published file as rows of text, whatever its encoding, its separator, or its being GeoJSON."""

from __future__ import annotations

import csv
import gzip
import html
import io
import json
import zlib
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote

if TYPE_CHECKING:
    from pathlib import Path

Row = dict[str, str]
LONGITUDE, LATITUDE = "@longitude", "@latitude"  # of a GeoJSON feature; its centroid where it is an area
_SEPARATORS = ("\u00ac", "~", "\t", ";", ",")  # NHS files use the first two, unquoted
_UNQUOTED = ("\u00ac", "~")
_CORNERS = 4  # a closed ring has so many points at least
_MAX_BYTES = 2**31


class FileUnreadable(Exception):
    """A file that is no table of places; the message says why."""


@dataclass(frozen=True)
class Table:
    """Rows by column name; names and values are stripped, and what a row lacks is ""."""

    columns: frozenset[str]
    rows: list[Row]


def read_table(file: Path) -> Table:
    """Return the rows of a CSV or GeoJSON file, plain or gzipped.

    Raises:
        FileUnreadable: when it cannot be opened, or has no rows of places.

    """
    try:
        data = file.read_bytes()
        if data[:2] == b"\x1f\x8b":
            with gzip.open(io.BytesIO(data)) as opened:
                data = opened.read(_MAX_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        raise FileUnreadable(f"it cannot be opened: {getattr(error, 'strerror', None) or error}") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    rows = _features(text) if text.lstrip()[:1] == "{" else _lines(text)
    if not rows:
        raise FileUnreadable("it holds no rows")
    return Table(frozenset().union(*(row.keys() for row in rows)), rows)


def _lines(text: str) -> list[Row]:
    header = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=header.count)
    if not header.count(separator):
        raise FileUnreadable("its first line has no column names, and it is no GeoJSON")
    quoting: Literal[0, 3] = csv.QUOTE_NONE if separator in _UNQUOTED else csv.QUOTE_MINIMAL
    before = csv.field_size_limit(2**24)  # of the whole process: others keep theirs
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, quoting=quoting))
    except csv.Error as error:
        raise FileUnreadable(f"it is no table: {error}") from error
    finally:
        csv.field_size_limit(before)
    columns = [" ".join(name.split()) for name in lines[0]]
    rows = []
    for line in lines[1:]:
        values = line
        if len(columns) > 1 and sum(map(bool, line)) == 1 and line[0].count(separator) >= len(columns) - 1:
            values = next(csv.reader([line[0]], delimiter=separator))  # a row that was quoted whole
        if any(values):
            rows.append({name: cleaned(value) for name, value in zip(columns, values, strict=False)})
    return rows


def _features(text: str) -> list[Row]:
    try:
        features = json.loads(text)["features"]
        rows = []
        for feature in features:
            row = {
                str(name): cleaned("" if value is None else str(value))
                for name, value in (feature.get("properties") or {}).items()
            }
            centre = _centre(feature.get("geometry") or {})
            if centre:
                row[LONGITUDE], row[LATITUDE] = (f"{value:.7f}" for value in centre)
            rows.append(row)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise FileUnreadable("it is JSON, but no GeoJSON FeatureCollection") from error
    return rows


def _centre(geometry: dict[str, Any]) -> tuple[float, float] | None:
    """Return longitude and latitude of a point, or the centroid of an area's or a line's largest part."""
    kind, points = geometry.get("type"), geometry.get("coordinates")
    if kind == "Point" and points:
        return float(points[0]), float(points[1])
    if kind == "MultiPolygon" and points:
        points = max((polygon[0] for polygon in points), key=len)
    elif kind == "Polygon" and points:
        points = points[0]
    elif kind not in {"LineString", "MultiPoint"}:
        return None
    return _centroid([(float(point[0]), float(point[1])) for point in points or []])


def _centroid(ring: list[tuple[float, float]]) -> tuple[float, float] | None:
    """Return the centroid of a ring by the shoelace formula, or the mean of its points where it has no area."""
    if not ring:
        return None
    west, south = ring[0]  # as differences, so that small areas keep their digits
    near = [(x - west, y - south) for x, y in ring]
    crosses = [x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(near)]
    area = sum(crosses)
    if len(ring) < _CORNERS or abs(area) < 1e-15:  # noqa: PLR2004 - square degrees, under a square millimetre
        return sum(x for x, _ in ring) / len(ring), sum(y for _, y in ring) / len(ring)
    pairs = [(one, two, cross) for (one, two), cross in zip(pairwise(near), crosses, strict=True)]
    x = sum((one[0] + two[0]) * cross for one, two, cross in pairs) / (3 * area)
    y = sum((one[1] + two[1]) * cross for one, two, cross in pairs) / (3 * area)
    return west + x, south + y


def cleaned(value: str) -> str:
    """Return a value without entities, percent-encoding, control characters or doubled spaces; missing ones as ""."""
    if "&" in value:
        value = html.unescape(value)
    if "%" in value:
        value = unquote(value)
    if value.count('"') % 2:  # a quote that a spreadsheet has torn from its other half
        value = value.replace('"', "")
    value = " ".join("".join(sign if sign.isprintable() else " " for sign in value).split())
    return "" if value.casefold() in {"na", "n/a", "nan", "none", "null", "not available", "-999"} else value
