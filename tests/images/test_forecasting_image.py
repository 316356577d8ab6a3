"""One series forecast in the forecasting image, by a handler under Lambda's limits."""
# ruff: noqa: S108 - places in the sandbox, whose /tmp is its own

from __future__ import annotations

from itertools import pairwise

from forecasting.quantiles import QUANTILES
from forecasting.result import FINAL
from tests.images import sandbox

HORIZON = 5


def test_one_series_is_forecast_by_every_method() -> None:
    image = sandbox.image("forecasting")
    (told,) = image.invoke("one_series.handler", {"horizon": HORIZON}, env={"PYTHONPATH": "/tmp/inside"})
    assert "errorType" not in told["answer"], told
    quantiles = told["answer"]["quantiles"]
    assert {FINAL, "prophet"} <= quantiles.keys()
    for method, rows in quantiles.items():
        assert len(rows) == HORIZON, method
        assert all(len(row) == len(QUANTILES) for row in rows)
        assert all(low <= high for row in rows for low, high in pairwise(row))
    assert quantiles[FINAL][0][3] > 0


def test_a_refresh_is_planned_forecast_and_published_by_the_images_handlers() -> None:
    image = sandbox.image("forecasting")
    (told,) = image.invoke("refresh_all.handler", {"series": 2}, env={"PYTHONPATH": "/tmp/inside"})
    assert "errorType" not in told["answer"], told
    assert (told["answer"]["series"], told["answer"]["left_out"]) == (2, 0)
