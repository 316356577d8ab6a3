"""The room's routes: HTTP in, published files and the analysts' page out, and nothing computed here."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, FastAPI, Path, Query, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel, ConfigDict, Field

from functions.common import door, problems
from functions.forecasts import document, views
from functions.forecasts.publication import (
    MEDIA_TYPES,
    SERIES_PATTERN,
    VERSION_PATTERN,
    Cancer,
    FileFormat,
    LeftOutSeries,
    Measure,
    PeriodType,
    SeriesDocument,
    SeriesEntry,
    Sex,
    file_name,
)

if TYPE_CHECKING:
    from functions.forecasts.publication import Manifest
    from functions.forecasts.reader import Publications

# A version never changes; what is shown now changes when the next one is published.
_FOR_EVER = "public, max-age=31536000, immutable"
_FOR_MINUTES = "public, max-age=300"

SeriesName = Annotated[str, Path(pattern=SERIES_PATTERN, max_length=200, description="As the list names it.")]
VersionName = Annotated[
    str | None, Query(pattern=VERSION_PATTERN, description="An older publication; without it, the newest.")
]


class Asked(BaseModel):
    """What is asked for; what is left out is not filtered by."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    country: str | None = Field(None, max_length=100, description="In words, such as United States.")
    region: str | None = Field(None, max_length=100, description="In words; empty for whole countries.")
    sex: Sex | None = Field(None, description="Whose cases.")
    age_group: str | None = Field(None, max_length=20, description="`all`, or such as 50-69 or 70+.")
    cancer: Cancer | None = Field(None, description="Which cancer.")
    measure: Measure | None = Field(None, description="New cases or deaths.")
    period_type: PeriodType | None = Field(None, description="What one count covers.")
    source: str | None = Field(None, max_length=200, description="Data set and edition.")
    version: str | None = Field(
        None, pattern=VERSION_PATTERN, description="An older publication; without it, the newest."
    )


class ListAsked(Asked):
    """What is asked of the list."""

    limit: int = Field(50, ge=1, le=200, description="At most so many series.")
    cursor: str | None = Field(
        None, pattern=SERIES_PATTERN, max_length=200, description="`next_cursor` of the page before."
    )


class ForecastList(BaseModel):
    """One page of the series that are published."""

    version: str = Field(description="Of the publication.")
    previous: str | None = Field(description="The publication that was shown before; null where not known.")
    created: str = Field(description="When the forecasts were made.")
    total: int = Field(description="How many series fit.")
    series: list[SeriesEntry] = Field(description="Sorted by series_id.")
    next_cursor: str | None = Field(description="Of the next page; null on the last.")
    left_out: list[LeftOutSeries] = Field(description="Series that were not forecast, on the first page.")


def create_app(publications: Publications) -> FastAPI:
    """Return the room as an ASGI application.

    Args:
        publications: what is shown.

    """
    app: FastAPI = FastAPIOffline(
        title="dermacast forecasts",
        version="1",
        summary="Skin cancers that registries counted, and what is to be expected.",
        description=(
            "Every figure comes with its source, its licence and the error of its back-test. Errors are "
            "`application/problem+json` with a stable `code`."
        ),
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        docs_url="/forecasts/docs",
        openapi_url="/forecasts/openapi.json",
        static_url="/forecasts/docs-static",
        redoc_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
    )
    described = app.openapi
    app.openapi = lambda: document.complete(described())  # type: ignore[method-assign]
    door.install(app, images="data:", forms="'self'", devices="")
    app.include_router(_router(publications))
    app.mount("/forecasts/page", StaticFiles(directory=views.PAGE), name="forecasts-page")
    return app


def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI document; nothing is read."""
    from pathlib import Path as Folder

    from functions.common.storage import FolderStorage
    from functions.forecasts.reader import Publications as Reader

    return create_app(Reader(FolderStorage(Folder()), refresh_s=0)).openapi()


def is_forecasts(path: str) -> bool:
    """Say whether a path is one of this room's."""
    return path.startswith(("/forecasts/", "/v1/forecasts/")) or path in {"/forecasts", "/v1/forecasts"}


def _router(publications: Publications) -> APIRouter:
    router = APIRouter()

    @router.get(
        "/v1/forecasts",
        operation_id="listForecasts",
        summary="The series that are published",
        description="Sorted by series_id, filtered by what is asked for, page by page.",
        responses=document.responses(document.LIST_PROBLEMS),
        response_model=ForecastList,
    )
    def listed(request: Request, asked: Annotated[ListAsked, Query()]) -> Response:
        manifest = publications.manifest(asked.version)
        filters = asked.model_dump(exclude={"version", "limit", "cursor"}, exclude_none=True)
        fitting = [
            entry for entry in manifest.series if all(getattr(entry, name) == value for name, value in filters.items())
        ]
        left = [entry for entry in fitting if asked.cursor is None or entry.series_id > asked.cursor]
        shown = left[: asked.limit]
        answer = ForecastList(
            version=manifest.version,
            previous=publications.pointer().previous if asked.version is None else None,
            created=manifest.created.isoformat().replace("+00:00", "Z"),
            total=len(fitting),
            series=shown,
            next_cursor=shown[-1].series_id if len(left) > len(shown) else None,
            left_out=[] if asked.cursor else list(manifest.left_out),
        )
        return _answer(request, answer.model_dump_json().encode(), MEDIA_TYPES["json"], pinned=asked.version)

    def file_route(file_format: FileFormat, name: str, summary: str) -> None:
        @router.get(
            f"/v1/forecasts/{{series_id}}.{file_format}",
            operation_id=name,
            summary=summary,
            description="A ready-made file of the publication.",
            responses=document.responses(document.SERIES_PROBLEMS, MEDIA_TYPES[file_format]),
            response_class=Response,
        )
        def file(request: Request, series_id: SeriesName, version: VersionName = None) -> Response:
            _refuse_others(request)
            return _file(request, publications, series_id, file_format, version)

    file_route("hub.csv", "getForecastHubCsv", "One forecast as hubverse model output")
    file_route("csv", "getForecastCsv", "One series as a table")
    file_route("parquet", "getForecastParquet", "One series as a table, Parquet")
    file_route("png", "getForecastPng", "One series as a picture")

    @router.get(
        "/v1/forecasts/{series_id}",
        operation_id="getForecast",
        summary="Everything that is published of one series",
        description="Counts, forecasts by method, back-test, the split into causes, source and licence.",
        responses=document.responses(document.SERIES_PROBLEMS),
        response_model=SeriesDocument,
    )
    def one(request: Request, series_id: SeriesName, version: VersionName = None) -> Response:
        _refuse_others(request)
        return _file(request, publications, series_id, "json", version)

    @router.api_route("/forecasts", methods=["GET", "HEAD"], include_in_schema=False)
    def page(request: Request, asked: Annotated[Asked, Query()]) -> Response:
        try:
            manifest = publications.manifest(asked.version)
        except problems.Problem as problem:  # a person asked: tell it as a page
            problems.respond(request, problem)
            return HTMLResponse(views.problem_page(problem.title, problem.detail), problem.status)
        if not manifest.series:
            return HTMLResponse(views.problem_page("Nothing is published", "No series could be forecast."))
        choice = views.choose(manifest.series, asked.model_dump(exclude={"version"}))
        found = publications.document(manifest, choice.entry)
        html = views.forecasts_page(manifest, choice, found, pinned=asked.version is not None)
        return _answer(request, html.encode(), "text/html; charset=utf-8", pinned=None)

    return router


def _file(
    request: Request, publications: Publications, series_id: str, file_format: FileFormat, version: str | None
) -> Response:
    manifest: Manifest = publications.manifest(version)
    entry = publications.entry(manifest, series_id)
    data = publications.file(manifest, entry, file_format)
    response = _answer(request, data, MEDIA_TYPES[file_format], pinned=version)
    if file_format not in {"json", "png"}:
        response.headers["Content-Disposition"] = f'attachment; filename="{file_name(series_id, file_format)}"'
    return response


def _answer(request: Request, data: bytes, media_type: str, *, pinned: str | None) -> Response:
    """Return the data, or that the caller has it already (RFC 9110, section 13.1.2)."""
    etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": _FOR_EVER if pinned else _FOR_MINUTES}
    known = {tag.strip().removeprefix("W/") for tag in request.headers.get("If-None-Match", "").split(",")}
    if etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=media_type, headers=headers)


def _refuse_others(request: Request) -> None:
    """Refuse every parameter but the version, which is the only one that a file knows."""
    unknown = sorted(set(request.query_params.keys()) - {"version"})
    if unknown:
        raise problems.ParameterUnknown(f"Not known here: {', '.join(unknown)}. See /forecasts/docs for what is.")


__all__ = ["create_app", "is_forecasts", "openapi_document"]
