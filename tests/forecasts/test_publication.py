"""The published format refuses what cannot be shown, and is written and read back unchanged."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from functions.forecasts.publication import ForecastPoint, Manifest, PublishedFile, SeriesDocument

POINT = {
    "period": "2030",
    "low_95": 1,
    "low_80": 2,
    "low_50": 3,
    "median": 4,
    "high_50": 5,
    "high_80": 6,
    "high_95": 7,
}


def test_a_document_reads_back_as_it_was_written(document: SeriesDocument) -> None:
    assert SeriesDocument.model_validate_json(document.model_dump_json()) == document


def test_a_manifest_reads_back_as_it_was_written(manifest: Manifest) -> None:
    assert Manifest.model_validate_json(manifest.model_dump_json()) == manifest


@pytest.mark.parametrize(
    "wrong", [{"low_95": 2.5}, {"median": -1.0}, {"median": float("nan")}, {"high_95": 5.5}, {"period": "30"}]
)
def test_a_point_that_no_forecast_can_be_is_refused(wrong: dict[str, object]) -> None:
    ForecastPoint.model_validate(POINT)
    with pytest.raises(ValidationError):
        ForecastPoint.model_validate(POINT | wrong)


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "a/b.json", ".hidden", "", "A.json"])
def test_a_file_lies_in_its_version(path: str) -> None:
    PublishedFile(path="a-series.hub.csv", sha256="0" * 64, size=1)
    with pytest.raises(ValidationError):
        PublishedFile(path=path, sha256="0" * 64, size=1)


def test_the_forecast_to_use_is_the_first(document: SeriesDocument) -> None:
    turned = document.model_dump() | {"forecasts": document.model_dump()["forecasts"][::-1]}
    with pytest.raises(ValidationError, match="the first forecast is drift, not dermacast"):
        SeriesDocument.model_validate(turned)


def test_series_stand_once_and_in_order(manifest: Manifest) -> None:
    for series in (manifest.series[::-1], [*manifest.series, manifest.series[-1]]):
        with pytest.raises(ValidationError, match="sorted by series_id"):
            Manifest(version=manifest.version, created=manifest.created, series=tuple(series))


def test_what_is_not_in_the_format_is_refused(manifest: Manifest) -> None:
    with pytest.raises(ValidationError):
        Manifest.model_validate(manifest.model_dump() | {"secret": 1})
    with pytest.raises(ValidationError):
        Manifest.model_validate(manifest.model_dump() | {"schema_version": 2})
