"""Ohio Cancer Incidence Surveillance System: a workbook with two columns a year, rate and cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecasting.readers.reading import Draft

if TYPE_CHECKING:
    from forecasting.readers.reading import Document, Reading

NAME = "ohio_surveillance"
TITLE = "Ohio Cancer Incidence Surveillance System (workbook of rates and cases by year)"

_RATE, _CASES = "Age-Adjusted Rate", "Cases"
_HEADER = 2


def understands(document: Document) -> bool:
    """Say whether a sheet starts with years over pairs of rate and cases."""
    return any(map(_is_table, document.sheets.values()))


def read(document: Document) -> Reading:
    """Read the cases and age-adjusted rates (US 2000) of melanoma, both sexes; the last pair sums the years."""
    draft = Draft(document, NAME, prefix="oh")
    years = []
    for name, rows in document.sheets.items():
        if not _is_table(rows):
            draft.leave(f"sheet {name}: another table", len(rows))
            continue
        heads, names = [str(cell or "").removesuffix(".0") for cell in rows[0]], [str(cell or "") for cell in rows[1]]
        for line, row in enumerate(rows[_HEADER:], start=_HEADER + 1):
            if not str(row[0] or "").startswith("Melanoma"):
                draft.leave("other cancers")
                continue
            # A year stands over the first column of its pair.
            for index in [index for index, head in enumerate(heads) if index and head]:
                if heads[index] == "Total":
                    draft.leave("the total of all years, in its own columns")
                    continue
                year = draft.year(heads[index], 1, f"{name}, column {index + 1}")
                if year is None:
                    continue
                years.append(year)
                pair = {names[at]: row[at] for at in (index, index + 1) if at < len(row)}
                draft.add(
                    line,
                    country="United States",
                    region="Ohio",
                    sex="both",
                    cancer="melanoma",
                    measure="incidence",
                    year=year,
                    count=draft.cell(pair.get(_CASES), line, f"{name}, {year} {_CASES}", whole=True),
                    rate_asr=draft.cell(pair.get(_RATE), line, f"{name}, {year} {_RATE}"),
                    standard="us2000",
                )
    span = f" {min(years)}-{max(years)}" if years else ""
    draft.source = f"Ohio Cancer Incidence Surveillance System{span}"
    return draft.reading()


def _is_table(rows: list[list[object]]) -> bool:
    return (
        len(rows) > _HEADER
        and rows[0][:1] == ["Year"]
        and rows[1][:1] == ["Site/Type"]
        and {_RATE, _CASES} <= {str(cell) for cell in rows[1]}
    )
