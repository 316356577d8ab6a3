"""The room's route: a place in, where to go next out; nothing asked outside, nothing kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, FastAPI, Query
from fastapi_offline import FastAPIOffline

from functions.care import document
from functions.care.answer import Asked, CareAnswer, answer
from functions.care.directory import Directory
from functions.care.places import Places
from functions.common import door

if TYPE_CHECKING:
    from functions.care.settings import CareSettings


@dataclass(frozen=True)
class Lists:
    """The two lists that answers come from, each read once, when it is first needed."""

    settings: CareSettings

    @cached_property
    def directory(self) -> Directory:
        """Return the places of care; raises DirectoryUnavailable."""
        return Directory.load(self.settings.directory)

    @cached_property
    def places(self) -> Places:
        """Return the postal codes and cities; raises DirectoryUnavailable."""
        return Places.load(self.settings.places)


def create_app(lists: Lists) -> FastAPI:
    """Return the room as an ASGI application.

    Args:
        lists: what answers come from.

    """
    app: FastAPI = FastAPIOffline(
        title="dermacast care",
        version="1",
        summary="Where to go next, and what the sources say about cost.",
        description=(
            "The place that a person gives is used for the answer only: it is never logged and never kept. Errors are "
            "`application/problem+json` with a stable `code`."
        ),
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        docs_url="/care/docs",
        openapi_url="/care/openapi.json",
        static_url="/care/docs-static",
        redoc_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
    )
    described = app.openapi
    app.openapi = lambda: document.complete(described())  # type: ignore[method-assign]
    door.install(app, images="data:", forms="'none'", devices="")
    app.include_router(_router(lists))
    return app


def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI document; nothing is read."""
    from functions.care.settings import CareSettings

    return create_app(Lists(CareSettings())).openapi()


def is_care(path: str) -> bool:
    """Say whether a path is one of this room's."""
    return path.startswith("/care/") or path == "/v1/care"


def _router(lists: Lists) -> APIRouter:
    router = APIRouter()

    @router.get(
        "/v1/care",
        operation_id="findCare",
        summary="The nearest places of care",
        description=(
            "Around one of: latitude with longitude, postal_code with country, city. Sorted by great-circle distance. "
            "Places for veterans, the military, tribal members or the insured of a scheme only when eligibility asks."
        ),
        responses=document.responses(),
    )
    def care(asked: Annotated[Asked, Query()]) -> CareAnswer:
        return answer(asked, lists.directory, lists.places)

    return router


__all__ = ["Lists", "create_app", "is_care", "openapi_document"]
