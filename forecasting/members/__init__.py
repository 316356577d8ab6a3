"""Forecasting methods, one module each.

In come the counts of one series up to an origin, for some with ages and people; out go the counts to come. A
method knows nothing after the origin and no other series, and does no I/O.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PERIODS_PER_YEAR = {"year": 1, "month": 12}


@dataclass(frozen=True)
class Known:
    """What is known of one series at an origin.

    `counts` is float64 (n,), oldest period first, not negative; `last` the last period, as `table.Series.periods`
    counts it.
    """

    counts: NDArray[np.float64]
    last: int
    period_type: str = "year"
    measure: str = "incidence"

    @property
    def season(self) -> int:
        """Periods in a year: 1 or 12."""
        return PERIODS_PER_YEAR[self.period_type]


@dataclass(frozen=True)
class Projection:
    """What a method says of the periods to come.

    `median` is (horizon,), counts, not negative. `quantiles`, (horizon, 7) at `quantiles.QUANTILES`, is what the
    method's own model says of its error; None where it has none, and only the back-test can tell.
    """

    median: NDArray[np.float64]
    quantiles: NDArray[np.float64] | None = None


class Member(Protocol):
    """A forecasting method."""

    @property
    def name(self) -> str:
        """The method, as tables and files name it."""
        ...

    def project(self, known: Known, horizon: int) -> Projection:
        """Return the `horizon` periods after the last one known."""
        ...
