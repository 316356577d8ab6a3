"""State Cancer Profiles: five-year average annual counts by county; no figure of a year, so nothing for the table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from forecasting.readers.reading import Draft, Suppressed

if TYPE_CHECKING:
    from forecasting.readers.reading import Document, Reading

NAME = "state_cancer_profiles"
TITLE = "NCI/CDC State Cancer Profiles (rates by county)"

_TITLE_LINES = 20
_COUNT = "Average Annual Count"


def understands(document: Document) -> bool:
    """Say whether it starts with the title of a rate report, and has its header below."""
    return bool(re.match(r"(Incidence|Death|Mortality) Rate Report", document.text)) and _header(document) > 0


def read(document: Document) -> Reading:
    """Read every county's row, and leave it out: a mean of five years is no point of a yearly series.

    Counts and rates are read all the same, so that a damaged file is told from a whole one.
    """
    draft = Draft(document, NAME)
    header = _header(document)
    titles = " ".join(document.lines[: header - 1])
    years = re.search(r"(\d{4})-(\d{4})", titles)
    mean = f"average annual counts of {f'{years[1]}-{years[2]}' if years else 'several years'}: not a year's count"
    cancer = "" if "Melanoma" in titles else "of another cancer, "
    for line, row in draft.records(header, end=lambda text: text.startswith("Created by")):
        count = draft.cell(row[_COUNT], line, _COUNT)
        rate = next(name for name in row if name.startswith("Age-Adjusted"))
        draft.cell(row[rate].replace("#", "").strip(), line, rate)
        if row["FIPS"].endswith("000"):
            draft.leave(f"{cancer}the country and states among the counties; {mean}")
        elif isinstance(count, Suppressed):
            draft.leave(f"{cancer}suppressed (3 or fewer a year); {mean}")
        elif count is None:
            draft.leave(f"{cancer}no count; {mean}")
        else:
            draft.leave(f"{cancer}{mean}")
    return draft.reading()


def _header(document: Document) -> int:
    """Return the header's line, 0 where there is none."""
    for line in range(1, _TITLE_LINES):
        names = document.cells(line)
        if "FIPS" in names and _COUNT in names and any(name.startswith("Age-Adjusted") for name in names):
            return line
    return 0
