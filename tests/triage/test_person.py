from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from functions.triage.card import PersonEffect
from functions.triage.person import AGE_GROUPS, Person, age_group, facts_of, informed, more_careful, site_group
from tests.triage import packages

EFFECT = PersonEffect(
    shrink=0.5,
    log_ratios={
        "age": {"under 20": [-2.0, -1.0, 0.0], "80 and over": [2.0, 1.0, 0.0]},
        "sex": {"male": [0.5, 0.0, -0.5]},
    },
)
_DISTRIBUTIONS = st.lists(st.floats(1e-6, 1), min_size=3, max_size=3).map(lambda x: np.array(x) / sum(x))


@given(_DISTRIBUTIONS, st.sampled_from([{}, {"site": "torso"}, {"sex": "female"}, {"age": "40-49"}]))
def test_without_a_fact_that_the_card_knows_the_photo_alone_answers(alone: np.ndarray, facts: dict) -> None:
    found, used = informed(alone, EFFECT, facts)
    assert used == []
    assert found is alone


@given(_DISTRIBUTIONS)
def test_facts_multiply_the_odds_by_their_ratios_and_the_sum_stays_one(alone: np.ndarray) -> None:
    found, used = informed(alone, EFFECT, {"sex": "male", "age": "80 and over", "site": "torso"})
    assert used == ["age", "sex"]
    assert found.sum() == pytest.approx(1)
    odds, before = found[0] / found[2], alone[0] / alone[2]
    assert odds == pytest.approx(before * np.exp(0.5 * (2.0 + 0.5 + 0.5)))


@given(st.floats(0, 1), st.floats(0, 1))
def test_no_fact_lowers_what_makes_the_band(alone: float, told: float) -> None:
    assert more_careful(alone, told) >= alone
    assert more_careful(alone, told) >= told


def test_facts_are_told_in_the_cards_terms() -> None:
    told = Person(sex="female", age=34, site="posterior torso")
    assert facts_of(told) == {"age": "30-39", "sex": "female", "site": "torso"}
    assert facts_of(Person()) == {}
    assert facts_of(Person(age=0)) == {"age": "under 20"}


@given(st.integers(0, 120))
def test_every_age_has_its_group(age: int) -> None:
    group = age_group(age)
    assert group in AGE_GROUPS
    assert (
        group == AGE_GROUPS[0]
        if age < 20
        else group == AGE_GROUPS[-1]
        if age >= 80
        else group.startswith(f"{age // 10}0")
    )


def test_sites_that_are_not_of_the_torso_stay() -> None:
    assert site_group("head/neck") == "head/neck"
    assert site_group("torso") == "torso"
    assert site_group("lateral torso") == "torso"


def test_a_card_whose_ratios_are_not_of_its_classes_is_refused() -> None:
    with pytest.raises(ValidationError, match="one a class"):
        packages.card(person=EFFECT)
