from __future__ import annotations

import numpy as np

from forecasting.backtest_report import backtest
from forecasting.panel import read_panel
from forecasting.parallel import Failure, each
from forecasting.project import jobs
from tests.forecasting.pool_work import CRASHES, RAISES, projected
from tests.forecasting.series import drawn, growing


def test_of_500_series_one_that_dies_and_one_that_raises_are_reported_and_the_others_stand_as_alone() -> None:
    items = [(number, growing(seed=number)) for number in range(500)]
    seen: list[int] = []
    found = each(projected, items, workers=2, done=seen.append)
    assert found[CRASHES] == Failure("the process that worked on it died")
    assert found[RAISES] == Failure("ValueError: an odd series")
    assert seen == sorted(seen)
    assert seen[-1] == 500
    sound = [number for number in range(500) if number not in (CRASHES, RAISES)]
    # The same to the bit in one process and in two.
    alone = each(projected, [items[number] for number in sound], workers=1)
    assert np.array_equal(np.array([found[number] for number in sound]), np.array(alone))


def test_a_series_that_fails_is_left_out_with_its_reason() -> None:
    series = [drawn(growing(20), "whole"), drawn(growing(9), "short")]
    found = backtest(jobs(series, read_panel(), 1), workers=1)
    assert [one.series_id for one in found.series] == ["whole"]
    assert [one.series_id for one in found.left_out] == ["short"]
    assert "9 periods" in found.left_out[0].reason
