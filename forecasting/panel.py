"""What many registries have taught about forecasting one: a few constants, in `panel.json`, and whom they may judge.

The constants are learned three times: on all places, for forecasts of years to come, and on each half of the places,
for judging the other half. A place is a country and region. So no figure of a back-test comes from constants that
have seen its place; a place that is in neither half has been seen by none.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecasting.errors import TableInvalid
from forecasting.intervals import Spread
from forecasting.members.local_trend import Constants

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from forecasting.scale import Scale

SHIPPED = Path(__file__).with_name("panel.json")
VERSION = 1


@dataclass(frozen=True)
class Errors:
    """How a method errs: the spread that is expected, and the quantiles of errors divided by it, (horizons, 7)."""

    spread: Spread
    quantiles: tuple[tuple[float, ...], ...]

    def at(self, horizons: int) -> NDArray[np.float64]:
        """Return the quantiles of so many years, the last ones held beyond what was learned."""
        rows = np.array(self.quantiles)
        return np.asarray(rows[np.minimum(np.arange(horizons), len(rows) - 1)])


@dataclass(frozen=True)
class Learned:
    """The constants learned on a set of places."""

    prophet_scale: Scale
    prophet_prior: float
    weights: dict[str, float]  # of the ensemble's members; they sum to 1
    trend: Constants
    errors: dict[str, Errors]  # by method: those whose intervals come from the back-test


@dataclass(frozen=True)
class Panel:
    """The constants of all places, of each half, and the places of the halves."""

    everywhere: Learned
    halves: tuple[Learned, Learned]
    places: tuple[frozenset[str], frozenset[str]]

    def judging(self, place: str) -> Learned:
        """Return constants that have not seen a place."""
        for number, places in enumerate(self.places):
            if place in places:
                return self.halves[1 - number]
        return self.everywhere


def halves_of(places: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Split places in two: every second one in alphabetical order, so that countries with many are in both."""
    ordered = sorted(set(places))
    return frozenset(ordered[::2]), frozenset(ordered[1::2])


def written(panel: Panel) -> str:
    """Return the panel as `panel.json` holds it."""
    halves = [
        {"places": sorted(places), **asdict(half)} for places, half in zip(panel.places, panel.halves, strict=True)
    ]
    document = {"version": VERSION, "everywhere": asdict(panel.everywhere), "halves": halves}
    return json.dumps(_rounded(document), indent=1, ensure_ascii=False) + "\n"


def read_panel(path: Path = SHIPPED) -> Panel:
    """Read a panel.

    Raises:
        TableInvalid: when the file is not such a panel.

    """
    return _read(path)


@cache
def _read(path: Path) -> Panel:
    try:
        document = json.loads(path.read_text("utf-8"))
        if document["version"] != VERSION:
            raise TableInvalid(path, [f"version {document['version']}, expected {VERSION}"])
        first, second = document["halves"]
        return Panel(
            everywhere=_learned(document["everywhere"]),
            halves=(_learned(first), _learned(second)),
            places=(frozenset(first["places"]), frozenset(second["places"])),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TableInvalid(path, [f"is not a panel of constants: {error!r}"]) from error


def _learned(document: Mapping[str, Any]) -> Learned:
    return Learned(
        prophet_scale=document["prophet_scale"],
        prophet_prior=document["prophet_prior"],
        weights=dict(document["weights"]),
        trend=Constants(**document["trend"]),
        errors={
            method: Errors(Spread(**one["spread"]), tuple(tuple(row) for row in one["quantiles"]))
            for method, one in document["errors"].items()
        },
    )


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(one) for one in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value
