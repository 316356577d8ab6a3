"""Every error that a caller can act on, and the one place that turns an error into a response.

    Problem
    ├── PhotoRejected                the photo cannot be judged
    │   ├── PhotoUnopened            no such file (command line)
    │   ├── PhotoEmpty               no bytes came
    │   ├── PhotoTooManyBytes        larger than the limit
    │   ├── PhotoFormatUnsupported   not JPEG, PNG, WebP or HEIC by content
    │   ├── PhotoAmbiguous           also a second kind of file
    │   ├── PhotoUnreadable          damaged, cut short, or not decodable
    │   ├── PhotoTooManyPixels       larger than the limit
    │   ├── PhotoTooSmall            a side is under the floor
    │   └── PhotoAnimated            more than one frame
    ├── PhotoMissing                 a multipart body without the field `photo`
    ├── MediaTypeUnsupported         none of `image/*`, `multipart/form-data` and `application/json`
    ├── RequestTooSlow               the body did not come in time
    ├── MultipartMalformed           a multipart body that cannot be parsed
    ├── ReferenceMalformed           a JSON body that is not {"upload_id": ...}
    ├── UploadsUnavailable           this deployment has no upload door
    ├── UploadUnknown                no uploaded photo of that id: never sent, or judged before
    ├── UploadExpired                the photo was uploaded too long ago
    ├── StillJudging                 the same question is being answered just now
    ├── ParameterUnknown             a query parameter or form field the route does not know
    ├── ParameterInvalid             a value that is not allowed
    ├── RouteUnknown                 no such path
    ├── MethodNotAllowed             the path exists, the method does not
    ├── ModelUnavailable             the model package is missing or does not match its checksum
    ├── ForecastUnknown              no forecast of that name in the publication
    ├── PublicationUnknown           no finished publication of that version
    ├── PublicationUnavailable       the publication is missing or does not match its checksums
    ├── PlaceIncomplete              a search for care names no place, half of one, or several
    ├── PlaceUnknown                 no such postal code or city in the list
    ├── PostalCodesUnknown           no postal codes are held for that country
    ├── DirectoryUnavailable         the list of places of care, or of place names, is missing or damaged
    ├── CareFilesRejected            published lists that cannot be imported (command line)
    ├── TookTooLong                  no answer before the gateway would have given up
    └── InternalError                our fault

`code` is stable and is what a program should look at; `detail` is a sentence for a person.
"""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any, ClassVar

from functions.common import observability

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import FastAPI, Request
    from fastapi.responses import JSONResponse


class Problem(Exception):
    """An error with a stable code, an HTTP status, and a sentence that says what would be right.

    `example` is such a sentence, for the documents.
    """

    code: ClassVar[str]
    status: ClassVar[int]
    title: ClassVar[str]
    example: ClassVar[str]

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

    def document(self, request_id: str) -> dict[str, str | int]:
        """Return the body of an `application/problem+json` response (RFC 9457, section 3)."""
        return {
            "type": f"urn:dermacast:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "request_id": request_id,
        }


class PhotoRejected(Problem):
    """The photo cannot be judged; its subclasses say why."""


class PhotoUnopened(PhotoRejected):
    code, status, title = "photo_unopened", 404, "The file cannot be opened"
    example = "The file cannot be opened: No such file or directory."


class PhotoEmpty(PhotoRejected):
    code, status, title = "photo_empty", 400, "No photo came"
    example = "The request has no photo in it. Send the bytes of one photo."


class PhotoTooManyBytes(PhotoRejected):
    code, status, title = "photo_too_many_bytes", 413, "The file is too large"
    example = "The file has 20,971,520 bytes; at most 16,777,216 are taken. Send a smaller copy."


class PhotoFormatUnsupported(PhotoRejected):
    code, status, title = "photo_format_unsupported", 415, "Not a kind of photo that can be read"
    example = "The file is none of JPEG, PNG, WebP and HEIC. Send a photo in one of these."


class PhotoAmbiguous(PhotoRejected):
    code, status, title = "photo_ambiguous", 422, "The file is more than a photo"
    example = "The file carries more than a photo. Take or export the photo again."


class PhotoUnreadable(PhotoRejected):
    code, status, title = "photo_unreadable", 422, "The photo is damaged"
    example = "The photo is cut short. Send the whole file."


class PhotoTooManyPixels(PhotoRejected):
    code, status, title = "photo_too_many_pixels", 422, "The photo has too many pixels"
    example = "The photo has more than 40 megapixels. Send a smaller copy."


class PhotoTooSmall(PhotoRejected):
    code, status, title = "photo_too_small", 422, "The photo is too small"
    example = "The photo is 64 x 48 pixels; each side needs at least 100. Send a larger one."


class PhotoAnimated(PhotoRejected):
    code, status, title = "photo_animated", 422, "The file holds more than one picture"
    example = "The file holds several pictures or an animation. Send one still photo."


class PhotoMissing(Problem):
    code, status, title = "photo_missing", 400, "No photo in the form"
    example = "The form has no file in the field photo. Send one."


class MediaTypeUnsupported(Problem):
    code, status, title = "media_type_unsupported", 415, "Not a media type that this route takes"
    example = (
        "The body is text/plain; send the photo itself as image/*, a form "
        "(multipart/form-data) with the field photo, or an upload_id as application/json."
    )


class RequestTooSlow(Problem):
    code, status, title = "request_too_slow", 408, "The request came too slowly"
    example = "The request did not come whole within 20 seconds. Send a smaller copy of the photo, or try again."


class MultipartMalformed(Problem):
    code, status, title = "multipart_malformed", 400, "The form cannot be read"
    example = "The form ends before its closing boundary. Send it whole."


class ReferenceMalformed(Problem):
    code, status, title = "reference_malformed", 400, "The reference to an upload cannot be read"
    example = 'The body is not {"upload_id": "..."} with an id as POST /v1/uploads gave it.'


class UploadsUnavailable(Problem):
    # Not 5xx: how a deployment is set up is no fault of it, and must not ring its alarms at a caller's wish.
    code, status, title = "uploads_unavailable", 404, "This service takes photos in the request only"
    example = "There is no upload door here. Send the photo itself to POST /v1/predictions."


class UploadUnknown(Problem):
    code, status, title = "upload_unknown", 404, "No such upload"
    example = "No photo waits under this upload_id: none was sent, or it was judged before. Upload it again."


class UploadExpired(Problem):
    code, status, title = "upload_expired", 410, "The upload is too old"
    example = "The photo was uploaded more than 15 minutes ago and is deleted. Upload it again."


class StillJudging(Problem):
    code, status, title = "still_judging", 409, "The same photo is being judged just now"
    example = "The same request came a moment ago and is being answered. Ask again in a few seconds."


class ParameterUnknown(Problem):
    code, status, title = "parameter_unknown", 422, "Unknown parameter"
    example = "Not known here: name. See /docs for what is."


class ParameterInvalid(Problem):
    code, status, title = "parameter_invalid", 422, "A parameter has a value that is not allowed"
    example = "age: Input should be less than or equal to 120."


class RouteUnknown(Problem):
    code, status, title = "route_unknown", 404, "No such route"
    example = "There is nothing at this address. See /docs for what there is."


class MethodNotAllowed(Problem):
    code, status, title = "method_not_allowed", 405, "The route does not take this method"
    example = "GET is not for /v1/predictions."


class ModelUnavailable(Problem):
    code, status, title = "model_unavailable", 503, "The model cannot be loaded"
    example = "model.onnx of the model package 'model' is not the file in its manifest."


class ForecastUnknown(Problem):
    code, status, title = "forecast_unknown", 404, "No such forecast"
    example = (
        "There is no forecast uscs-united-states-both-melanoma in the publication 20261123T060000Z-1f2e3d4c. "
        "/v1/forecasts lists what is."
    )


class PublicationUnknown(Problem):
    code, status, title = "publication_unknown", 404, "No such publication"
    example = "There is no publication 20251123T060000Z-1f2e3d4c."


class PublicationUnavailable(Problem):
    code, status, title = "publication_unavailable", 503, "The forecasts cannot be shown just now"
    example = "No forecasts are published yet."


class PlaceIncomplete(Problem):
    code, status, title = "place_incomplete", 422, "Which place is not clear"
    example = "Give one of: latitude with longitude, postal_code with country, city."


class PlaceUnknown(Problem):
    code, status, title = "place_unknown", 404, "No such place in the list"
    example = "This postal code is not in the list. Check it, or give a city or coordinates."


class PostalCodesUnknown(Problem):
    code, status, title = "postal_codes_unknown", 404, "No postal codes are held for this country"
    example = "Postal codes are held for CA and US only. Give a city, or latitude with longitude."


class DirectoryUnavailable(Problem):
    code, status, title = "directory_unavailable", 503, "The list of places of care cannot be loaded"
    example = "There is no sites.npz in the folder directory."


class CareFilesRejected(Problem):
    code, status, title = "care_files_rejected", 422, "Some files cannot be imported"
    example = "clinics.csv: not a layout that is known."


class TookTooLong(Problem):
    code, status, title = "took_too_long", 503, "The answer took too long"
    example = "The answer was not ready in time. Try again in a minute."


class InternalError(Problem):
    code, status, title = "internal_error", 500, "Something went wrong on our side"
    example = "Something went wrong here. Try again in a minute."


def every_problem() -> list[type[Problem]]:
    """Return each concrete kind of problem, by code: what the documents list."""
    found: list[type[Problem]] = []
    waiting: list[type[Problem]] = [Problem]
    while waiting:
        kind = waiting.pop()
        waiting.extend(kind.__subclasses__())
        if "code" in kind.__dict__:
            found.append(kind)
    return sorted(found, key=lambda kind: kind.code)


def install(app: FastAPI) -> None:
    """Make every error that the app raises an `application/problem+json` response."""
    from fastapi.exceptions import RequestValidationError
    from starlette.exceptions import HTTPException

    @app.exception_handler(Problem)
    async def _problem(request: Request, problem: Problem) -> JSONResponse:
        return respond(request, problem)

    @app.exception_handler(RequestValidationError)
    async def _validation(request: Request, error: RequestValidationError) -> JSONResponse:
        return respond(request, parameter_problem(error.errors()))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        path = request.url.path
        problem: Problem
        if error.status_code == MethodNotAllowed.status:
            problem = MethodNotAllowed(f"{request.method} is not for {path}.")
        elif error.status_code == RouteUnknown.status:
            problem = RouteUnknown("There is nothing at this address. See /docs for what there is.")
        else:
            problem = InternalError("An error that has no description here. Try again in a minute.")
        response = respond(request, problem, error)
        response.headers.update(error.headers or {})  # 405 names what is allowed
        return response


def respond(request: Request, problem: Problem, cause: Exception | None = None) -> JSONResponse:
    """Log a problem and return the response to it.

    Args:
        request: what was asked.
        problem: what to answer.
        cause: the exception behind a problem that is our fault.

    """
    from fastapi.responses import JSONResponse

    request_id = request_id_of(request)
    record: dict[str, Any] = {"code": problem.code, "request_id": request_id}
    if problem.status < InternalError.status:
        observability.logger("problems").info("request refused", **record)
    else:
        behind = cause or problem.__cause__ or problem
        # The message of an exception can quote what a person sent; where it happened cannot.
        record["exception"] = type(behind).__name__
        record["stack"] = traceback.format_tb(behind.__traceback__)
        observability.logger("problems").error("request failed", **record)
    observability.emit("problems", {"Problems": 1, f"Problem_{problem.code}": 1})
    return JSONResponse(problem.document(request_id), problem.status, media_type="application/problem+json")


def parameter_problem(errors: Sequence[Mapping[str, Any]]) -> Problem:
    """Return one problem that tells every complaint of pydantic about a caller's parameters."""
    unknown = [str(error["loc"][-1]) for error in errors if error["type"] == "extra_forbidden"]
    if unknown:
        return ParameterUnknown(f"Not known here: {', '.join(sorted(unknown))}. See /docs for what is.")
    complaints = "; ".join(f"{error['loc'][-1]}: {error['msg']}" for error in errors)
    return ParameterInvalid(f"{complaints}.")


def request_id_of(request: Request) -> str:
    """Return the id that the request was given at the door."""
    return str(request.state.request_id)
