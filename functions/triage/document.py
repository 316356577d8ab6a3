"""What the OpenAPI document says that the routes' types do not: the bodies, the problems, the examples."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import BaseModel, Field

from functions.common import problems
from functions.triage.advice import Block, Reason, advice, disclaimer
from functions.triage.answer import Domain, ModelReference, Prediction
from functions.triage.body import MAX_BODY_BYTES
from functions.triage.explain import explain
from functions.triage.person import Person
from functions.triage.quality import Check, Quality
from functions.triage.uploads import UploadReference

_REQUEST_ID = "2b1f7a2e-5f0c-4b0e-9d5c-1f9f2f6b0a11"
_MODEL = ModelReference(
    version="2026.11.22-1aa2f406", sha256="1aa2f4063e383cf2b9920d3809d704985735904398036c0bd14a81545c67aa10"
)
_PREDICTION = Prediction(
    prediction_id="6f2d3a55-1c9b-4f0b-8f3e-0c8f4f0f9a72",
    score=12.4,
    probability=0.124113,
    label="benign",
    risk_band="watch",
    decided_by="photo",
    flags=[],
    reasons=[],
    diagnoses={
        "akiec": 0.010207,
        "bcc": 0.016781,
        "bkl": 0.141902,
        "df": 0.003311,
        "mel": 0.097125,
        "nv": 0.728404,
        "vasc": 0.00227,
    },
    used=["age", "sex"],
    quality=Quality(
        passed=True,
        checks=[
            Check(name="dark", measured=191.3, threshold=60.0, passed=True),
            Check(name="glare", measured=0.0003, threshold=0.02, passed=True),
            Check(name="not_in_frame", measured=38.11, threshold=11.24, passed=True),
            Check(name="blurred", measured=0.1932, threshold=0.0841, passed=True),
        ],
    ),
    domain=Domain(kind="clinical", value=1.2204, distance=0.8115),
    explanation=None,
    advice=advice(Block.WATCH, is_clinical=True),
    model=_MODEL,
    disclaimer=disclaimer(),
    request_id=_REQUEST_ID,
)
_UNSURE = _PREDICTION.model_copy(
    update={
        "score": None,
        "probability": None,
        "label": None,
        "risk_band": "unsure",
        "reasons": [Reason.BLURRED],
        "diagnoses": None,
        "used": [],
        "quality": Quality(
            passed=False,
            checks=[
                *_PREDICTION.quality.checks[:3],
                Check(name="blurred", measured=0.0714, threshold=0.0841, passed=False),
            ],
        ),
        "domain": Domain(kind="unknown", value=None, distance=None),
        "advice": advice(Block.UNSURE_BLURRED),
    }
)
_ANSWERED = _PREDICTION.model_copy(
    update={
        "risk_band": "urgent",
        "decided_by": "answers",
        "flags": ["changing", "bleeding"],
        "advice": advice(Block.URGENT_BY_ANSWERS, "es", is_clinical=True),
        "disclaimer": disclaimer("es"),
    }
)
_EXPLAINED = _PREDICTION.model_copy(
    update={
        "explanation": explain(
            np.array([[[0.0], [2.0]], [[-1.0], [0.5]]], dtype=np.float32) * np.array([1, -1], dtype=np.float32),
            np.array([0.25, 0.75]),
            malignant=[0],
            temperature=1.0,
            size=16,
        )
    }
)


class ProblemDocument(BaseModel):
    """Why there is no answer, and what would be right (RFC 9457)."""

    type: str = Field(description="The code as a URN.")
    title: str = Field(description="What is wrong, the same for each problem of this code.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="A sentence for a person: what was found and what would be right.")
    code: str = Field(description="Stable; what a program should look at.")
    request_id: str = Field(description="Names the request in the service's logs; also the header X-Request-Id.")


_PREDICTION_EXAMPLES = {
    name: {"summary": summary, "value": answer.model_dump(mode="json")}
    for name, summary, answer in (
        ("scored", "A photo that can be judged", _PREDICTION),
        ("unsure", "A photo that cannot be judged", _UNSURE),
        ("answered", "What was noticed decides, in Spanish", _ANSWERED),
        ("explained", "With what the program looked at", _EXPLAINED),
    )
}
HEALTH_EXAMPLE = {"content": {"application/json": {"example": {"status": "ok", "model": _MODEL.model_dump()}}}}

PREDICTION_PROBLEMS = (
    *(
        kind
        for kind in problems.every_problem()
        if issubclass(kind, problems.PhotoRejected) and kind is not problems.PhotoUnopened
    ),
    problems.PhotoMissing,
    problems.MediaTypeUnsupported,
    problems.MultipartMalformed,
    problems.ReferenceMalformed,
    problems.UploadsUnavailable,
    problems.UploadUnknown,
    problems.UploadExpired,
    problems.RequestTooSlow,
    problems.StillJudging,
    problems.TookTooLong,
    problems.ParameterUnknown,
    problems.ParameterInvalid,
    problems.InternalError,
    problems.ModelUnavailable,
)
UPLOAD_PROBLEMS = (
    problems.ParameterUnknown,
    problems.InternalError,
    problems.TookTooLong,
    problems.UploadsUnavailable,
)
READING_PROBLEMS = (
    problems.ParameterUnknown,
    problems.InternalError,
    problems.TookTooLong,
    problems.ModelUnavailable,
)


def responses(answer: dict[str, Any], kinds: tuple[type[problems.Problem], ...]) -> dict[int | str, dict[str, Any]]:
    """Return a route's answer and problems, by status, as FastAPI's `responses` takes them."""
    by_status: dict[int | str, dict[str, Any]] = {200: {"description": "The answer.", **answer}}
    for kind in sorted(kinds, key=lambda kind: (kind.status, kind.code)):
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
        entry["content"]["application/problem+json"]["examples"][kind.code] = {
            "summary": kind.title,
            "value": kind(kind.example).document(_REQUEST_ID),
        }
    for entry in by_status.values():
        entry["headers"] = {
            "X-Request-Id": {"description": "Names the request in the service's logs.", "schema": {"type": "string"}}
        }
    return by_status


def photo_body() -> dict[str, Any]:
    """Return the request body of a prediction, as FastAPI's `openapi_extra` takes it."""
    photo = {"type": "string", "format": "binary", "description": "The bytes of the file."}
    person = {name: _never_null(field) for name, field in Person.model_json_schema()["properties"].items()}
    kinds = ("image/jpeg", "image/png", "image/webp", "image/heic", "image/heif")
    form = {
        "type": "object",
        "description": "The photo, and what may be told about the person.",
        "required": ["photo"],
        "additionalProperties": False,
        "properties": {"photo": photo, **person},
    }
    return {
        "requestBody": {
            "required": True,
            "description": (
                f"One photo: JPEG, PNG, WebP or HEIC, at most {MAX_BODY_BYTES // 1024**2} MiB; as the body itself, "
                "or as the field `photo` of a form, or, also if larger, by the id of an upload. "
                "The format is judged by content: any `image/*` is taken. What may be "
                "told about the person goes into the address or into the form, each once."
            ),
            "content": {
                **{kind: {"schema": photo} for kind in kinds},
                "multipart/form-data": {"schema": form},
                "application/json": {"schema": UploadReference.model_json_schema()},
            },
        }
    }


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """Return FastAPI's document with the schema that only `responses` names, and parameters as they can be sent.

    The examples of a prediction come here, as FastAPI would leave out what is null in them.
    """
    predictions = document["paths"]["/v1/predictions"]["post"]
    predictions["responses"]["200"]["content"]["application/json"]["examples"] = _PREDICTION_EXAMPLES
    for parameter in predictions["parameters"]:
        parameter["schema"] = _never_null(parameter["schema"])
    document["components"]["schemas"]["ProblemDocument"] = ProblemDocument.model_json_schema()
    return document


def _never_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an optional field without null: an address or a form can only leave the field out."""
    kinds = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
    rest = {name: value for name, value in schema.items() if name not in {"anyOf", "default"}}
    return {**rest, **kinds[0]} if kinds else rest
