"""The room's routes: HTTP in, models out, and nothing decided here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from anyio import to_thread
from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel, Field

from functions.common import door, problems
from functions.triage import document
from functions.triage.answer import ModelReference, Prediction
from functions.triage.body import photo_and_person
from functions.triage.card import Card
from functions.triage.judging import Judge, Options
from functions.triage.language import Language, page_words
from functions.triage.person import Person
from functions.triage.settings import TriageSettings
from functions.triage.shell import PAGE, service_worker
from functions.triage.uploads import Upload, Uploads

if TYPE_CHECKING:
    from collections.abc import Callable

    from functions.triage.scorer import Scorer


class Health(BaseModel):
    """That the service can answer, and with which model."""

    status: Literal["ok"] = Field(description="The model is loaded.")
    model: ModelReference = Field(description="Which model answers.")


class CardAnswer(BaseModel):
    """The card of the model that answers."""

    sha256: str = Field(description="Of the model's file, as in each prediction.")
    card: Card = Field(description="What the model is, what it reached, and what it must not be used for.")


class Asked(Options, Person):
    """What the address of a prediction may hold."""


_OPTIONS = set(Options.model_fields)


def create_app(scorer: Callable[[], Scorer], settings: TriageSettings) -> FastAPI:
    """Return the room as an ASGI application.

    Args:
        scorer: returns the loaded model; called at each request.
        settings: the room's settings.

    """
    app: FastAPI = FastAPIOffline(
        title="dermacast",
        version="1",
        summary="A photo of a spot in, an honest risk out.",
        description="A pre-assessment, never a diagnosis. Errors are `application/problem+json` with a stable `code`.",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        redoc_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
    )
    described = app.openapi
    app.openapi = lambda: document.complete(described())  # type: ignore[method-assign]
    door.install(
        app,
        images="blob: data:",
        forms="'none'",
        devices="self",
        addresses=settings.uploads_address,
        within_s=door.PREDICTION_WITHIN_S,
    )
    app.include_router(_router(scorer, settings))
    app.mount("/page", StaticFiles(directory=PAGE), name="page")
    return app


def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI document; no model is loaded."""

    def no_model() -> Scorer:
        raise problems.ModelUnavailable("Only the document was asked for.")

    return create_app(no_model, TriageSettings()).openapi()


def _router(scorer: Callable[[], Scorer], settings: TriageSettings) -> APIRouter:
    router = APIRouter()
    uploads = Uploads(settings.uploads_bucket, settings.uploads_address)
    judge = Judge(scorer, settings, uploads)
    without_parameters: dict[str, Any] = {"dependencies": [Depends(_refuse_parameters)]}

    @router.post(
        "/v1/predictions",
        operation_id="createPrediction",
        summary="Judge one photo",
        description=(
            "Nothing of the photo is kept: neither its pixels nor its metadata nor its name. The answer may be, for "
            "five minutes: the same request, sent again, is answered as before."
        ),
        responses=document.responses({}, document.PREDICTION_PROBLEMS),
        openapi_extra=document.photo_body(),
    )
    async def predict(request: Request, asked: Annotated[Asked, Query()]) -> Prediction:
        source, told = await photo_and_person(request, Person.model_validate(asked.model_dump(exclude=_OPTIONS)))
        options = Options.model_validate(asked.model_dump(include=_OPTIONS))
        # A thread cannot be stopped, but left: its answer would come too late.
        return await to_thread.run_sync(
            judge.answer, source, told, options, problems.request_id_of(request), abandon_on_cancel=True
        )

    @router.post(
        "/v1/uploads",
        operation_id="createUpload",
        summary="Open the upload door for one photo",
        description=(
            "For a client that cannot send the photo in the request: a form that goes straight to a private bucket, "
            "good for five minutes. `POST /v1/predictions` with `upload_id` as JSON judges the photo and deletes it."
        ),
        responses=document.responses({}, document.UPLOAD_PROBLEMS),
        **without_parameters,
    )
    async def upload() -> Upload:
        return await run_in_threadpool(uploads.open)

    @router.get(
        "/v1/model",
        operation_id="getModel",
        summary="The card of the model that answers",
        description="What the model is, what it was made from, what it reached, and what it must not be used for.",
        responses=document.responses({}, document.READING_PROBLEMS),
        **without_parameters,
    )
    async def model() -> CardAnswer:
        loaded = scorer()
        return CardAnswer(sha256=loaded.sha256, card=loaded.card)

    @router.get(
        "/v1/health",
        operation_id="getHealth",
        summary="Whether the service can answer",
        description="And with which model.",
        responses=document.responses(document.HEALTH_EXAMPLE, document.READING_PROBLEMS),
        **without_parameters,
    )
    async def health() -> Health:
        loaded = scorer()
        return Health(status="ok", model=ModelReference(version=loaded.card.version, sha256=loaded.sha256))

    @router.get("/page/words/{language}.json", include_in_schema=False)
    async def words(language: Language) -> dict[str, str]:
        return page_words(language)

    @router.get("/sw.js", include_in_schema=False)
    async def worker() -> Response:
        return Response(service_worker(), media_type="text/javascript")

    @router.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(PAGE / "index.html")

    return router


def _refuse_parameters(request: Request) -> None:
    if request.query_params:
        names = ", ".join(sorted(request.query_params.keys()))
        raise problems.ParameterUnknown(f"Not known here: {names}. See /docs for what is.")


__all__ = ["create_app", "openapi_document"]
