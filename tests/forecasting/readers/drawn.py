"""Small files drawn in a publisher's layout, and rows looked up in what a reader made of them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from openpyxl import Workbook

from forecasting.readers.reading import Document

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from forecasting.readers.reading import Reading


def drawn(folder: Path, content: str | bytes, name: str = "download.csv") -> Document:
    raw = content.encode() if isinstance(content, str) else content
    (folder / name).write_bytes(raw)
    return Document.open(folder / name)


def workbook(sheets: dict[str, list[list[object]]]) -> bytes:
    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def row(table: pd.DataFrame, **wanted: object) -> pd.Series:
    for name, value in wanted.items():
        table = table[table[name] == value]
    assert len(table) == 1, f"{len(table)} rows with {wanted}"
    return table.iloc[0]


def left_out(reading: Reading) -> dict[str, int]:
    return {left.reason: left.rows for left in reading.left_out}
