"""What the OpenAPI document says that the route's types do not: headers, problems, and parameters as they are sent."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from functions.common import problems

_REQUEST_ID = "2b1f7a2e-5f0c-4b0e-9d5c-1f9f2f6b0a11"
PROBLEMS = (
    problems.ParameterUnknown,
    problems.ParameterInvalid,
    problems.PlaceIncomplete,
    problems.PlaceUnknown,
    problems.PostalCodesUnknown,
    problems.DirectoryUnavailable,
    problems.InternalError,
)
_HEADERS = {
    "X-Request-Id": {"description": "Names the request in the service's logs.", "schema": {"type": "string"}},
    "Cache-Control": {"description": "no-store: nobody keeps where a person is.", "schema": {"type": "string"}},
}
_CALL = {"name": "call_first", "text": "Call before you go: opening hours, services and prices change."}
EXAMPLE = {
    "near": "77030, US",
    "language": "en",
    "sites": [
        {
            "phone": "(713) 555-0100",
            "name": "Example Community Health Center",
            "kind": "community_health_center",
            "address": "1 Main Street, Houston, TX, 77030",
            "country": "US",
            "url": "http://health.example",
            "latitude": 29.71,
            "longitude": -95.4,
            "distance_km": 1.2,
            "affordable": "yes",
            "affordable_basis": "federally funded health center, sliding fee",
            "only_for": None,
            "ask": [_CALL],
            "source": "HRSA health center sites",
            "licence": "US federal government work (public domain)",
            "source_date": "2020-10",
            "attribution": "HRSA health center sites, 2020-10, US federal government work (public domain)",
        }
    ],
    "notes": [_CALL],
    "attribution": ["HRSA health center sites, 2020-10, US federal government work (public domain)"],
}


class ProblemDocument(BaseModel):
    """Why there is no answer, and what would be right (RFC 9457)."""

    type: str = Field(description="The code as a URN.")
    title: str = Field(description="What is wrong, the same for each problem of this code.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="A sentence for a person: what was found and what would be right.")
    code: str = Field(description="Stable; what a program should look at.")
    request_id: str = Field(description="Names the request in the service's logs; also the header X-Request-Id.")


def responses() -> dict[int | str, dict[str, Any]]:
    """Return the answers by status, as FastAPI's `responses` takes them."""
    found: dict[int | str, dict[str, Any]] = {
        200: {
            "description": "The nearest places, the nearest first; none is an answer too.",
            "headers": _HEADERS,
            "content": {"application/json": {"example": EXAMPLE}},
        }
    }
    for kind in sorted(PROBLEMS, key=lambda kind: (kind.status, kind.code)):
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
