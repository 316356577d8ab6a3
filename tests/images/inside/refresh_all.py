"""A whole refresh by the image's own handlers, on a folder of the one place that Lambda lets a function write."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pandas as pd

ROOT = Path("/tmp/house")  # noqa: S108 - the sandbox's own
os.environ["REFRESH_ROOT"], os.environ["REFRESH_PUBLICATIONS"] = str(ROOT / "registries"), str(ROOT / "published")

import forecasting  # noqa: E402 - its settings are read when a handler is first called
from forecasting import refresh  # noqa: E402


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Plan, forecast two series and publish; return the summary."""
    samples = Path(forecasting.__file__).parent / "samples"
    (ROOT / "registries" / "files").mkdir(parents=True)
    (ROOT / "published").mkdir()
    table = pd.read_csv(samples / "united_states_melanoma.csv", keep_default_na=False)
    names = sorted(table["series_id"].unique())[: event["series"]]
    table[table["series_id"].isin(names)].to_csv(ROOT / "registries" / "files" / "us.csv", index=False)
    shutil.copyfile(samples / "sources.json", ROOT / "registries" / "sources.json")
    assert refresh.plan({"run": "one", "asked": {}}, context)["due"]
    for number in range(1, event["series"] + 1):
        refresh.forecast({"run": "one", "number": number}, context)
    return refresh.publish({"run": "one"}, context)
