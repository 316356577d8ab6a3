"""What the tests' processes do: light to import, as each process does it anew."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from forecasting.members import Known
from forecasting.members.local_trend import Constants, LocalTrend

if TYPE_CHECKING:
    import numpy as np

CRASHES, RAISES = 137, 250


def projected(item: tuple[int, np.ndarray]) -> np.ndarray:
    """Project a numbered series; one number kills the process, one raises."""
    number, counts = item
    if number == CRASHES:
        os._exit(9)
    if number == RAISES:
        raise ValueError("an odd series")
    return LocalTrend(Constants()).project(Known(counts, 2015), 10).median
