"""What was noticed about a spot can only raise a band, by one table with its sources."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.triage.advice import RiskBand
from functions.triage.flags import FLAGS, RULES, Flag, flags_of, least_band, raised
from functions.triage.person import Person

ORDER = list(RiskBand)
every_choice = st.lists(st.sampled_from(FLAGS), unique=True)


@pytest.mark.parametrize(
    ("flags", "band"),
    [
        ([], RiskBand.LOW),
        (["changing"], RiskBand.WATCH),
        (["bleeding"], RiskBand.WATCH),
        (["unlike_others"], RiskBand.WATCH),
        (["growing_firm"], RiskBand.URGENT),
        (["changing", "bleeding"], RiskBand.URGENT),
        (["changing", "unlike_others"], RiskBand.URGENT),
        (["bleeding", "unlike_others"], RiskBand.URGENT),
        (list(FLAGS), RiskBand.URGENT),
    ],
)
def test_the_table(flags: list[Flag], band: RiskBand) -> None:
    assert least_band(flags) is band


@given(st.sampled_from(ORDER), every_choice)
def test_no_answer_lowers_a_band(band: RiskBand, flags: list[Flag]) -> None:
    assert ORDER.index(raised(band, flags)) >= ORDER.index(band)


@given(every_choice, every_choice)
def test_one_more_yes_never_lowers_it(flags: list[Flag], more: list[Flag]) -> None:
    both = list({*flags, *more})
    assert ORDER.index(least_band(both)) >= ORDER.index(least_band(flags))


def test_each_rule_has_a_source_and_each_flag_a_rule() -> None:
    assert all(rule.source and rule.flags for rule in RULES)
    assert {flag for rule in RULES for flag in rule.flags} == set(FLAGS)
    assert all(one.flags != other.flags for one, other in combinations(RULES, 2))


def test_only_a_yes_counts() -> None:
    assert flags_of(None) == []
    assert flags_of(Person(changing=False)) == []
    assert flags_of(Person(growing_firm=True, changing=True, age=40)) == ["changing", "growing_firm"]
