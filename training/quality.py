"""The thresholds of photo quality, chosen on real photos so that hardly one of them is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from functions.triage.card import QualityThresholds
from functions.triage.quality import MEASURES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from functions.triage.quality import Flaw

# The share of the photos it was chosen on that each threshold refuses.
REFUSED = 0.002
# No photo is dark whose bright parts reach this: well-lit skin of type VI is near it, and the training photos, almost
# all of light skin, would refuse it.
_BRIGHT_ENOUGH = 60.0
# Glints cover less than this of any photo here; other dermatoscopes leave more of them.
_GLINTS = 0.02


def measured(squares: Iterable[NDArray[np.uint8]]) -> dict[Flaw, NDArray[np.float64]]:
    """Return what each check measures in each photo, float64 (n,), by its name."""
    rows = [[measure(square) for measure in MEASURES.values()] for square in squares]
    return dict(zip(MEASURES, np.array(rows, dtype=np.float64).reshape(-1, len(MEASURES)).T, strict=True))


def fit_quality(measures: Mapping[Flaw, NDArray[np.float64]]) -> QualityThresholds:
    """Choose the thresholds.

    Args:
        measures: from `measured`, of photos that train or choose, never of those that test.

    """
    count = len(measures["blurred"])
    return QualityThresholds(
        brightness_from=round(min(float(np.quantile(measures["dark"], REFUSED)), _BRIGHT_ENOUGH), 2),
        glare_to=round(max(float(np.quantile(measures["glare"], 1 - REFUSED)), _GLINTS), 5),
        sharpness_from=round(float(np.quantile(measures["blurred"], REFUSED)), 5),
        contrast_from=round(float(np.quantile(measures["not_in_frame"], REFUSED)), 3),
        chosen=(
            f"Sharpness and contrast: below them lies {100 * REFUSED:.1f} % of {count} photos that trained or chose. "
            f"Brightness: the same, but at most {_BRIGHT_ENOUGH:.0f}, lest dark skin in good light be refused. "
            f"Glare: the same from above, but at least {100 * _GLINTS:.0f} % of the picture."
        ),
    )
