"""What a request for a prediction carries: one photo, held in memory only, and what was told about the person."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from functions.common import problems
from functions.triage.person import Person
from functions.triage.pixels import MAX_BYTES
from functions.triage.uploads import UploadReference

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable

    from fastapi import Request
    from starlette.datastructures import FormData

    from functions.triage.uploads import Uploads

# A form adds its boundaries and a few short fields to the photo.
_MAX_FORM_OVERHEAD_BYTES = 16 * 1024
_MAX_REFERENCE_BYTES = 1024
# More than any honest form has; each costs the parser a little.
_MAX_PARTS = 16

# The parser warns about hostile forms in lines of its own, and quotes them.
logging.getLogger("python_multipart").setLevel(logging.CRITICAL)


async def photo_and_person(request: Request, query: Person, uploads: Uploads) -> tuple[bytes, Person]:
    """Return the photo's bytes and what was told about the person.

    Args:
        request: its body is the photo itself (`image/*`), a form (`multipart/form-data`) or an upload's id (JSON).
        query: what was told in the address.
        uploads: where an uploaded photo waits.

    Raises:
        Problem: when the body is too large, none of the three, names no upload, or is a form with unknown or
            wrong fields.

    """
    _refuse_repeated(request.query_params.multi_items())
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_form = media_type == "multipart/form-data"
    if media_type == "application/json":
        return await run_in_threadpool(uploads.take, await _upload_id(request)), query
    if not is_form and not media_type.startswith("image/"):
        raise problems.MediaTypeUnsupported(
            f"The body is {media_type or 'of no stated type'}; send the photo itself as image/*, a form "
            "(multipart/form-data) with the field photo, or an upload_id as application/json."
        )
    body = await _limited_body(request, MAX_BYTES + (_MAX_FORM_OVERHEAD_BYTES if is_form else 0))
    if not is_form:
        return body, query
    form = await _parsed(request, body)
    try:
        return await _from_form(form, query)
    finally:
        await form.close()


async def _upload_id(request: Request) -> str:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_REFERENCE_BYTES:
            raise problems.ReferenceMalformed(problems.ReferenceMalformed.example)
    try:
        return UploadReference.model_validate_json(bytes(body)).upload_id
    except ValidationError as error:
        raise problems.ReferenceMalformed(problems.ReferenceMalformed.example) from error


async def _limited_body(request: Request, limit: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise problems.PhotoTooManyBytes(
                f"The request is larger than {MAX_BYTES:,} bytes. Send a smaller copy of the photo."
            )
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
        found = "is text, not a file" if isinstance(photo, str) else "is not in the form"
        raise problems.PhotoMissing(f"The field photo {found}. Send the photo as a file in it.")
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
    return await photo.read(), person


def _refuse_repeated(items: Iterable[tuple[str, object]]) -> None:
    repeated = sorted(name for name, times in Counter(name for name, _ in items).items() if times > 1)
    if repeated:
        raise problems.ParameterInvalid(f"Given more than once: {', '.join(repeated)}. Give each once.")


__all__ = ["photo_and_person"]
