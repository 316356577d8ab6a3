"""The gate on the real photos: the shipped model has seen no test photo, and a blind or leaky candidate is refused."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from training.gate import Facts, Rules, judge
from training.gate_facts import judging_photos, leaks, learned_by
from training.score_table import score_table
from training.verdict import ModelFacts

if TYPE_CHECKING:
    from pathlib import Path

    from functions.triage.scorer import Scorer
    from training.gate_facts import Learned
    from training.score_table import ScoreTable

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def learned(lesions: Path, scorer: Scorer) -> Learned:
    return learned_by(scorer.card, lesions)


@pytest.fixture(scope="module")
def judged(lesions: Path, scorer: Scorer) -> ScoreTable:
    """Return the shipped model's answers to every fourth test photo."""
    return score_table(scorer, judging_photos(lesions, scorer.card).iloc[::4])


def _facts(scorer: Scorer) -> Facts:
    card = scorer.card
    one = ModelFacts(
        version=card.version,
        created=card.created,
        model_sha256=scorer.sha256,
        snapshot_sha256=card.data.snapshot_sha256,
        milliseconds=40.0,
        megabytes=43.7,
        cutoffs=card.cutoffs,
        choose_auroc=card.evaluations["choose"].malignant_auroc,
    )
    return Facts(champion=one, candidate=one)


def test_the_shipped_model_learned_from_the_shared_photos_and_from_no_test_photo(
    lesions: Path, scorer: Scorer, learned: Learned
) -> None:
    assert learned.unknown == ""
    assert learned.photos is not None
    test = judging_photos(lesions, scorer.card)
    assert (len(learned.photos), len(test)) == (10_019 + 1_431, 1_432)
    assert leaks(learned.photos, test, learned.near_duplicates) == ()


def test_a_second_photo_of_one_test_lesion_among_the_learned_is_found(
    lesions: Path, scorer: Scorer, learned: Learned
) -> None:
    test = judging_photos(lesions, scorer.card)
    lesion = test[test["lesion_id"] != ""].groupby("lesion_id").filter(lambda photos: len(photos) > 1)
    moved, stays = lesion.iloc[[0]], test.drop(lesion.index[0])
    found = leaks(pd.concat([learned.photos, moved]), stays, learned.near_duplicates)
    assert len(found) == 1
    assert found[0].startswith(f"{moved['image_name'].iloc[0]} is tied to the test photo ")


def test_the_champion_is_not_inferior_to_itself_and_one_blind_for_women_is_refused(
    scorer: Scorer, judged: ScoreTable
) -> None:
    same = {one.rule: one.outcome for one in judge(judged, judged, _facts(scorer), Rules(), now=NOW).findings}
    assert same["auroc"] == same["sensitivity"] == same["groups"] == same["groups' sensitivity"] == "passed"
    blind = np.where(judged.sexes == "female", 0.05 * judged.p_malignant, judged.p_malignant)
    candidate = dataclasses.replace(judged, p_malignant=blind)
    verdict = judge(candidate, judged, _facts(scorer), Rules(), now=NOW)
    refused = {one.rule: one.saw for one in verdict.findings if not one.passed}
    assert "sex female" in refused["groups' sensitivity"]
