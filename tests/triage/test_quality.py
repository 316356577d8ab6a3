"""Each flaw is caught when it is drawn, alone, and a good photo has none; whatever the photo's size or colours."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.triage.card import QualityThresholds
from functions.triage.quality import MEASURES, Quality, brightness, contrast, glare, luma_of, quality_of, sharpness

THRESHOLDS = QualityThresholds(
    brightness_from=60.0, glare_to=0.03, sharpness_from=0.085, contrast_from=8.0, chosen="by hand, for tests"
)
SIZES = pytest.mark.parametrize("size", [75, 224, 256, 299])


def skin(size: int = 224) -> np.ndarray:
    """Draw skin with its fine texture, float64 (size, size, 3)."""
    grain = np.random.default_rng(3).normal(0, 6, (size, size, 1))
    return np.array([205.0, 160.0, 140.0]) + grain


def spot(size: int = 224, at: tuple[float, float] = (0.5, 0.5), radius: float = 0.22) -> np.ndarray:
    """Draw skin with one dark spot of a fairly sharp edge."""
    y, x = np.mgrid[:size, :size] / size
    away = np.hypot(y - at[0], x - at[1]) - radius
    inside = 1 / (1 + np.exp(away * size / 1.5))
    return skin(size) - inside[..., np.newaxis] * np.array([90.0, 90.0, 80.0])


def photo(drawn: np.ndarray) -> np.ndarray:
    return drawn.clip(0, 255).astype(np.uint8)


def flaws(drawn: np.ndarray) -> list[str]:
    return quality_of(photo(drawn), THRESHOLDS).flaws


def smeared(drawn: np.ndarray, length: int, axes: tuple[int, ...] = (0, 1)) -> np.ndarray:
    for axis in axes:
        drawn = np.mean([np.roll(drawn, step, axis) for step in range(length)], axis=0)
    return drawn


@SIZES
def test_a_good_photo_passes_every_check(size: int) -> None:
    quality = quality_of(photo(spot(size)), THRESHOLDS)
    assert quality.passed
    assert [check.name for check in quality.checks] == ["dark", "glare", "not_in_frame", "blurred"]
    assert quality.flaws == []


@SIZES
def test_a_dark_photo(size: int) -> None:
    assert "dark" in flaws(spot(size) * 0.2)
    assert "dark" not in flaws(spot(size) * 0.6)


def test_dark_skin_in_good_light_is_not_dark() -> None:
    deep = spot() * np.array([0.44, 0.38, 0.34])
    assert 60 < brightness(luma_of(photo(deep))) < 90
    assert flaws(deep) == []


def test_dark_corners_are_not_darkness() -> None:
    y, x = np.mgrid[-1:1:224j, -1:1:224j]
    assert "dark" not in flaws(spot() * (np.hypot(y, x) < 1)[..., np.newaxis])


@SIZES
def test_glare(size: int) -> None:
    flashed = spot(size)
    flashed[: size // 4, : size // 4] = 255
    assert flaws(flashed) == ["glare"]
    flashed[size // 20 :, size // 20 :] = spot(size)[size // 20 :, size // 20 :]
    assert "glare" not in flaws(flashed), "a thin rim of glints"


def test_bright_colour_is_no_glare() -> None:
    assert glare(photo(np.broadcast_to([255.0, 255.0, 180.0], (80, 80, 3)))) == 0


@SIZES
@pytest.mark.parametrize("axes", [(0, 1), (0,), (1,)])
def test_blur_and_shake(size: int, axes: tuple[int, ...]) -> None:
    assert "blurred" in flaws(smeared(spot(size), 9, axes))


def test_a_faint_sharp_photo_is_not_blurred() -> None:
    sharp = spot()
    faint = sharp.mean() + 0.4 * (sharp - sharp.mean())
    measured = [sharpness(luma_of(photo(drawn))) for drawn in (sharp, faint)]
    assert measured[0] == pytest.approx(measured[1], rel=0.2)


@SIZES
def test_bare_skin_has_no_spot_in_the_frame(size: int) -> None:
    assert flaws(skin(size)) == ["not_in_frame"]


def test_light_that_falls_off_is_no_spot() -> None:
    y, x = np.mgrid[-1:1:224j, -1:1:224j]
    light = (1 - 0.3 * (x + 0.4) ** 2 - 0.2 * y)[..., np.newaxis]
    assert "not_in_frame" in flaws(skin() * light)


def test_a_spot_in_the_corner_is_not_in_the_frame() -> None:
    assert contrast(photo(spot(at=(0.05, 0.05), radius=0.05))) < 8 < contrast(photo(spot(radius=0.05)))


def test_without_thresholds_nothing_is_checked() -> None:
    assert quality_of(photo(skin()), None) == Quality(passed=True, checks=[])


def test_what_is_measured_stands_beside_its_threshold() -> None:
    found = {check.name: check for check in quality_of(photo(skin()), THRESHOLDS).checks}
    assert found["not_in_frame"].measured == pytest.approx(contrast(photo(skin())), abs=1e-4)
    assert (found["not_in_frame"].threshold, found["not_in_frame"].passed) == (8.0, False)
    assert {name: check.measured for name, check in found.items()} == pytest.approx(
        {name: measure(photo(skin())) for name, measure in MEASURES.items()}, abs=1e-4
    )


@given(st.integers(75, 90), st.integers(0, 99), st.sampled_from([1, 2, 16, 256]))
@settings(max_examples=30, deadline=None)
def test_every_square_has_finite_measures(size: int, seed: int, shades: int) -> None:
    drawn = np.random.default_rng(seed).integers(0, shades, (size, size, 3)) * (255 // max(shades - 1, 1))
    assert all(np.isfinite(check.measured) for check in quality_of(drawn.astype(np.uint8), THRESHOLDS).checks)
