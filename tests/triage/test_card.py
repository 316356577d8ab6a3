"""A card is read back as it was written, and refused where it contradicts itself."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from functions.triage.card import Card, DomainRule
from functions.triage.scorer import SHIPPED_MODEL
from tests.triage.packages import CLASSES, card


def test_a_card_is_read_back_as_it_was_written() -> None:
    written = card(temperature=1.25, biases=[0.1, -0.2, 0.3, 0.0, 0.5, -0.6, 0.7])
    assert Card.model_validate_json(written.model_dump_json()) == written


def test_the_card_that_ships_is_read() -> None:
    shipped = Card.model_validate_json((SHIPPED_MODEL / "card.json").read_bytes())
    assert shipped.classes == CLASSES
    assert set(shipped.malignant) == {"mel", "bcc", "akiec"}
    assert {"choose", "test"} <= shipped.evaluations.keys()


def test_a_card_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        card().temperature = 2.0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"schema_version": 2}, "schema_version"),
        ({"temperature": 0}, "temperature"),
        ({"temperature": -1}, "temperature"),
        ({"input_size": 74}, "input_size"),
        ({"malignant": ["mel", "scc"]}, "of the classes"),
        ({"biases": [0.0] * 6}, "of the classes"),
        ({"diagnosis_names": {"mel": "melanoma"}}, "of the classes"),
        ({"colour": "red"}, "colour"),
        ({"limits": None}, "limits"),
    ],
)
def test_a_card_that_contradicts_itself_is_refused(changes: dict[str, Any], complaint: str) -> None:
    written = json.loads(card().model_dump_json())
    with pytest.raises(ValidationError, match=complaint):
        Card.model_validate(written | changes)


@pytest.mark.parametrize("missing", ["version", "classes", "cutoffs", "data", "licence", "intended_use", "limits"])
def test_a_card_without_a_field_is_refused(missing: str) -> None:
    written = json.loads(card().model_dump_json())
    del written[missing]
    with pytest.raises(ValidationError, match=missing):
        Card.model_validate(written)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"low_below": 0.5, "urgent_from": 0.4}, "must not lie above"),
        ({"low_below": -0.1}, "low_below"),
        ({"urgent_from": 1.1}, "urgent_from"),
    ],
)
def test_cut_offs_out_of_order_are_refused(changes: dict[str, float], complaint: str) -> None:
    written = json.loads(card().model_dump_json())
    written["cutoffs"] |= changes
    with pytest.raises(ValidationError, match=complaint):
        Card.model_validate(written)


def test_a_domain_without_the_plane_it_lies_in_is_refused() -> None:
    rule = DomainRule(clinical_from=0.0, chosen="here", sensitivity=None, specificity=None)
    with pytest.raises(ValidationError, match="domain needs novelty"):
        card(domain=rule)


def test_a_figure_that_is_no_share_is_refused() -> None:
    written = json.loads(card().model_dump_json())
    written["evaluations"]["test"]["accuracy"] = 80
    with pytest.raises(ValidationError, match="accuracy"):
        Card.model_validate(written)
