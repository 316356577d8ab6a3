"""What was read from published files and what was left out, as a table for people and as JSON."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Column, Table

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from forecasting.ingest import Ingested


def as_table(found: Ingested) -> Table:
    """Return one row a file: layout, rows, series, years, complaints, and what was left out with its reason."""
    table = Table(
        Column("file", overflow="fold", ratio=3),
        Column("layout", no_wrap=True),
        Column("rows", justify="right", no_wrap=True),
        Column("series", justify="right", no_wrap=True),
        Column("years", no_wrap=True),
        Column("unread cells", justify="right"),
        Column("left out, and why", overflow="fold", ratio=5),
        box=SIMPLE_HEAD,
        expand=True,
    )
    for file in found.files:
        reading = file.reading
        left = [f"{left.rows:,}: {left.reason}" for left in reading.left_out]
        if reading.populations is not None:
            left.append(f"populations: {len(reading.populations):,} rows")
        table.add_row(
            escape(file.path.name),
            reading.layout,
            f"{len(reading.table):,}",
            f"{reading.table['series_id'].nunique():,}",
            _years(reading.table),
            f"{len(reading.complaints):,}",
            escape("\n".join(left)),
        )
    rows, series = len(found.table), found.table["series_id"].nunique()
    table.add_row("together", "", f"{rows:,}", f"{series:,}", _years(found.table), f"{len(found.complaints):,}", "")
    return table


def as_document(found: Ingested, out: Path | None) -> dict[str, object]:
    """Return the same as JSON takes it; `out` is the table's file, None where nothing was written."""
    return {
        "out": str(out) if out else None,
        "rows": len(found.table),
        "series": int(found.table["series_id"].nunique()),
        "populations_filled": found.populations,
        "files": [
            {
                "file": str(file.path),
                "layout": file.reading.layout,
                "rows": len(file.reading.table),
                "series": int(file.reading.table["series_id"].nunique()),
                "populations": 0 if file.reading.populations is None else len(file.reading.populations),
                "left_out": [dataclasses.asdict(left) for left in file.reading.left_out],
                "complaints": [dataclasses.asdict(complaint) for complaint in file.reading.complaints],
            }
            for file in found.files
        ],
        "replaced": list(found.replaced),
        "not_understood": list(found.not_understood),
    }


def _years(table: pd.DataFrame) -> str:
    return f"{table['year'].min()}-{table['year'].max()}" if len(table) else "-"
