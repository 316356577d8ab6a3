from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from training.metadata import facts_in, log_ratios, person_effect, with_facts

CLASSES = ("mel", "nv")


def people(rows: int, seed: int, *, age_matters: bool = True) -> pd.DataFrame:
    """Two origins: an old one with many melanomas, a young one with few; within each, age matters or not."""
    random = np.random.default_rng(seed)
    is_old_origin = random.random(rows) < 0.5
    is_old = random.random(rows) < np.where(is_old_origin, 0.8, 0.2)
    chance = np.where(is_old_origin, 0.5, 0.1)
    if age_matters:
        chance = np.where(is_old, 1.4, 0.6) * chance
    return pd.DataFrame(
        {
            "image_name": [f"photo_{row}" for row in range(rows)],
            "lesion_id": "",
            "sex": random.choice(["female", "male", ""], rows),
            "age_approx": np.where(is_old, "70", "25"),
            "anatom_site_general_challenge": "",
            "origin": np.where(is_old_origin, "old", "young"),
            "diagnosis": np.where(random.random(rows) < chance, "mel", "nv"),
        }
    )


def test_what_only_the_origin_explains_teaches_nothing() -> None:
    confounded = people(8000, 0, age_matters=False)
    is_melanoma, is_old = confounded["diagnosis"] == "mel", confounded["age_approx"] == "70"
    assert is_melanoma[is_old].mean() > 2 * is_melanoma[~is_old].mean()  # yet within an origin age says nothing
    ratios = log_ratios(confounded, CLASSES)
    assert ratios["age"]["70-79"][0] == pytest.approx(0, abs=0.05)
    assert ratios["age"]["20-29"][0] == pytest.approx(0, abs=0.05)
    assert ratios["site"] == {}


def test_what_holds_within_origins_is_learned() -> None:
    ratios = log_ratios(people(8000, 1), CLASSES)
    assert ratios["age"]["70-79"][0] > 0.1
    assert ratios["age"]["20-29"][0] < -0.3
    assert ratios["sex"]["male"] == pytest.approx([0, 0], abs=0.1)


def test_ratios_are_observed_over_expected_by_hand() -> None:
    table = people(40, 2).assign(origin="one", age_approx=["25"] * 20 + ["70"] * 20)
    table["diagnosis"] = ["nv"] * 20 + ["mel"] * 10 + ["nv"] * 10
    assert log_ratios(table, CLASSES)["age"]["70-79"] == pytest.approx(
        [np.log((10 + 5) / (5 + 5)), np.log((10 + 5) / (15 + 5))], abs=1e-4
    )


def test_the_shrink_believes_facts_as_far_as_they_help() -> None:
    photo_says_nothing = np.tile([0.3, 0.7], (4000, 1))
    helpful = person_effect(people(8000, 3), people(4000, 4), photo_says_nothing, CLASSES)
    assert 0.8 < helpful.shrink < 2
    useless = person_effect(
        people(8000, 3), people(4000, 5).assign(age_approx="25", origin="x"), photo_says_nothing, CLASSES
    )
    assert useless.shrink < helpful.shrink
    judged = people(4000, 6)
    truth = judged["diagnosis"] == "mel"
    assert roc_auc_score(truth, with_facts(photo_says_nothing, helpful, judged)[:, 0]) > 0.6


def test_a_row_that_tells_nothing_keeps_its_probabilities() -> None:
    effect = person_effect(people(500, 7), people(500, 8), np.tile([0.3, 0.7], (500, 1)), CLASSES)
    silent = people(3, 9).assign(age_approx=["", "unknown", ""], sex="", anatom_site_general_challenge="")
    assert facts_in(silent) == [{}, {}, {}]
    np.testing.assert_array_equal(with_facts(np.tile([0.2, 0.8], (3, 1)), effect, silent), np.tile([0.2, 0.8], (3, 1)))


def test_each_lesion_teaches_once() -> None:
    once = people(300, 10).assign(lesion_id=[f"lesion_{row}" for row in range(300)])
    twice = pd.concat([once, once.assign(image_name=once["image_name"] + "_again")], ignore_index=True)
    chosen, p = people(200, 11), np.tile([0.3, 0.7], (200, 1))
    assert person_effect(once, chosen, p, CLASSES) == person_effect(twice, chosen, p, CLASSES)
