"""What the OpenAPI document says that the routes' types do not: the files, the headers, the problems."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from functions.common import problems

_REQUEST_ID = "2b1f7a2e-5f0c-4b0e-9d5c-1f9f2f6b0a11"
LIST_PROBLEMS = (
    problems.ParameterUnknown,
    problems.ParameterInvalid,
    problems.PublicationUnknown,
    problems.InternalError,
    problems.PublicationUnavailable,
)
SERIES_PROBLEMS = (*LIST_PROBLEMS, problems.ForecastUnknown)
_HEADERS = {
    "X-Request-Id": {"description": "Names the request in the service's logs.", "schema": {"type": "string"}},
}
_TAGGED = {
    **_HEADERS,
    "ETag": {"description": "Changes when the content does; send it as If-None-Match.", "schema": {"type": "string"}},
    "Cache-Control": {
        "description": "A year where a version is named, as it never changes; else some minutes.",
        "schema": {"type": "string"},
    },
}


class ProblemDocument(BaseModel):
    """Why there is no answer, and what would be right (RFC 9457)."""

    type: str = Field(description="The code as a URN.")
    title: str = Field(description="What is wrong, the same for each problem of this code.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="A sentence for a person: what was found and what would be right.")
    code: str = Field(description="Stable; what a program should look at.")
    request_id: str = Field(description="Names the request in the service's logs; also the header X-Request-Id.")


def responses(kinds: tuple[type[problems.Problem], ...], media_type: str = "") -> dict[int | str, dict[str, Any]]:
    """Return a route's answers by status, as FastAPI's `responses` takes them.

    Args:
        kinds: of the problems that can come up.
        media_type: of a file; "" for an answer that has a model.

    """
    answer: dict[str, Any] = {"description": "The answer.", "headers": _TAGGED}
    if media_type:
        is_text = media_type.startswith("text/")
        schema = {"type": "string"} if is_text else {"type": "string", "format": "binary"}
        answer["content"] = {media_type.partition(";")[0]: {"schema": schema}}
    found: dict[int | str, dict[str, Any]] = {
        200: answer,
        304: {"description": "What If-None-Match names is still what there is.", "headers": _TAGGED},
    }
    for kind in sorted(kinds, key=lambda kind: (kind.status, kind.code)):
        entry = found.setdefault(
            kind.status,
            {
                "description": "",
                "headers": _HEADERS,
                "content": {
                    "application/problem+json": {
                        "schema": {"$ref": "#/components/schemas/ProblemDocument"},
                        "examples": {},
                    }
                },
            },
        )
        entry["description"] = ", ".join(filter(None, [entry["description"], f"`{kind.code}`"]))
        entry["content"]["application/problem+json"]["examples"][kind.code] = {
            "summary": kind.title,
            "value": kind(kind.example).document(_REQUEST_ID),
        }
    return found


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """Return FastAPI's document with the schema that only `responses` names, and parameters as they can be sent."""
    for methods in document["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", []):
                parameter["schema"] = _never_null(parameter["schema"])
    document["components"]["schemas"]["ProblemDocument"] = ProblemDocument.model_json_schema()
    return document


def _never_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an optional parameter without null: an address can only leave it out."""
    kinds = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
    rest = {name: value for name, value in schema.items() if name not in {"anyOf", "default"}}
    return {**rest, **kinds[0]} if kinds else schema
