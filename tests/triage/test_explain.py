"""The map adds up to the answer, and the picture and the words show what is in it."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from functions.triage.explain import explain, malignant_map, overlay
from functions.triage.scorer import softmax

MALIGNANT = [0, 2]
BIASES = np.array([0.3, -0.1, 0.2, 0.5])


def log_odds(logits: np.ndarray, temperature: float) -> float:
    p = softmax(logits / temperature + BIASES)[MALIGNANT].sum()
    return float(np.log(p) - np.log1p(-p))


@given(st.integers(0, 1000), st.floats(0.5, 3))
def test_the_mean_of_the_map_is_the_slope_of_the_log_odds(seed: int, temperature: float) -> None:
    activation = np.random.default_rng(seed).normal(0, 2, (3, 4, 4)).astype(np.float32)
    logits = activation.mean(axis=(0, 1)).astype(np.float64)
    found = malignant_map(activation, softmax(logits / temperature + BIASES), MALIGNANT, temperature)
    step = 1e-5
    # Along the photo's own contribution: all that the places add, a little more and a little less of it.
    slope = (log_odds((1 + step) * logits, temperature) - log_odds((1 - step) * logits, temperature)) / (2 * step)
    assert found.mean() == pytest.approx(slope, rel=1e-4, abs=1e-4)


def test_the_map_is_finite_where_the_answer_is_certain() -> None:
    certain = np.array([1.0, 0.0, 0.0, 0.0])
    assert np.isfinite(malignant_map(np.ones((2, 2, 4), np.float32), certain, MALIGNANT, 1.0)).all()
    assert np.isfinite(malignant_map(np.ones((2, 2, 4), np.float32), certain[::-1], MALIGNANT, 1.0)).all()


def test_reasons_for_are_orange_and_reasons_against_blue() -> None:
    picture = Image.open(io.BytesIO(overlay(np.array([[2.0, 0.0], [0.0, -1.0]]), 64))).convert("RGBA")
    assert picture.size == (64, 64)
    most, least = (np.array(picture.getpixel(at), dtype=int) for at in ((2, 2), (61, 61)))
    assert most[0] > most[2]
    assert least[0] < least[2]
    assert most[3] > least[3] > 60, "the stronger reason hides more of the photo, and none hides all"
    assert most[3] < 255


def test_without_reasons_the_picture_hides_nothing() -> None:
    picture = Image.open(io.BytesIO(overlay(np.zeros((3, 3)), 32))).convert("RGBA")
    assert np.asarray(picture)[..., 3].max() == 0


@pytest.mark.parametrize(
    ("at", "place"),
    [((0, 0), "at the top left"), ((2, 2), "in the middle"), ((4, 2), "at the bottom"), ((2, 4), "right")],
)
def test_the_words_say_where(at: tuple[int, int], place: str) -> None:
    activation = np.zeros((5, 5, 2), np.float32)
    activation[(*at, 0)] = 1
    found = explain(activation, np.array([0.5, 0.5]), [0], 1.0, 80)
    assert f"{place} (orange)" in found.alt
    assert "blue" not in found.alt
    assert found.values[at[0]][at[1]] == 1
    assert Image.open(io.BytesIO(base64.b64decode(found.data))).format == "PNG"
