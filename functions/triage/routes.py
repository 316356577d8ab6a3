"""The room's routes: HTTP in, models out, and nothing decided here."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from functions.common import observability, problems
from functions.triage.answer import ModelReference, Person, Prediction, answer_photo
from functions.triage.card import Card
from functions.triage.pixels import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from functions.triage.scorer import Scorer
    from functions.triage.settings import TriageSettings

ROOM = "triage"
PAGE = Path(__file__).parent / "page"

# A form adds its boundaries and a few short fields to the photo.
_MAX_FORM_OVERHEAD_BYTES = 16 * 1024

_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_DOCS_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
    "Strict-Transport-Security": "max-age=31536000",
}

_PHOTO_BODY = {
    "requestBody": {
        "required": True,
        "description": f"One photo: JPEG, PNG, WebP or HEIC, at most {MAX_BYTES // 1024**2} MiB; "
        "as the body itself, or as the field `photo` of a form.",
        "content": {
            **{
                kind: {"schema": {"type": "string", "format": "binary"}}
                for kind in ("image/jpeg", "image/png", "image/webp", "image/heic", "image/heif")
            },
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["photo"],
                    "additionalProperties": False,
                    "properties": {
                        "photo": {"type": "string", "format": "binary"},
                        **Person.model_json_schema()["properties"],
                    },
                }
            },
        },
    }
}


class ProblemDocument(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str


class Health(BaseModel):
    """That the service can answer, and with which model."""

    status: str
    model: ModelReference


class CardAnswer(BaseModel):
    """The card of the model that answers."""

    sha256: str
    card: Card


def _responses(*kinds: type[problems.Problem]) -> dict[int | str, dict[str, Any]]:
    """Describe the problems of a route for the OpenAPI document, by status."""
    by_status: dict[int | str, dict[str, Any]] = {}
    for kind in sorted(kinds, key=lambda k: (k.status, k.code)):
        example = kind(kind.title).document("2b1f7a2e-5f0c-4b0e-9d5c-1f9f2f6b0a11")
        entry = by_status.setdefault(
            kind.status,
            {
                "description": "",
                "content": {
                    "application/problem+json": {
                        "schema": {"$ref": "#/components/schemas/ProblemDocument"},
                        "examples": {},
                    }
                },
            },
        )
        entry["description"] = ", ".join(filter(None, [entry["description"], f"`{kind.code}`"]))
        entry["content"]["application/problem+json"]["examples"][kind.code] = {"value": example}
    return by_status


_PHOTO_PROBLEMS = (
    *(kind for kind in problems.every_problem() if issubclass(kind, problems.PhotoRejected)),
    problems.PhotoMissing,
    problems.MediaTypeUnsupported,
    problems.MultipartMalformed,
)


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
        redoc_url=None,
        separate_input_output_schemas=False,
    )
    problems.install(app)
    app.middleware("http")(_at_the_door)
    app.include_router(_router(scorer, settings))
    app.mount("/page", StaticFiles(directory=PAGE), name="page")
    return app


def _router(scorer: Callable[[], Scorer], settings: TriageSettings) -> APIRouter:
    router = APIRouter()
    without_parameters: dict[str, Any] = {
        "dependencies": [Depends(_refuse_parameters)],
        "responses": _responses(problems.ParameterUnknown, problems.InternalError, problems.ModelUnavailable),
    }

    @router.post(
        "/v1/predictions",
        response_model=Prediction,
        summary="Judge one photo",
        responses=_responses(
            *_PHOTO_PROBLEMS,
            problems.ParameterUnknown,
            problems.ParameterInvalid,
            problems.InternalError,
            problems.ModelUnavailable,
        ),
        openapi_extra=_PHOTO_BODY,
    )
    async def predict(request: Request, person: Annotated[Person, Query()]) -> Prediction:
        photo, _ = await _photo_and_person(request, person)
        return await run_in_threadpool(_judge, photo, scorer(), problems.request_id_of(request), settings)

    @router.get("/v1/model", summary="The card of the model that answers", **without_parameters)
    async def model() -> CardAnswer:
        return CardAnswer(sha256=scorer().sha256, card=scorer().card)

    @router.get("/v1/health", summary="Whether the service can answer", **without_parameters)
    async def health() -> Health:
        loaded = scorer()
        return Health(status="ok", model=ModelReference(version=loaded.card.version, sha256=loaded.sha256))

    @router.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(PAGE / "index.html")

    return router


def _judge(photo: bytes, scorer: Scorer, request_id: str, settings: TriageSettings) -> Prediction:
    prediction_id = str(uuid.uuid4())
    with observability.traced(ROOM, "answer_photo", enabled=settings.tracing):
        prediction, timings = answer_photo(photo, scorer, prediction_id=prediction_id, request_id=request_id)
    observability.logger(ROOM).info(
        "photo judged",
        prediction_id=prediction_id,
        request_id=request_id,
        model_version=prediction.model.version,
        photo_bytes=len(photo),
        risk_band=prediction.risk_band,
        pixels_ms=round(timings.pixels_ms, 1),
        network_ms=round(timings.network_ms, 1),
    )
    observability.emit(
        ROOM,
        {"Photos": 1, "Score": prediction.score, f"Band_{prediction.risk_band}": 1},
        {"PixelsTime": timings.pixels_ms, "NetworkTime": timings.network_ms},
    )
    return prediction


async def _at_the_door(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Name the request, and give every response the headers that keep browsers careful."""
    context = request.scope.get("aws.context")
    request.state.request_id = getattr(context, "aws_request_id", None) or str(uuid.uuid4())
    try:
        response = await call_next(request)
    except ClientDisconnect:  # nobody is left to read an answer
        return Response(status_code=400)
    except Exception:
        response = problems.respond(
            request, problems.InternalError("Something went wrong here. Try again in a minute.")
        )
    response.headers.update(_SECURITY_HEADERS)
    response.headers["X-Request-Id"] = request.state.request_id
    is_docs = request.url.path.endswith("/docs")
    response.headers["Content-Security-Policy"] = _DOCS_POLICY if is_docs else _PAGE_POLICY
    response.headers.setdefault("Cache-Control", "no-store" if "/v1/" in request.url.path else "no-cache")
    return response


def _refuse_parameters(request: Request) -> None:
    if request.query_params:
        raise problems.ParameterUnknown(f"Not known here: {', '.join(sorted(request.query_params))}. See /docs.")


async def _photo_and_person(request: Request, query: Person) -> tuple[bytes, Person]:
    """Return the photo's bytes, held in memory only, and what was told about the person.

    Raises:
        Problem: when the body is too large, not a photo or form, or a form with unknown or wrong fields.

    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_form = media_type == "multipart/form-data"
    if not is_form and not media_type.startswith("image/"):
        raise problems.MediaTypeUnsupported(
            f"The body is {media_type or 'of no stated type'}; send the photo itself as image/*, or a form "
            "(multipart/form-data) with the field photo."
        )
    body = await _limited_body(request, MAX_BYTES + (_MAX_FORM_OVERHEAD_BYTES if is_form else 0))
    if not is_form:
        return body, query
    return await _from_form(request, body, query)


async def _limited_body(request: Request, limit: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise problems.PhotoTooManyBytes(
                f"The request is larger than {MAX_BYTES:,} bytes. Send a smaller copy of the photo."
            )
    return bytes(body)


async def _from_form(request: Request, body: bytes, query: Person) -> tuple[bytes, Person]:
    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(request.headers, stream(), max_files=2, max_fields=16)
    parser.spool_max_size = len(body) + 1  # nothing of a photo is ever written to a disk
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError, AssertionError) as error:
        raise problems.MultipartMalformed(
            "The form cannot be read. Send multipart/form-data with a boundary and the field photo."
        ) from error
    photos = [value for name, value in form.multi_items() if name == "photo" and isinstance(value, UploadFile)]
    if len(photos) != 1:
        raise problems.PhotoMissing(
            f"The form has {len(photos)} files in the field photo; send exactly one file in it."
        )
    fields = {name: value for name, value in form.multi_items() if name != "photo" and value != ""}
    told = query.model_dump(exclude_none=True)
    twice = sorted(set(fields) & set(told))
    if twice:
        raise problems.ParameterInvalid(f"Given in the form and in the address: {', '.join(twice)}. Give each once.")
    try:
        person = Person.model_validate({**told, **fields})
    except ValidationError as error:
        raise problems.parameter_problem(error.errors()) from error
    return await photos[0].read(), person


__all__ = ["create_app"]
