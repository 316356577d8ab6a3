"""What disturbs a series and is no trend: the pandemic's dip, periods still coming in, a step of the definition.

Each rule looks only at the periods that are known at an origin, changes what the methods are given and says so; the
counts that are scored and shown stay as published.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecasting.members import PERIODS_PER_YEAR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from forecasting.table import Series

_PANDEMIC_YEARS = (2020, 2021)
# A dip is set aside where it is deeper than this share and than so many standard deviations of a count.
_DIP = 0.05
_DIP_DEVIATIONS = 2.0
_TREND_YEARS = 10
_FEWEST_TREND_YEARS = 4
# A month at the end that holds less than this share of the same month a year before is still coming in.
_STILL_COMING_IN = 0.75
_NEWEST_MONTHS = 3
# A step: a jump of the level between two straight lines of one slope, this large and this sure.
_STEP_BEFORE, _STEP_AFTER = 6, 5
_STEP_LEAST = 0.3
_STEP_DEVIATIONS = 5.0
_LEAST_SCATTER = 0.03


@dataclass(frozen=True)
class Adjusted:
    """The counts that methods are given, and what was done to them, a sentence each."""

    counts: NDArray[np.float64]
    notes: tuple[str, ...]


def whole_periods(series: Series) -> tuple[int, tuple[str, ...]]:
    """Return how many periods are complete, and what is said of the newest ones that are not.

    Left out are the newest periods that the publisher calls provisional, and up to three newest months that hold
    far less than the same months a year before, as registrations come in late.
    """
    end = len(series.counts)
    while end and series.provisional[end - 1]:
        end -= 1
    notes = []
    if end < len(series.counts):
        first = series.label(end)
        notes.append(f"From {first} on the publisher calls the counts provisional; no method is given them.")
    whole, season = end, PERIODS_PER_YEAR[series.period_type]
    if season > 1:
        for _ in range(_NEWEST_MONTHS):
            before = end - 1 - season
            if before < 0 or series.counts[end - 1] >= _STILL_COMING_IN * series.counts[before]:
                break
            end -= 1
    if end < whole:
        notes.append(
            f"From {series.label(end)} on the counts are far below those of a year before, as registrations come in "
            "late; no method is given them."
        )
    return end, tuple(notes)


def adjusted(series: Series, length: int) -> Adjusted:
    """Return the first `length` counts of a series without the pandemic's dip and steps of the definition."""
    counts, notes = series.counts[:length].copy(), []
    if series.period_type == "year":
        at = step_of(counts)
        if at is not None:
            start, jump = at
            counts[:start] *= np.exp(jump)
            notes.append(
                f"The counts step by {100 * np.expm1(jump):+.0f} % between {series.label(start - 1)} and "
                f"{series.label(start)}, as a new definition or registration makes them; earlier counts are scaled "
                "to those after it."
            )
    lifted = _without_dip(series, counts)
    if lifted:
        for index, expected in lifted.items():
            counts[index] = expected
        years = sorted({_year(series, index) for index in lifted})
        notes.append(
            f"The dip of {' and '.join(map(str, years))}, in the pandemic, is no trend: methods are given what was to "
            "be expected; the published counts are shown."
        )
    return Adjusted(counts, tuple(notes))


def step_of(counts: NDArray[np.float64]) -> tuple[int, float] | None:
    """Find the surest step of the level.

    Straight lines of one slope are laid through the logs of six years before and five after each year; the jump
    between them counts where it is at least 0.3 (35 %) and five times its standard error, which is no smaller than
    that of a scatter of 3 % or of Poisson.

    Returns:
        The first index after the step and the jump on logs, or None.

    """
    logs, best = np.log(np.maximum(counts, 0.5)), None
    most = _STEP_DEVIATIONS
    for start in range(_STEP_BEFORE, len(counts) - _STEP_AFTER + 1):
        window = slice(start - _STEP_BEFORE, start + _STEP_AFTER)
        time = np.arange(_STEP_BEFORE + _STEP_AFTER)
        after = time >= _STEP_BEFORE
        design = np.column_stack([np.ones(len(time)), time, after])
        inverse = np.linalg.inv(design.T @ design)
        found = inverse @ design.T @ logs[window]
        rest = logs[window] - design @ found
        scatter = np.sqrt((rest**2).sum() / (len(time) - design.shape[1]))
        least = max(_LEAST_SCATTER, 1 / np.sqrt(max(counts[window].mean(), 1.0)))
        deviations = abs(found[2]) / (max(scatter, least) * np.sqrt(inverse[2, 2]))
        if abs(found[2]) >= _STEP_LEAST and deviations > most:
            most, best = deviations, (start, float(found[2]))
    return best


def _without_dip(series: Series, counts: NDArray[np.float64]) -> dict[int, float]:
    """Return what was to be expected in each period of the pandemic's years that lies clearly below it."""
    if series.measure != "incidence":
        return {}
    season = PERIODS_PER_YEAR[series.period_type]
    years = np.array([_year(series, index) for index in range(len(counts))])
    inside = np.isin(years, _PANDEMIC_YEARS)
    before, after = years < _PANDEMIC_YEARS[0], years > _PANDEMIC_YEARS[-1]
    if not inside.any() or before.sum() < (_FEWEST_TREND_YEARS if season == 1 else season):
        return {}
    lifted = {}
    for index in np.flatnonzero(inside):
        expected = _expected(counts, before, after, int(index), season)
        short = expected - counts[index]
        if short > max(_DIP * expected, _DIP_DEVIATIONS * np.sqrt(expected)):
            lifted[int(index)] = expected
    return lifted


def _expected(
    counts: NDArray[np.float64], before: NDArray[np.bool_], after: NDArray[np.bool_], index: int, season: int
) -> float:
    if season > 1:
        same = [i for i in range(index % season, len(counts), season) if before[i] or after[i]]
        return float(np.interp(index, same, counts[same])) if same else float(counts[index])
    known = np.flatnonzero(before)
    if after.any():
        ends = [int(known[-1]), int(np.flatnonzero(after)[0])]
        return float(np.interp(index, ends, counts[ends]))
    known = known[-_TREND_YEARS:]
    slope, level = np.polyfit(known, counts[known], 1)
    return float(max(level + slope * index, 0.0))


def _year(series: Series, index: int) -> int:
    return int(series.periods[index]) // PERIODS_PER_YEAR[series.period_type]
