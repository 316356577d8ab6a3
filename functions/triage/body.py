"""What a request for a prediction carries: one photo, held in memory only, and what was told about the person."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import TYPE_CHECKING

from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from functions.common import problems
from functions.triage.person import Person
from functions.triage.pixels import MAX_BYTES as MAX_UPLOAD_BYTES
from functions.triage.uploads import UploadReference

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable

    from fastapi import Request
    from starlette.datastructures import FormData


# Lambda takes 6 MB a call (Lambda developer guide, "Lambda quotas"), and API Gateway makes a third more of a photo.
MAX_BODY_BYTES = 4 * 1024 * 1024
# A form adds its boundaries and a few short fields to the photo.
_MAX_FORM_OVERHEAD_BYTES = 16 * 1024
_MAX_REFERENCE_BYTES = 1024
# API Gateway hands over whole requests; only on one machine a caller can be slow.
_BODY_WITHIN_S = 20.0
# More than any honest form has; each costs the parser a little.
_MAX_PARTS = 16

# The parser warns about hostile forms in lines of its own, and quotes them.
logging.getLogger("python_multipart").setLevel(logging.CRITICAL)


async def photo_and_person(request: Request, query: Person) -> tuple[bytes | UploadReference, Person]:
    """Return the photo's bytes, or where it waits, and what was told about the person.

    Args:
        request: its body is the photo itself (`image/*`), a form (`multipart/form-data`) or an upload's id (JSON).
        query: what was told in the address.

    Raises:
        Problem: when the body is too large, too slow, none of the three, names no upload, or is a form with unknown or
            wrong fields.

    """
    _refuse_repeated(request.query_params.multi_items())
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_form = media_type == "multipart/form-data"
    if media_type == "application/json":
        return await _reference(request), query
    if not is_form and not media_type.startswith("image/"):
        raise problems.MediaTypeUnsupported(
            f"The body is {media_type or 'of no stated type'}; send the photo itself as image/*, a form "
            "(multipart/form-data) with the field photo, or an upload_id as application/json."
        )
    body = await _limited_body(request, MAX_BODY_BYTES + (_MAX_FORM_OVERHEAD_BYTES if is_form else 0), _too_many())
    if not is_form:
        return body, query
    form = await _parsed(request, body)
    try:
        return await _from_form(form, query)
    finally:
        await form.close()


async def _reference(request: Request) -> UploadReference:
    malformed = problems.ReferenceMalformed(problems.ReferenceMalformed.example)
    body = await _limited_body(request, _MAX_REFERENCE_BYTES, malformed)
    try:
        return UploadReference.model_validate_json(body)
    except ValidationError as error:
        raise malformed from error


def _too_many() -> problems.Problem:
    return problems.PhotoTooManyBytes(
        f"The photo is larger than {MAX_BODY_BYTES:,} bytes. Send a smaller copy, or send it through the upload door "
        f"(POST /v1/uploads), which takes {MAX_UPLOAD_BYTES:,}."
    )


async def _limited_body(request: Request, limit: int, too_many: problems.Problem) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_WITHIN_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise too_many
    except TimeoutError as error:
        raise problems.RequestTooSlow(problems.RequestTooSlow.example) from error
    return bytes(body)


class _Parser(MultiPartParser):
    """A parser that knows whether the form came to its end."""

    is_whole = False

    def on_end(self) -> None:
        self.is_whole = True


async def _parsed(request: Request, body: bytes) -> FormData:
    async def stream() -> AsyncGenerator[bytes, None]:
        yield body
        if not parser.is_whole:
            raise problems.MultipartMalformed("The form ends before its closing boundary. Send it whole.")

    parser = _Parser(
        request.headers, stream(), max_files=_MAX_PARTS, max_fields=_MAX_PARTS, max_part_size=len(body) + 1
    )
    parser.spool_max_size = len(body) + 1  # nothing of a photo is ever written to a disk
    try:
        return await parser.parse()
    except (MultiPartException, KeyError, ValueError, AssertionError) as error:
        raise problems.MultipartMalformed(
            "The form cannot be read. Send multipart/form-data with a boundary and the field photo."
        ) from error


async def _from_form(form: FormData, query: Person) -> tuple[bytes, Person]:
    _refuse_repeated(form.multi_items())
    photo = form.get("photo")
    if not isinstance(photo, UploadFile):
        instead = "is text, not a file" if isinstance(photo, str) else "is not in the form"
        raise problems.PhotoMissing(f"The field photo {instead}. Send the photo as a file in it.")
    # A browser sends the fields that a person left empty.
    fields = {
        name: value
        for name, value in form.items()
        if name != "photo" and (value != "" or name not in Person.model_fields)
    }
    told = query.model_dump(exclude_none=True)
    _refuse_repeated([*fields.items(), *told.items()])
    try:
        person = Person.model_validate({**told, **fields})
    except ValidationError as error:
        raise problems.parameter_problem(error.errors()) from error
    found = await photo.read()
    if len(found) > MAX_BODY_BYTES:
        raise _too_many()
    return found, person


def _refuse_repeated(items: Iterable[tuple[str, object]]) -> None:
    repeated = sorted(name for name, times in Counter(name for name, _ in items).items() if times > 1)
    if repeated:
        raise problems.ParameterInvalid(f"Given more than once: {', '.join(repeated)}. Give each once.")


__all__ = ["MAX_BODY_BYTES", "photo_and_person"]
