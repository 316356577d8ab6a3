"""Distance and side of drawn textures; what is stored is read back, and what is no such file is refused."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.triage.novelty import Novelty


def plane() -> Novelty:
    """Return the plane of the first two of four axes, through (1, 1, 1, 1)."""
    return Novelty(np.ones(4, np.float32), np.eye(4, dtype=np.float32)[:2], np.array([1.0, 0.0], np.float32), -0.5)


def test_the_distance_is_that_from_the_plane() -> None:
    textures = np.array([[9, -7, 1, 1], [1, 1, 4, 5], [0, 0, 1, 0]])
    assert plane().distance(textures) == pytest.approx([0, 5, 1])


@given(st.lists(st.floats(-100, 100), min_size=4, max_size=4))
def test_no_step_within_the_plane_changes_the_distance(texture: list[float]) -> None:
    start = np.array([texture])
    assert plane().distance(start + np.array([3.0, -2.0, 0, 0])) == pytest.approx(plane().distance(start), abs=1e-5)


def test_the_side_is_that_of_the_line() -> None:
    assert plane().clinical(np.array([[1.5, 8, 0, 3], [2, 0, 0, 0], [0, 0, 0, 0]])) == pytest.approx([0, 0.5, -1.5])


def test_it_is_read_back_as_it_was_stored_and_stored_alike_twice() -> None:
    stored = plane().to_bytes()
    read = Novelty.from_bytes(stored)
    for name in ("mean", "axes", "domain_weights"):
        np.testing.assert_array_equal(getattr(read, name), getattr(plane(), name))
    assert read.domain_bias == -0.5
    assert read.to_bytes() == stored


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"mean": None}, "lacks mean"),
        ({"axes": np.ones((2, 3))}, "disagree"),
        ({"axes": np.ones(4)}, "disagree"),
        ({"domain_weights": np.ones(3)}, "disagree"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(change: dict[str, np.ndarray | None], complaint: str) -> None:
    fields = {"mean": np.ones(4), "axes": np.eye(4)[:2], "domain_weights": np.ones(2), "domain_bias": np.float32(0)}
    target = io.BytesIO()
    np.savez(target, **{name: value for name, value in (fields | change).items() if value is not None})
    with pytest.raises(ValueError, match=complaint):
        Novelty.from_bytes(target.getvalue())
