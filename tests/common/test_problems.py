"""Every problem has what a caller needs, and the drawn tree is the one that stands."""

from __future__ import annotations

import re

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from functions.common import problems
from functions.common.problems import ParameterInvalid, ParameterUnknown, Problem, every_problem, parameter_problem


def drawn_tree() -> dict[str, str]:
    """Return the parent of each class in the tree at the top of the module."""
    assert problems.__doc__ is not None
    parents: dict[str, str] = {}
    above: list[str] = ["Problem"]
    for line in problems.__doc__.splitlines():
        found = re.match(r"    ([│ ]*)[├└]── (\w+)", line)
        if found:
            depth = len(found[1]) // 4 + 1
            parents[found[2]] = above[depth - 1]
            above[depth:] = [found[2]]
    return parents


def test_the_tree_that_is_drawn_is_the_tree_that_stands() -> None:
    concrete = {kind.__name__: kind.__bases__[0].__name__ for kind in every_problem()}
    assert drawn_tree() == {"PhotoRejected": "Problem"} | concrete


@pytest.mark.parametrize("kind", every_problem(), ids=lambda kind: kind.code)
def test_a_problem_is_a_document(kind: type[Problem]) -> None:
    document = kind("What was found, and what would be right.").document("some-id")
    assert document == {
        "type": f"urn:dermacast:problem:{kind.code}",
        "title": kind.title,
        "status": kind.status,
        "detail": "What was found, and what would be right.",
        "code": kind.code,
        "request_id": "some-id",
    }
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", kind.code)
    assert 400 <= kind.status < 600
    assert kind.example.endswith(".")


def test_codes_are_unique_and_listed_in_order() -> None:
    codes = [kind.code for kind in every_problem()]
    assert codes == sorted(set(codes))


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    age: int = Field(0, ge=0, le=120)
    sex: str = Field("", max_length=6)


def complaint(**values: object) -> Problem:
    with pytest.raises(ValidationError) as caught:
        _Asked.model_validate(values)
    return parameter_problem(caught.value.errors())


def test_unknown_parameters_are_named_in_order() -> None:
    problem = complaint(zebra=1, apple=2, age=500)
    assert isinstance(problem, ParameterUnknown)
    assert "apple, zebra" in problem.detail


def test_every_wrong_parameter_is_named_with_what_would_be_right() -> None:
    problem = complaint(age=500, sex="x" * 7)
    assert isinstance(problem, ParameterInvalid)
    assert "age: Input should be less than or equal to 120" in problem.detail
    assert "sex: " in problem.detail


def test_a_complaint_does_not_repeat_what_was_sent() -> None:
    assert "my name is Bob" not in complaint(age="my name is Bob").detail
