"""The report opens from its folder and names every series, shown or left out; its pictures are pictures."""

from __future__ import annotations

import datetime as dt
import io
import re
from typing import TYPE_CHECKING

import pandas as pd
from PIL import Image

from forecasting.pictures import forecast_picture
from forecasting.report import NOT_STATED, write_report
from forecasting.result import LeftOut
from forecasting.table import COLUMNS
from tests.forecasting.drawn import SOURCES, drawn_forecast
from tests.forecasting.test_documents import published

if TYPE_CHECKING:
    from pathlib import Path

CREATED = dt.datetime(2026, 11, 23, 6, tzinfo=dt.UTC)
EMPTY = pd.DataFrame({name: [] for name in COLUMNS})


def test_a_report_is_whole(tmp_path: Path) -> None:
    forecasts = [drawn_forecast("drawn-b", monthly=True), drawn_forecast("drawn-a", sex="female")]
    told: list[int] = []
    index = write_report(
        forecasts,
        tmp_path / "report",
        created=CREATED,
        table=EMPTY,
        left_out=[LeftOut("drawn-c", "only 7 years")],
        sources=SOURCES,
        done=told.append,
    )
    html = index.read_text("utf-8")
    assert told == [1, 2]
    assert "drawn-c: only 7 years" in html
    for address in re.findall(r'href="([^"#]+)"', html):
        page = (index.parent / address).read_text("utf-8")
        for linked in re.findall(r'href="([^"#]+)"', page):
            assert linked.startswith("https://") or (index.parent / linked).is_file(), linked
    assert len(list(index.parent.iterdir())) == 5


def test_a_licence_that_nobody_stated_is_said_to_be_so(tmp_path: Path) -> None:
    index = write_report([drawn_forecast("drawn-a")], tmp_path, created=CREATED, table=EMPTY)
    assert NOT_STATED in (index.parent / "drawn-a.html").read_text("utf-8")


def test_a_picture_is_the_same_whenever_it_is_drawn() -> None:
    document = published(drawn_forecast())
    one = forecast_picture(document)
    assert forecast_picture(document) == one
    with Image.open(io.BytesIO(one)) as image:
        assert (image.format, image.size) == ("PNG", (960, 540))
        assert len(image.convert("RGB").getcolors(960 * 540)) > 20
        assert not image.info
    assert len(one) < 60_000
    assert forecast_picture(published(drawn_forecast(monthly=True))) != one
