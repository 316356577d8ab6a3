"""What makes a run impossible; one photo's trouble never does.

BatchError
├── ListInvalid     the list of photos has rows or columns that cannot be used
├── NothingToJudge  no photo lies at the address, or none is listed
├── TooManyLost     more photos than may be were in batches that failed at each attempt
└── RunInvalid      the event, or a file of the run, is not what this version writes
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_SHOWN = 20


class BatchError(Exception):
    """A run that cannot go on, with what was expected and what was found."""


class ListInvalid(BatchError):
    """Rows or columns that cannot be used; `complaints` holds all of them."""

    def __init__(self, complaints: Sequence[str]) -> None:
        self.complaints = tuple(complaints)
        more = len(self.complaints) - _MOST_SHOWN
        shown = "; ".join(self.complaints[:_MOST_SHOWN]) + (f"; and {more} more" if more > 0 else "")
        super().__init__(f"The list of photos has {len(self.complaints)} complaint(s): {shown}.")


class NothingToJudge(BatchError):
    """No photo lies at the address, or none is listed."""


class TooManyLost(BatchError):
    """More photos than may be were in batches that failed at each attempt; the files say which."""


class RunInvalid(BatchError):
    """The event, or a file of the run, is not what this version writes."""
