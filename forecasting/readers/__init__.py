"""Files as cancer registries publish them come in, the counts table of `forecasting.table` goes out.

One module reads one layout, and is chosen by what the file holds, never by its name. A reader keeps what concerns skin
cancer and says what it left out and why; it complains of cells that it cannot read, with their line, and reads on; it
never takes a count that was kept back for zero, and never adds up a total that the registry already gave.

A layout is a module of this folder with `NAME`, `TITLE`, `understands(document)` and `read(document)`; nothing else has
to know of it.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING, Protocol

from forecasting.errors import FileUnreadable
from forecasting.readers.reading import Document

if TYPE_CHECKING:
    from pathlib import Path

    from forecasting.readers.reading import Reading


class Reader(Protocol):
    """What a layout's module offers."""

    NAME: str
    """Short, in lower case with underscores: cdc_uscs."""
    TITLE: str
    """The publisher and the layout in words."""

    def understands(self, document: Document) -> bool:
        """Say whether the content has this layout; raises nothing."""
        ...

    def read(self, document: Document) -> Reading:
        """Return everything that the file holds of skin cancer, with complaints and what was left out."""
        ...


@cache
def readers() -> tuple[Reader, ...]:
    """Return every layout's module, by name."""
    modules = (importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__))
    return tuple(module for module in modules if hasattr(module, "understands"))


def reader_of(document: Document) -> Reader:
    """Return the one reader that understands a file.

    Raises:
        FileUnreadable: when none does, naming all that is understood; or when two do, naming both.

    """
    found = [reader for reader in readers() if reader.understands(document)]
    if len(found) == 1:
        return found[0]
    if found:
        names = " and ".join(reader.NAME for reader in found)
        raise FileUnreadable(f"{document.path} is understood by {names}; one layout must be told from the other.")
    titles = "; ".join(sorted(reader.TITLE for reader in readers()))
    raise FileUnreadable(f"{document.path} has none of the layouts that are understood: {titles}.")


def read_file(path: Path) -> Reading:
    """Read one published file.

    Raises:
        FileUnreadable: when it cannot be opened, or not exactly one reader understands it.

    """
    document = Document.open(path)
    return reader_of(document).read(document)
