"""Radiotherapy centres of an open quality-assurance programme: a name that ends with city and country, and a point."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.care.readers.layout import Drop, Layout, Origin

if TYPE_CHECKING:
    from functions.care.readers.table import Row
    from functions.care.site import Site

_ORIGIN = Origin("rt", "Radiotherapy centres listed by a radiotherapy quality-assurance project", "MIT (repository)")
_PARTS = 3
_NO_TREATMENT = ("university of", "physics", "software", "company", "consult", "training")


def _read(row: Row) -> Site | Drop:
    parts = [part.strip() for part in row["name"].split(",")]
    is_placed = len(parts) >= _PARTS
    name = ", ".join(parts[: -_PARTS + 1]) if is_placed else row["name"]
    if any(word in name.casefold() for word in _NO_TREATMENT) and "hospital" not in name.casefold():
        return Drop(name, "not a treatment site")
    return _ORIGIN.site(
        name=name,
        kind="cancer_center",
        city=parts[-2] if is_placed else "",
        latitude=row["lat"],
        longitude=row["lng"],
        affordable="unknown",
        basis="radiotherapy site; funding not in the source",
    )


LAYOUT = Layout("Radiotherapy centres", frozenset({"name", "lat", "lng"}), _read)
