from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from typer.testing import CliRunner

from forecasting.__main__ import cli
from forecasting.errors import SeriesRefused
from forecasting.panel import read_panel
from forecasting.project import MOST_MONTHS, jobs, project
from forecasting.quantiles import LEVELS
from forecasting.result import FINAL, SeriesForecast
from tests.forecasting.series import drawn, growing

if TYPE_CHECKING:
    from forecasting.table import Series


def _projected(series: Series, horizon: int = 10) -> SeriesForecast:
    return project(jobs([series], read_panel(), horizon)[0])


def test_a_series_is_forecast_scored_and_its_past_shown() -> None:
    found = _projected(drawn(growing(25)))
    assert next(iter(found.forecasts)) == FINAL
    assert "prophet" in found.forecasts
    final = found.forecasts[FINAL]
    assert final.origin == 2015
    for level in LEVELS:
        low, high = final.interval(level)
        assert (np.diff(high - low) >= -1e-9).all()
    assert sum(found.weights.values()) == pytest.approx(1)
    assert {one.horizons for one in found.scores if one.method == FINAL} == {"1-5", "6-10"}
    assert [one.method for one in found.past] == [FINAL] * 3
    assert found.notes == ()


def test_eight_to_fourteen_years_are_forecast_wider_and_said() -> None:
    counts = np.full(20, 400.0) + 8 * np.tile([1, -1], 10)
    short, whole = (_projected(drawn(one), 5) for one in (counts[-8:], counts))
    assert "short" in short.notes[0]
    assert "other registries" in short.notes[1]
    assert short.scores == ()
    width_short, width_whole = (np.subtract(*one.forecasts[FINAL].interval(80)[::-1]) for one in (short, whole))
    assert (width_short > width_whole).all()


@pytest.mark.parametrize(("counts", "reason"), [(growing(7), "7 complete periods"), (np.zeros(20), "no case")])
def test_too_short_and_empty_series_are_refused(counts: np.ndarray, reason: str) -> None:
    with pytest.raises(SeriesRefused, match=reason):
        _projected(drawn(counts))


def test_provisional_years_are_forecast_not_used() -> None:
    counts = growing(22)
    counts[-1] = 1
    found = _projected(drawn(counts, provisional=np.arange(22) == 21), 3)
    assert found.forecasts[FINAL].origin == 2014
    assert found.forecasts[FINAL].median[0] > 200
    assert "2015" in found.notes[0]


def test_months_are_forecast_with_their_season() -> None:
    month = np.arange(72)
    counts = np.random.default_rng(1).poisson(1000 * (1 + 0.2 * np.cos(2 * np.pi * month / 12))).astype(float)
    found = _projected(drawn(counts, period_type="month"), 10)
    median = found.forecasts[FINAL].median
    assert len(median) == MOST_MONTHS
    assert median[0] > median[6] * 1.2  # January to July


def test_no_place_is_judged_by_constants_that_have_seen_it() -> None:
    panel = read_panel()
    assert not panel.places[0] & panel.places[1]
    for number, places in enumerate(panel.places):
        for place in places:
            assert panel.judging(place) is panel.halves[1 - number]
    assert panel.judging("Atlantis") is panel.everywhere


def _counts_file(path, series: dict[str, np.ndarray]) -> None:
    lines = ["series_id,sex,cancer,measure,country,year,count"]
    for name, counts in series.items():
        years = range(2016 - len(counts), 2016)
        lines += [
            f"{name},female,melanoma,incidence,Norway,{year},{int(n)}" for year, n in zip(years, counts, strict=True)
        ]
    path.write_text("\n".join(lines) + "\n", "utf-8")


def test_the_command_line_backtests_and_forecasts(tmp_path) -> None:
    _counts_file(tmp_path / "counts.csv", {"a": growing(20), "b": growing(7)})
    (tmp_path / "list.csv").write_text("series_id,recommended\na,yes\nb,no\n", "utf-8")
    run = CliRunner().invoke
    arguments = [str(tmp_path / "counts.csv"), "--workers", "1"]
    chosen = ["--series", str(tmp_path / "list.csv")]
    done = run(cli, ["backtest", *arguments, *chosen, "--out", str(tmp_path / "back")])
    assert done.exit_code == 0, done.output
    document = json.loads((tmp_path / "back" / "summary.json").read_text("utf-8"))
    assert set(document[FINAL]) == {"1-5", "6-10"}
    header = (tmp_path / "back" / "backtest.csv").read_text("utf-8").splitlines()[0]
    assert header.startswith("series_id,method,origin,horizon,actual,q0.025,")
    assert (tmp_path / "back" / "backtest.png").read_bytes().startswith(b"\x89PNG")
    done = run(cli, ["forecast", *arguments, "--horizon", "3", "--out", str(tmp_path / "ahead")])
    assert done.exit_code == 0, done.output
    assert "left out: b" in done.output
    names = {path.name for path in (tmp_path / "ahead").iterdir()}
    assert {"forecasts.csv", "forecasts.parquet", "forecasts.json", "scores.csv", "left_out.csv", "hub"} <= names
    (series,) = json.loads((tmp_path / "ahead" / "forecasts.json").read_text("utf-8"))
    assert [one["period"] for one in series["forecasts"][FINAL]["periods"]] == ["2016", "2017", "2018"]
    (tmp_path / "list.csv").write_text("series_id\nc\n", "utf-8")
    assert run(cli, ["backtest", *arguments, *chosen, "--out", str(tmp_path / "none")]).exit_code == 1
