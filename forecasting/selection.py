"""Which series of a counts table are worked on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from forecasting.errors import TableInvalid
from forecasting.result import LeftOut
from forecasting.table import Series, series_of

if TYPE_CHECKING:
    from pathlib import Path

_YES = "yes"


def selected(table: pd.DataFrame, chosen: Path | None = None) -> tuple[list[Series], list[LeftOut]]:
    """Return the series of all ages that can be used, and those that cannot with the reason.

    Args:
        table: as `table.read_counts` gives it.
        chosen: a CSV list with a column series_id; where it has a column recommended, only its rows with yes count.

    Raises:
        TableInvalid: the list cannot be read, or names series that the table does not have.

    """
    left_out: list[LeftOut] = []
    if chosen is not None:
        names = _listed(chosen)
        unknown = sorted(names - set(table["series_id"]))
        if unknown:
            raise TableInvalid(chosen, [f"{name!r} is not in the counts table" for name in unknown])
        table = table[table["series_id"].isin(names)]
    series: list[Series] = []
    for one in series_of(table):
        if isinstance(one, Series):
            series.append(one)
        else:
            left_out.append(LeftOut(*one))
    known = {one.series_id for one in series} | {one.series_id for one in left_out}
    left_out += [LeftOut(str(name), "no row of all ages") for name in sorted(set(table["series_id"]) - known)]
    return series, left_out


def _listed(chosen: Path) -> set[str]:
    try:
        found = pd.read_csv(chosen, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise TableInvalid(chosen, [f"cannot be read: {error}"]) from error
    if "series_id" not in found.columns:
        raise TableInvalid(chosen, [f"has no column 'series_id'; the columns are {list(found.columns)}"])
    if "recommended" in found.columns:
        found = found[found["recommended"].str.strip().str.lower() == _YES]
    return set(found["series_id"])
