"""What passes between the steps of a refresh, and where it lies below the registries' root."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from functions.forecasts.publication import LeftOutSeries, SeriesEntry, Source, Version

FILES, SOURCES, LAST = "files/", "sources.json", "last.json"


class RefreshSettings(BaseSettings):
    """Settings of the refresh, read once, at the door."""

    model_config = SettingsConfigDict(env_prefix="REFRESH_", frozen=True)

    root: str = Field(
        "registries", description="Where registries' files are put, below `files/`: a folder, or `s3://bucket/prefix`."
    )
    publications: str = Field("published", description="Where forecasts are published: a folder, or an address of S3.")
    horizon: int = Field(10, ge=1, le=20, description="Years to forecast; of months at most 24.")
    max_concurrency: int = Field(40, ge=1, le=1000, description="Functions that forecast a series at the same time.")
    tolerated_failure_percentage: float = Field(
        5.0, ge=0, le=100, description="Share of series that may fail at each attempt before nothing is shown."
    )


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Asked(_Frozen):
    """What starts a refresh."""

    force: bool = Field(default=False, description="Forecast also where nothing came since the last time.")


class Item(_Frozen):
    """One line of the work list: the event of the function that forecasts."""

    run: str = Field(pattern=r"^[\w-]{1,128}$")
    number: Annotated[int, Field(ge=1)]


class FileReport(_Frozen):
    """What became of one file."""

    path: str
    sha256: str
    layout: str = Field(description="Empty where no reader understood it.")
    rows: int
    complaints: tuple[str, ...] = ()
    set_aside: str = Field("", description="Where it lies now, if it was not understood.")


class Plan(_Frozen):
    """A refresh that is due."""

    run: str
    version: Version
    created: AwareDatetime
    inputs_sha256: str
    horizon: int
    tolerated_failure_percentage: float
    series: tuple[str, ...]
    sources: tuple[Source, ...]
    left_out: tuple[LeftOutSeries, ...]
    set_aside: tuple[str, ...]
    replaced: tuple[str, ...] = Field(description="Which file stands where two say something of the same rows.")


class Done(_Frozen):
    """What became of one series."""

    entry: SeriesEntry | None = None
    left_out: LeftOutSeries | None = None


class Last(_Frozen):
    """The refresh that was published last."""

    version: Version
    inputs_sha256: str


def plan_path(run: str) -> str:
    """Return where a run's plan lies."""
    return f"runs/{run}/plan.json"


def report_path(run: str) -> str:
    """Return where the report on a run's files lies."""
    return f"runs/{run}/report.json"


def work_path(run: str) -> str:
    """Return where a run's work list lies; the state machine reads it."""
    return f"runs/{run}/work.json"


def rows_path(run: str, number: int) -> str:
    """Return where the counts of a series lie."""
    return f"runs/{run}/series/{number:05d}.parquet"


def done_path(run: str, number: int) -> str:
    """Return where it is written what became of a series."""
    return f"runs/{run}/done/{number:05d}.json"
