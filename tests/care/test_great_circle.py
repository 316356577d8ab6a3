from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from functions.care.great_circle import EARTH_RADIUS_KM, Grid, cell_of, distances_km, unit_vectors

POINTS = st.tuples(st.floats(-90, 90), st.floats(-180, 180))
EDGES = [
    (90.0, 0.0),
    (-90.0, 12.0),
    (0.0, 180.0),
    (0.0, -180.0),
    (89.9, 179.9),
    (-89.9, -179.9),
    (10.0, 179.99),
    (10.0, -179.99),
]


def haversine_km(one: tuple[float, float], two: tuple[float, float]) -> float:
    (a, b), (c, d) = np.radians(one), np.radians(two)
    half = np.sin((c - a) / 2) ** 2 + np.cos(a) * np.cos(c) * np.sin((d - b) / 2) ** 2
    return float(2 * EARTH_RADIUS_KM * np.arcsin(min(1.0, np.sqrt(half))))


@pytest.mark.parametrize(
    ("one", "two", "km"),
    [((51.5074, -0.1278), (48.8566, 2.3522), 343.6), ((40.6413, -73.7781), (33.9416, -118.4085), 3974.3)],
)
def test_known_distances(one: tuple[float, float], two: tuple[float, float], km: float) -> None:
    vectors = unit_vectors(np.array([one[0]]), np.array([one[1]]))
    assert distances_km(vectors, *two)[0] == pytest.approx(km, rel=1e-3)


@given(st.lists(POINTS, max_size=40), POINTS, st.floats(0.1, 20_015))
@example(EDGES, (89.95, -179.0), 30.0)
@example(EDGES, (10.0, 180.0), 5.0)
@example(EDGES, (-90.0, 0.0), 20.0)
@example(EDGES, (0.0, 179.999), 2000.0)
def test_the_grid_finds_what_looking_at_every_point_finds(
    drawn: list[tuple[float, float]], here: tuple[float, float], radius_km: float
) -> None:
    points = np.array([*drawn, *EDGES])
    points = points[np.argsort(cell_of(points[:, 0], points[:, 1]), kind="stable")]
    numbers, distance = Grid(points[:, 0], points[:, 1]).within(*here, radius_km)
    every = {number: haversine_km((point[0], point[1]), here) for number, point in enumerate(points)}
    surely = {number for number, km in every.items() if km <= radius_km - 1e-3}
    perhaps = {number for number, km in every.items() if km <= radius_km + 1e-3}
    assert surely <= set(numbers.tolist()) <= perhaps
    assert len(set(numbers.tolist())) == len(numbers)
    for number, km in zip(numbers, distance, strict=True):
        assert km == pytest.approx(every[int(number)], abs=0.2 if every[int(number)] > 19_000 else 1e-3)


def test_points_that_are_not_sorted_are_refused() -> None:
    with pytest.raises(ValueError, match="sorted"):
        Grid(np.array([50.0, -50.0]), np.array([0.0, 0.0]))
