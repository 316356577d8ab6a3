"""The published format: what `forecasting publish` writes, and the only thing that the page and the API read.

    <root>/current.json                     Pointer: the version that is shown, moved by conditional write alone
    <root>/<version>/manifest.json          Manifest: written last; a version without it is not there
    <root>/<version>/<series_id>.json       SeriesDocument
    <root>/<version>/<series_id>.csv, .parquet, .png, .hub.csv

A version is never changed once its manifest is there. Counts are whole cases or deaths in one period; rates are
per 100,000; coverages are in percent; periods are as people write them: 2019, or 2019-03.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt, model_validator

SCHEMA_VERSION: Literal[1] = 1
POINTER = "current.json"
MANIFEST = "manifest.json"
VERSION_PATTERN = r"^\d{8}T\d{6}Z-[0-9a-f]{8}$"
SERIES_PATTERN = r"^[a-z0-9_]+(-[a-z0-9_]+)*$"
ALL_AGES = "all"
# The levels of the quantiles that `ForecastPoint` names, lowest first.
QUANTILES = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)

Version = Annotated[str, Field(pattern=VERSION_PATTERN)]
SeriesId = Annotated[str, Field(pattern=SERIES_PATTERN, max_length=200)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Period = Annotated[str, Field(pattern=r"^\d{4}(-\d{2})?$")]
Sex = Literal["female", "male", "both"]
Cancer = Literal["melanoma", "nmsc", "bcc", "scc", "skin_all"]
Measure = Literal["incidence", "mortality"]
PeriodType = Literal["year", "month"]
FileFormat = Literal["json", "csv", "parquet", "png", "hub.csv"]

MEDIA_TYPES: dict[FileFormat, str] = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "png": "image/png",
    "hub.csv": "text/csv; charset=utf-8",
}


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PublishedFile(_Frozen):
    """One file of a version."""

    path: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$", description="Within the version.")
    sha256: Sha256 = Field(description="Of its bytes.")
    size: NonNegativeInt = Field(description="In bytes.")


class Source(_Frozen):
    """Where figures come from, and under what licence they may be passed on."""

    source: str = Field(min_length=1, description="Data set and edition, as in the counts table.")
    title: str = Field(min_length=1, description="What it is, for people.")
    publisher: str = Field(min_length=1, description="Who publishes it.")
    citation: str = Field(min_length=1, description="As the publisher wants to be cited.")
    url: str = Field(pattern=r"^(https://\S+)?$", description="Where the publisher describes it; empty: not known.")
    licence: str = Field(min_length=1, description="As the publisher states it.")
    licence_url: str = Field(pattern=r"^(https://\S+)?$", description="Where the licence stands; empty: not known.")
    remarks: tuple[str, ...] = Field((), description="What a reader of the figures must know, as sentences.")


class SeriesEntry(_Frozen):
    """One series in the index of a publication."""

    series_id: SeriesId = Field(description="Names the series, in every version.")
    title: str = Field(description="Cancer, measure, sex, age and place in words.")
    country: str = Field(description="In words.")
    region: str = Field(description="In words; empty for the whole country.")
    sex: Sex = Field(description="Whose cases.")
    age_group: str = Field(description="`all`, or such as 50-69 or 70+.")
    cancer: Cancer = Field(
        description="Melanoma (C43), nmsc (C44), bcc, scc, or skin_all (C43 and C44 without basal cell carcinoma)."
    )
    measure: Measure = Field(description="New cases or deaths.")
    period_type: PeriodType = Field(description="What one count covers.")
    first_period: Period = Field(description="The first that was observed.")
    data_through: Period = Field(description="The last that was observed.")
    forecast_through: Period = Field(description="The last that is forecast.")
    source: str = Field(description="Data set and edition.")
    licence: str = Field(description="Of the figures.")
    files: dict[FileFormat, PublishedFile] = Field(description="By format.")


class LeftOutSeries(_Frozen):
    """A series that was not forecast."""

    series_id: str = Field(description="Its name in the counts table.")
    reason: str = Field(description="Why, as a sentence.")


class Manifest(_Frozen):
    """What a version holds."""

    schema_version: Literal[1] = SCHEMA_VERSION
    version: Version
    created: AwareDatetime = Field(description="When the forecasts were made.")
    series: tuple[SeriesEntry, ...] = Field(description="Sorted by series_id.")
    left_out: tuple[LeftOutSeries, ...] = ()

    @model_validator(mode="after")
    def _series_are_unique_and_sorted(self) -> Self:
        names = [entry.series_id for entry in self.series]
        if names != sorted(set(names)):
            raise ValueError("series must be sorted by series_id, each once")
        return self


class Pointer(_Frozen):
    """The version that is shown."""

    schema_version: Literal[1] = SCHEMA_VERSION
    version: Version
    manifest_sha256: Sha256
    since: AwareDatetime
    previous: Version | None = Field(None, description="The version that was shown before.")


class Observation(_Frozen):
    """What a registry counted in one period."""

    period: Period
    count: NonNegativeFloat = Field(description="Cases or deaths.")
    population: NonNegativeFloat | None = Field(None, description="Persons or person-years; null where not known.")
    rate: NonNegativeFloat | None = Field(None, description="Age-standardised, as published; null where there is none.")
    provisional: bool = Field(default=False, description="Registrations were still coming in.")


class ForecastPoint(_Frozen):
    """One period to come: the median, and the ends of the intervals that hold it 50, 80 and 95 times in 100."""

    period: Period
    low_95: NonNegativeFloat
    low_80: NonNegativeFloat
    low_50: NonNegativeFloat
    median: NonNegativeFloat
    high_50: NonNegativeFloat
    high_80: NonNegativeFloat
    high_95: NonNegativeFloat

    @property
    def quantiles(self) -> tuple[float, ...]:
        """The values at `QUANTILES`."""
        return (self.low_95, self.low_80, self.low_50, self.median, self.high_50, self.high_80, self.high_95)

    @model_validator(mode="after")
    def _quantiles_do_not_cross(self) -> Self:
        if list(self.quantiles) != sorted(self.quantiles):
            raise ValueError(f"quantiles cross in {self.period}: {self.quantiles}")
        return self


class MethodForecast(_Frozen):
    """What one method said at one origin."""

    method: str = Field(description="Short name, as in the tables of the back-test.")
    title: str = Field(description="The method for people.")
    origin: Period = Field(description="The last period that it knew.")
    points: tuple[ForecastPoint, ...] = Field(min_length=1)


class MethodScores(_Frozen):
    """What a method reached in the series' back-test; errors are relative to a random walk with drift on logs."""

    method: str
    title: str
    horizons: str = Field(description="In periods ahead, such as 1-5.")
    forecasts: NonNegativeInt = Field(description="How many were judged.")
    rel_mae: NonNegativeFloat | None = Field(description="Relative mean absolute error; below 1 is better than drift.")
    rel_wis: NonNegativeFloat | None = Field(description="Relative weighted interval score.")
    mase: NonNegativeFloat | None = Field(description="Mean absolute scaled error.")
    coverage_50: NonNegativeFloat | None = Field(description="Percent; 50 would be exact.")
    coverage_80: NonNegativeFloat | None = Field(description="Percent; 80 would be exact.")
    coverage_95: NonNegativeFloat | None = Field(description="Percent; 95 would be exact.")


class CauseSplit(_Frozen):
    """A projected change of yearly cases in three parts that sum to it; each is associated with it, no more."""

    period: Period
    base_label: str = Field(description="The years that it is a change from.")
    base: NonNegativeFloat = Field(description="Cases a year in them.")
    growth: float = Field(description="Associated with the number of people.")
    ageing: float = Field(description="Associated with their ages.")
    risk: float = Field(description="Associated with a change of risk at the same age.")

    @property
    def total(self) -> float:
        """The whole change."""
        return self.growth + self.ageing + self.risk


class SeriesDocument(_Frozen):
    """One series: what was counted, what is to come, how well such forecasts did, and what they rest on."""

    schema_version: Literal[1] = SCHEMA_VERSION
    version: Version
    series_id: SeriesId
    title: str
    country: str
    region: str
    sex: Sex
    age_group: str
    cancer: Cancer
    measure: Measure
    period_type: PeriodType
    sentence: str = Field(description="The forecast in plain words, to be read out.")
    as_of: AwareDatetime = Field(description="When the forecast was made; nothing published later is in it.")
    data_through: Period
    source: Source
    rate_standard: str = Field("", description="The standard population of the observed rates; empty without rates.")
    observed: tuple[Observation, ...] = Field(min_length=1)
    method: str = Field(description="Which of the forecasts is the one to use.")
    forecasts: tuple[MethodForecast, ...] = Field(min_length=1, description="The one to use is first.")
    weights: dict[str, float] = Field({}, description="Of the members of the forecast to use, from the back-test.")
    scores: tuple[MethodScores, ...] = Field((), description="Empty where the series is too short for a back-test.")
    past: tuple[MethodForecast, ...] = Field((), description="What the method to use said at earlier origins.")
    causes: tuple[CauseSplit, ...] = Field((), description="Empty where cases or people by age are not known.")
    cause_notes: tuple[str, ...] = Field((), description="What the split assumes.")
    notes: tuple[str, ...] = Field((), description="What a reader must know, as sentences.")
    method_notes: tuple[str, ...] = Field((), description="How the forecast was made, as sentences.")

    @property
    def final(self) -> MethodForecast:
        """The forecast to use."""
        return self.forecasts[0]

    @property
    def last_known(self) -> Observation:
        """The last count that the forecast to use rests on; provisional ones after it are shown beside it."""
        return next((one for one in self.observed if one.period == self.final.origin), self.observed[-1])

    @model_validator(mode="after")
    def _the_forecast_to_use_is_first(self) -> Self:
        if self.forecasts[0].method != self.method:
            raise ValueError(f"the first forecast is {self.forecasts[0].method}, not {self.method}")
        return self


def file_name(series_id: str, file_format: FileFormat) -> str:
    """Return a file's name within its version."""
    return f"{series_id}.{file_format}"
