"""What the gate lets through, and what each of its rules refuses."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING

import numpy as np
import pytest

from functions.triage.card import Cutoffs, Interval
from tests.training.scored import LESIONS, NOW, answered, champion, drawn_logit, equal, facts, truths
from training.gate import Facts, Rules, Verdict, judge

if TYPE_CHECKING:
    from training.score_table import ScoreTable

DRAWS = 500


def verdict_of(candidate: ScoreTable, told: Facts | None = None, rules: Rules | None = None) -> Verdict:
    return judge(candidate, _champion(), told or facts(), rules or Rules(), now=NOW, draws=DRAWS)


@functools.cache
def _champion() -> ScoreTable:
    return champion()


def refusing(verdict: Verdict) -> set[str]:
    return {one.rule for one in verdict.findings if one.outcome == "refused"}


def outcome(verdict: Verdict, rule: str) -> str:
    return next(one.outcome for one in verdict.findings if one.rule == rule)


def test_an_equal_candidate_is_accepted_and_every_rule_says_what_it_saw() -> None:
    verdict = verdict_of(equal())
    assert refusing(verdict) == set()
    assert verdict.accepted
    assert verdict.sentence == "Accepted: 2026.11.23-dddddddd may take the place of 2026.11.22-cccccccc."
    assert all(one.saw and one.wanted and one.title for one in verdict.findings)
    assert Verdict.model_validate_json(verdict.model_dump_json()) == verdict
    assert verdict.test_set is not None
    assert (verdict.test_set.lesions, verdict.test_set.photos) == (LESIONS, len(_champion()))


def test_the_order_of_the_rows_changes_nothing() -> None:
    shuffled = equal().rows(np.random.default_rng(0).permutation(len(_champion())))
    assert verdict_of(shuffled) == verdict_of(equal())


def test_the_champion_itself_is_accepted_with_no_difference() -> None:
    verdict = verdict_of(_champion())
    assert verdict.accepted
    for figure in verdict.figures[:2]:
        assert (figure.difference.value, figure.difference.low, figure.difference.high) == (0, 0, 0)


def test_a_worse_candidate_is_refused_by_auroc_and_delong_says_the_same() -> None:
    table = truths()
    verdict = verdict_of(answered(table, drawn_logit(table, noise=2, apart=1.7)))
    assert {"auroc", "sensitivity"} <= refusing(verdict)
    assert not verdict.accepted
    assert verdict.sentence.startswith("Refused: ")
    assert "agrees" in next(one.note for one in verdict.findings if one.rule == "auroc")


def test_a_candidate_blind_for_one_sex_is_refused_though_it_is_as_good_overall() -> None:
    """Women's scores tell nothing apart; men's are so good that the AUROC over all rises."""
    table = truths()
    is_female = table.sexes == "female"
    logit = drawn_logit(table, noise=2)
    blind = np.where(is_female, drawn_logit(table, noise=3, apart=0.4), logit + np.where(table.is_malignant, 4, -4))
    told = facts(choose_auroc=None)
    verdict = verdict_of(answered(table, blind), told, Rules(auroc_margin=0.5, sensitivity_margin=1.0))
    assert outcome(verdict, "auroc") == "passed"
    assert "groups" in refusing(verdict)
    assert "sex female" in next(one.saw for one in verdict.findings if one.rule == "groups")


def test_a_candidate_that_calls_one_origin_harmless_is_refused_though_it_ranks_within_it_as_before() -> None:
    table = truths()
    logit = drawn_logit(table, noise=1)
    shifted = logit - np.where(table.origins == "there", 3.0, 0.0)
    verdict = judge(answered(table, shifted), answered(table, logit), facts(), Rules(), now=NOW, draws=DRAWS)
    of_origins = [group.auroc for group in verdict.groups if group.grouping == "origin"]
    assert [one.difference.value for one in of_origins if one] == [0, 0]
    assert "groups' sensitivity" in refusing(verdict)
    assert "origin there" in next(one.saw for one in verdict.findings if one.rule == "groups' sensitivity")


def test_one_that_learned_from_test_photos_is_refused() -> None:
    verdict = verdict_of(equal(), facts(leaks=("photo_9 is tied to the test photo photo_1",)))
    assert refusing(verdict) == {"no leak"}
    assert "photo_9" in next(one.saw for one in verdict.findings if one.rule == "no leak")


def test_one_whose_training_photos_are_unknown_is_refused() -> None:
    assert refusing(verdict_of(equal(), facts(unchecked="the manifest given is another"))) == {"no leak"}


def test_one_that_answers_as_if_it_knew_the_test_photos_is_refused_without_a_manifest_that_tells() -> None:
    """Two thirds of the lesions were learned by heart."""
    table = truths()
    logit = drawn_logit(table, noise=2, apart=1.9)
    by_heart = np.arange(len(table)) % 3 < 2
    worse = answered(table, drawn_logit(table, noise=1, apart=1.5))
    leaked = answered(table, np.where(by_heart, np.where(table.is_malignant, 6.0, -6.0), logit))
    told = facts(choose_auroc=Interval(value=0.87, low=0.84, high=0.90))
    verdict = judge(leaked, worse, told, Rules(), now=NOW, draws=DRAWS)
    assert "not too good" in refusing(verdict)
    assert outcome(verdict, "auroc") == "passed"


def test_a_leap_is_refused_where_no_choosing_photos_are_told() -> None:
    table = truths()
    worse = answered(table, drawn_logit(table, noise=1, apart=1.2))
    verdict = judge(equal(), worse, facts(choose_auroc=None), Rules(), now=NOW, draws=DRAWS)
    assert "not too good" in refusing(verdict)


def test_probabilities_that_mean_nothing_are_refused_though_they_order_as_well() -> None:
    table = truths()
    verdict = verdict_of(answered(table, 4 * drawn_logit(table, noise=2)))
    assert "calibration" in refusing(verdict)
    assert outcome(verdict, "auroc") == "passed"


def test_a_cut_off_that_calls_malignant_lesions_low_is_refused() -> None:
    high = Cutoffs(low_below=0.3, urgent_from=0.35, guarantee="drawn")
    assert refusing(verdict_of(equal(), facts(cutoffs=high))) == {"called low"}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"milliseconds": 50.1}, "latency"),
        ({"megabytes": 50.1}, "size"),
        ({"golden": ("bare skin: a probability differs by 0.1",)}, "golden photos"),
    ],
)
def test_facts_just_beyond_the_margin_are_refused(change: dict[str, object], rule: str) -> None:
    assert refusing(verdict_of(equal(), facts(**change))) == {rule}


def test_facts_at_the_margin_are_accepted() -> None:
    assert verdict_of(equal(), facts(milliseconds=50.0, megabytes=50.0)).accepted


def _without_one(table: ScoreTable) -> ScoreTable:
    return table.rows(np.arange(1, len(table)))


def _with_another_truth(table: ScoreTable) -> ScoreTable:
    return dataclasses.replace(table, diagnoses=np.where(np.arange(len(table)) == 3, "df", table.diagnoses))


@pytest.mark.parametrize(
    ("changed", "said"),
    [(_without_one, "1 photos only of the champion"), (_with_another_truth, "photo_3")],
)
def test_other_photos_or_truths_are_refused_and_scores_are_not_compared(changed: object, said: str) -> None:
    verdict = verdict_of(changed(equal()))  # type: ignore[operator]
    assert refusing(verdict) == {"same test set"}
    assert said in verdict.findings[0].saw
    assert outcome(verdict, "auroc") == "skipped"
    assert outcome(verdict, "size") == "passed"
    assert verdict.figures == ()


def test_photos_of_one_kind_are_no_test_set() -> None:
    table = _champion()
    benign = table.rows(np.flatnonzero(~table.is_malignant))
    verdict = judge(benign, benign, facts(), Rules(), now=NOW, draws=DRAWS)
    assert refusing(verdict) == {"same test set"}
    assert "0 malignant lesions" in verdict.findings[0].saw


def test_too_small_a_test_set_cannot_show_that_a_candidate_is_no_worse() -> None:
    table = truths(40)
    one, other = (answered(table, drawn_logit(table, noise=k, own=1.0)) for k in (1, 2))
    verdict = judge(other, one, facts(), Rules(), now=NOW, draws=DRAWS)
    assert {"auroc", "sensitivity"} <= refusing(verdict)
    assert outcome(verdict, "groups") == "skipped"
    assert "no group has enough lesions" in next(one.saw for one in verdict.findings if one.rule == "groups")


def test_groups_that_are_too_small_say_so_and_are_not_judged() -> None:
    table = equal()
    few = dataclasses.replace(table, origins=np.where(np.arange(len(table)) < 30, "rare", table.origins))
    verdict = judge(few, few, facts(), Rules(), now=NOW, draws=DRAWS)
    rare = next(group for group in verdict.groups if group.name == "rare")
    assert "10 wanted" in rare.too_few
    assert rare.auroc is None
