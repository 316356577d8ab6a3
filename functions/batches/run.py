"""What a run is made of, and where its files lie below the root.

Below `<run>/`, which is the name of the execution:

- `work.json`: which batches there are; what the Distributed Map reads
- `todo/000001.json`: the photos of one batch
- `done/000001.json`: where its part lies; there, the batch is done
- `predictions.jsonl.gz`: all answers, in the order of the list
- `rejected.csv`: photos without an answer, and why
- `summary.json`: the counts

Beside the runs, `parts/<digest>.jsonl`: a batch's answers, named by its photos' content, what was told, and the model.
"""

from __future__ import annotations

from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from functions.batches.errors import RunInvalid
from functions.triage.person import Person

Model = TypeVar("Model", bound=BaseModel)

WORK, PREDICTIONS, REJECTED, SUMMARY = "work.json", "predictions.jsonl.gz", "rejected.csv", "summary.json"


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Asked(_Frozen):
    """What starts a run: the input of the state machine."""

    run: str = Field(pattern=r"^[A-Za-z0-9_-]{1,80}$", description="Names the run: the name of the execution.")
    photos: str = Field(description="Folder or s3://bucket/prefix below which the photos lie.")
    list: str | None = Field(
        None, description="Path below `photos` of a CSV with the column photo; without it every file is judged."
    )


class Item(_Frozen):
    """One photo and what was told beside it."""

    photo: str = Field(min_length=1, description="Path below the photos' address.")
    person: Person = Person()


class Batch(_Frozen):
    """A batch: small enough that one function judges it well within its time."""

    photos: str
    model: str = Field(description="The version that judges all photos of the run, whatever is promoted meanwhile.")
    items: tuple[Item, ...]


class BatchName(_Frozen):
    """One line of the work list: the event of the function that judges."""

    run: str
    batch: str = Field(pattern=r"^[0-9]{6}$")


class Work(_Frozen):
    """What planning a run returns: the input of the states that follow."""

    run: str
    photos: int
    batches: int
    model: str
    max_concurrency: int
    tolerated_failure_percentage: float


class Done(_Frozen):
    """That a batch is done, and where its part lies."""

    part: str
    judged: int
    rejected: int


class Summary(_Frozen):
    """How a run ended."""

    run: str
    model: str
    photos: int
    judged: int
    rejected: int
    lost: int = Field(description="Photos of batches that failed at each attempt; listed among the rejected.")
    bands: dict[str, int]
    predictions: str
    rejected_list: str


class Line(_Frozen):
    """One line of a part: an answer, or why there is none."""

    photo: str
    sha256: str | None
    rejected: str | None = Field(description="The code of the reason; null for an answer.")
    detail: str | None
    score: float | None = None
    probability: float | None = None
    risk_band: Literal["low", "watch", "urgent", "unsure"] | None = None
    reasons: tuple[str, ...] = ()
    diagnoses: dict[str, float] | None = None
    domain: str | None = None
    model: str | None = None


def parsed(kind: type[Model], data: Any, what: str) -> Model:
    """Return what an event or a file of the run, `what`, says.

    Raises:
        RunInvalid: with every complaint.

    """
    try:
        return kind.model_validate_json(data) if isinstance(data, bytes) else kind.model_validate(data)
    except ValidationError as error:
        lines = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise RunInvalid(f"not {what}: {lines}") from error
