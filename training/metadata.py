"""What age, sex and site say about a diagnosis, learned so that where a photo came from does not speak through them.

Manifest rows and probabilities in, the card's `PersonEffect` out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar

from functions.triage.card import PersonEffect
from functions.triage.person import Fact, age_group, informed, site_group
from training.evaluate import first_photos, lesions_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# Lesions added to observed and expected alike: a value seen three times says little.
PSEUDO_COUNT = 5.0
_MOST_SHRINK = 2.0


def facts_in(table: pd.DataFrame) -> list[dict[Fact, str]]:
    """Return what each row of a manifest tells; empty cells and ages that are no number tell nothing."""
    ages = pd.to_numeric(table["age_approx"], errors="coerce")
    columns: dict[Fact, list[str]] = {
        "age": ["" if np.isnan(age) else age_group(age) for age in ages],
        "sex": list(table["sex"]),
        "site": [site_group(site) for site in table["anatom_site_general_challenge"]],
    }
    rows = zip(*columns.values(), strict=True)
    return [{fact: value for fact, value in zip(columns, row, strict=True) if value} for row in rows]


def person_effect(
    train: pd.DataFrame, choose: pd.DataFrame, probabilities: NDArray[np.float64], classes: Sequence[str]
) -> PersonEffect:
    """Learn the ratios on the training rows, and how much of them to believe on the choosing rows.

    Args:
        train: rows of the manifest; each lesion counts once.
        choose: rows of the manifest that the network has not learned from.
        probabilities: of `choose`, calibrated, of the photo alone, (n, classes).
        classes: codes of the columns.

    """
    ratios = log_ratios(train.iloc[first_photos(lesions_of(train))], classes)
    labels = np.array([list(classes).index(code) for code in choose["diagnosis"]])

    def cost(shrink: float) -> float:
        found = with_facts(probabilities, PersonEffect(shrink=float(shrink), log_ratios=ratios), choose)
        return float(-np.log(np.maximum(found[np.arange(len(labels)), labels], np.finfo(float).tiny)).mean())

    best = minimize_scalar(cost, bounds=(0, _MOST_SHRINK), method="bounded", options={"xatol": 1e-3})
    return PersonEffect(shrink=float(best.x), log_ratios=ratios)


def log_ratios(table: pd.DataFrame, classes: Sequence[str]) -> dict[Fact, dict[str, list[float]]]:
    """Return ln (observed / expected) of each value in each diagnosis, the expected from the row's own origin.

    Expected is what an origin's counts of diagnoses and of values would give if they had nothing to do with each other,
    summed over origins (indirect standardisation). An origin of old people with many melanomas thus does not teach
    that age means melanoma; within it, older people must have more. Rows that do not tell a fact do not count for it.
    """
    facts = facts_in(table)
    origin = table["origin"].to_numpy(str)
    diagnosis = table["diagnosis"].to_numpy(str)
    found: dict[Fact, dict[str, list[float]]] = {}
    for fact in ("age", "sex", "site"):
        value = np.array([row.get(fact, "") for row in facts])
        values = sorted(set(value.tolist()) - {""})
        observed, expected = np.zeros((2, len(values), len(classes)))
        for name in np.unique(origin):
            told = (origin == name) & (value != "")
            if not told.any():
                continue
            has_value = np.array([value[told] == v for v in values], dtype=float)
            has_class = np.array([diagnosis[told] == code for code in classes], dtype=float)
            observed += has_value @ has_class.T
            expected += np.outer(has_value.sum(axis=1), has_class.sum(axis=1)) / told.sum()
        ratio = np.log((observed + PSEUDO_COUNT) / (expected + PSEUDO_COUNT))
        found[fact] = {v: [round(float(x), 4) for x in row] for v, row in zip(values, ratio, strict=True)}
    return found


def with_facts(probabilities: NDArray[np.float64], effect: PersonEffect, table: pd.DataFrame) -> NDArray[np.float64]:
    """Return probabilities (n, classes) with what each row tells, by the rule that serves."""
    rows = zip(probabilities, facts_in(table), strict=True)
    return np.stack([informed(row, effect, facts)[0] for row, facts in rows])
