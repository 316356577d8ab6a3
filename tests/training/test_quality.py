from __future__ import annotations

import numpy as np

from functions.triage.quality import MEASURES, quality_of
from training.quality import fit_quality, measured


def photos(count: int = 40) -> np.ndarray:
    """Draw spots of several contrasts on skin, uint8 (count, 80, 80, 3)."""
    random = np.random.default_rng(5)
    y, x = np.mgrid[:80, :80] - 40
    inside = (np.hypot(y, x) < 18)[..., np.newaxis] * 1.0
    drawn = [
        np.array([210, 165, 145]) + random.normal(0, 5, (80, 80, 1)) - inside * random.uniform(40, 110)
        for _ in range(count)
    ]
    return np.array(drawn).clip(0, 255).astype(np.uint8)


def test_each_photo_is_measured_once_by_every_check() -> None:
    found = measured(photos(3))
    assert list(found) == list(MEASURES)
    assert all(values.shape == (3,) for values in found.values())
    assert found["dark"][2] == MEASURES["dark"](photos(3)[2])


def test_hardly_a_photo_that_chose_is_refused() -> None:
    squares = photos()
    thresholds = fit_quality(measured(squares))
    assert sum(not quality_of(square, thresholds).passed for square in squares) <= 2
    assert "40 photos" in thresholds.chosen


def test_the_least_sharp_and_the_faintest_set_the_thresholds() -> None:
    measures = measured(photos(9))
    thresholds = fit_quality(measures)
    for name, threshold in (("blurred", thresholds.sharpness_from), ("not_in_frame", thresholds.contrast_from)):
        lowest, second = np.sort(measures[name])[:2]
        assert lowest - 0.001 <= threshold <= second + 0.001


def test_bright_photos_do_not_refuse_dark_skin_nor_clean_ones_a_glint() -> None:
    thresholds = fit_quality(measured(photos(9)))
    assert (thresholds.brightness_from, thresholds.glare_to) == (60.0, 0.02)
    dim = measured((photos(9) * 0.2).astype(np.uint8))
    assert fit_quality(dim).brightness_from < 60
