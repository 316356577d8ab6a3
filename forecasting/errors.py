"""What can go wrong with registries' files and series, as sentences for the person who gave them.

ForecastingError
|-- FileUnreadable      a registry's file that no reader understands, or that cannot be opened
|-- TableInvalid        a counts table with rows that contradict its documented columns
|-- SeriesRefused       a series that cannot be forecast, with the reason
|-- ForecastInvalid     quantiles that cross, or are negative or not numbers: refused when it is built
|-- PublicationRefused  another publisher was faster, or a publication is not whole
|   `-- PublicationUnreachable  where publications lie cannot be reached just now; worth another try
`-- RefreshImpossible   a refresh that cannot begin, or too many of whose series were lost
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_MOST_SHOWN = 20


class ForecastingError(Exception):
    """Something that the caller can mend; its text says how."""


class FileUnreadable(ForecastingError):
    """A file that no reader understands, or that cannot be opened."""


class TableInvalid(ForecastingError):
    """A counts table whose rows contradict its documented columns."""

    def __init__(self, file: str | Path, complaints: Sequence[str]) -> None:
        shown = "\n  ".join(complaints[:_MOST_SHOWN])
        more = len(complaints) - _MOST_SHOWN
        super().__init__(f"{file}:\n  {shown}" + (f"\n  ... and {more:,} more" if more > 0 else ""))
        self.complaints = list(complaints)


class SeriesRefused(ForecastingError):
    """A series that cannot be forecast, with the reason."""


class ForecastInvalid(ForecastingError):
    """Quantiles that cross, or are negative or not numbers."""


class PublicationRefused(ForecastingError):
    """Another publisher was faster, or a publication is not whole."""


class PublicationUnreachable(PublicationRefused):
    """Where publications lie cannot be reached just now."""


class RefreshImpossible(ForecastingError):
    """A refresh that cannot begin, or too many of whose series were lost."""
