"""Great-circle distances, and a grid that finds the points near a place without looking at the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

EARTH_RADIUS_KM = 6371.0088  # mean radius, IUGG (Moritz 2000, Geodetic Reference System 1980)
_COLUMNS, _ROWS = 360, 180  # cells of one degree
_SLACK = 1e-9  # radians: a point on the edge of the circle is inside


def unit_vectors(latitude: NDArray[np.float64], longitude: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return points on the unit sphere.

    Args:
        latitude: degrees, shape (n,).
        longitude: degrees, shape (n,).

    Returns:
        Shape (n, 3).

    """
    phi, lam = np.radians(latitude), np.radians(longitude)
    across = np.cos(phi)
    return np.stack([across * np.cos(lam), across * np.sin(lam), np.sin(phi)], axis=-1)


def distances_km(vectors: NDArray[np.float64], latitude: float, longitude: float) -> NDArray[np.float64]:
    """Return the great-circle distance of each point from a place, in km.

    By the chord, 2 R asin(c / 2), which keeps its digits where points are near.

    Args:
        vectors: unit vectors, shape (n, 3).
        latitude: of the place, degrees.
        longitude: of the place, degrees.

    """
    here = unit_vectors(np.array([latitude]), np.array([longitude]))[0]
    difference = vectors - here
    chord = np.sqrt(np.einsum("ij,ij->i", difference, difference))
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(chord / 2, 1.0)), dtype=np.float64)


def cell_of(latitude: NDArray[np.float64], longitude: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the number of the one-degree cell that each point lies in, rows from the south, columns from 180 W."""
    row = np.clip(np.floor(latitude + 90), 0, _ROWS - 1).astype(np.int64)
    column = np.floor(longitude + 180).astype(np.int64) % _COLUMNS
    return np.asarray(row * _COLUMNS + column, dtype=np.int64)


class Grid:
    """Points sorted by one-degree cell: those within a distance lie in a few runs of rows."""

    def __init__(self, latitude: NDArray[np.float64], longitude: NDArray[np.float64]) -> None:
        """Index points that are sorted by `cell_of`.

        Raises:
            ValueError: when they are not.

        """
        cells = cell_of(latitude, longitude)
        if cells.size and np.any(np.diff(cells) < 0):
            raise ValueError("The points are not sorted by cell.")
        self._starts = np.searchsorted(cells, np.arange(_ROWS * _COLUMNS + 1))
        self.vectors = unit_vectors(latitude, longitude)

    def within(
        self, latitude: float, longitude: float, radius_km: float
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the points within a distance of a place, unsorted: their numbers, and their distances in km."""
        runs = self._runs(latitude, longitude, radius_km)
        found = np.concatenate([np.arange(start, stop) for start, stop in runs] or [np.empty(0, np.int64)])
        vectors = np.concatenate([self.vectors[start:stop] for start, stop in runs] or [np.empty((0, 3))])
        distance = distances_km(vectors, latitude, longitude)
        inside = distance <= radius_km
        return found[inside], distance[inside]

    def _runs(self, latitude: float, longitude: float, radius_km: float) -> list[tuple[int, int]]:
        """Return the runs of rows whose cells the circle can touch."""
        angle = radius_km / EARTH_RADIUS_KM + _SLACK
        south, north = latitude - np.degrees(angle), latitude + np.degrees(angle)
        first, last = (int(np.clip(np.floor(edge + 90), 0, _ROWS - 1)) for edge in (south, north))
        half = _half_width(latitude, angle)
        if half is None:  # the circle holds a pole: every longitude
            columns = [(0, _COLUMNS)]
        else:
            west = int(np.floor(longitude - half + 180))
            width = min(int(np.floor(longitude + half + 180)) - west + 1, _COLUMNS)
            west %= _COLUMNS
            columns = [(west, min(west + width, _COLUMNS))]
            if west + width > _COLUMNS:  # across the antimeridian
                columns.append((0, west + width - _COLUMNS))
        starts = self._starts
        runs = [
            (int(starts[row * _COLUMNS + left]), int(starts[row * _COLUMNS + right]))
            for row in range(first, last + 1)
            for left, right in columns
        ]
        return [(start, stop) for start, stop in runs if stop > start]


def _half_width(latitude: float, angle: float) -> float | None:
    """Return how many degrees of longitude a circle reaches to each side; None where it holds a pole.

    sin(half) = sin(angle) / cos(latitude): the tangent meridian of a small circle.
    """
    phi = np.radians(abs(latitude))
    if phi + angle >= np.pi / 2:
        return None
    return float(np.degrees(np.arcsin(min(1.0, np.sin(angle) / np.cos(phi))))) + 1e-7
