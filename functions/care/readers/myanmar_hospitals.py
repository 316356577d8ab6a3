"""The public hospitals of Myanmar, named in Burmese: open COVID-19 data project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.care.readers.layout import Drop, Layout, Origin

if TYPE_CHECKING:
    from functions.care.readers.table import Row
    from functions.care.site import Site

_ORIGIN = Origin(
    "mm", "Myanmar public hospital list (open COVID-19 data project)", "not stated (government facility list)"
)


def _read(row: Row) -> Site | Drop:
    return _ORIGIN.site(
        name=row["hospital_name"],
        kind="hospital",
        city=row["township"],
        region=row["region"],
        country="MM",
        latitude=row["lat"],
        longitude=row["long"],
        affordable="yes",
        basis="public hospital (government list)",
    )


LAYOUT = Layout(
    "Myanmar public hospitals",
    frozenset({"SR_PCODE", "TS_PCODE", "region", "township", "hospital_name", "level", "lat", "long"}),
    _read,
)
