"""Rapid Cancer Registration Data of England by month and stage (NDRS, downloaded from Cancer Research UK's hub).

`Stage` mixes the stages with their sums; `Total` is every case once. Registrations of the newest months are still
coming in.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from forecasting.readers.reading import EARLIEST_YEAR, LATEST_YEAR, Draft

if TYPE_CHECKING:
    from forecasting.readers.reading import Document, Reading

NAME = "cruk_rcrd_monthly"
TITLE = "Rapid Cancer Registration Data, England, by month and stage (NDRS, Cancer Research UK hub)"

PROVISIONAL_MONTHS = 3
"""The newest months that count as provisional.

NDRS (quality document of the Rapid Cancer Registration Dataset): usable data is available four to five months after
diagnosis; the newest month is published about three months after it (May 2025 from the August 2025 snapshot).
"""

_NEEDED = ("Date", "Cancer Site", "Stage", "Observed Count", "Rolling Average")
_CANCERS = {"melanoma skin": "melanoma", "melanoma": "melanoma", "non-melanoma skin": "nmsc"}
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])-01")


def understands(document: Document) -> bool:
    """Say whether the columns are the hub's."""
    return set(_NEEDED) <= set(document.cells(1))


def read(document: Document) -> Reading:
    """Return cases by month, both sexes, all stages."""
    draft = Draft(document, NAME, prefix="rcrd")
    rows = list(draft.records(1))
    months = sorted({cells["Date"][:7] for _, cells in rows if _MONTH.fullmatch(cells["Date"])})
    newest = set(months[-PROVISIONAL_MONTHS:])
    span = f" {months[0]} to {months[-1]}" if months else ""
    draft.source = f"CRUK/NDRS Rapid Cancer Registration{span}"
    for line, cells in rows:
        cancer = _CANCERS.get(cells["Cancer Site"].lower())
        if cancer is None:
            draft.leave("other cancers than of the skin")
            continue
        if cells["Stage"] != "Total":
            draft.leave("stages and sums of stages, beside the rows Total")
            continue
        month = _MONTH.fullmatch(cells["Date"])
        if month is None or not EARLIEST_YEAR <= int(month[1]) <= LATEST_YEAR:
            draft.complain(line, "Date", cells["Date"], "is not the first day of a month, such as 2025-05-01")
            continue
        draft.add(
            line,
            country="United Kingdom",
            region="England",
            sex="both",
            cancer=cancer,
            measure="incidence",
            year=int(month[1]),
            month=int(month[2]),
            count=draft.cell(cells["Observed Count"], line, "Observed Count", whole=True),
            provisional=cells["Date"][:7] in newest,
            note="rapid registration; last months incomplete",
        )
    return draft.reading()
