"""Score tables and facts that the tests draw: a champion, and candidates of known worth on the same photos."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np

from functions.triage.card import Cutoffs, Interval
from functions.triage.scorer import softmax
from training.manifest import DIAGNOSES, MALIGNANT
from training.score_table import ScoreTable
from training.verdict import Facts, ModelFacts

if TYPE_CHECKING:
    from numpy.typing import NDArray

NOW = dt.datetime(2026, 11, 23, 6, 0, tzinfo=dt.UTC)
LESIONS = 500
CUTOFFS = Cutoffs(low_below=0.03, urgent_from=0.35, guarantee="drawn")


def truths(lesions: int = LESIONS, seed: int = 0) -> ScoreTable:
    """Draw photos without answers: a fifth of the lesions malignant, every third with two photos."""
    random = np.random.default_rng(seed)
    photos = np.repeat(np.arange(lesions), np.where(np.arange(lesions) % 3 == 0, 2, 1))
    code = np.where(random.random(lesions) < 0.2, random.choice(MALIGNANT, lesions), "nv")
    people = {
        "origins": random.choice(["here", "there"], lesions),
        "sexes": random.choice(["female", "male"], lesions),
        "ages": random.choice(["40", "65"], lesions),
    }
    return ScoreTable(
        names=np.char.add("photo_", np.arange(len(photos)).astype(str)),
        lesions=np.char.add("lesion_", photos.astype(str)),
        **{name: column[photos] for name, column in people.items()},
        diagnoses=code[photos],
        is_malignant=np.isin(code, MALIGNANT)[photos],
        p_malignant=np.zeros(len(photos)),
        probabilities=np.zeros((len(photos), len(DIAGNOSES))),
    )


def answered(table: ScoreTable, logit: NDArray[np.float64]) -> ScoreTable:
    """Answer with P(malignant) = 1 / (1 + exp(-logit)), all of it on one malignant and one benign diagnosis."""
    logits = np.full((len(table), len(DIAGNOSES)), -np.inf)
    logits[:, DIAGNOSES.index("mel")], logits[:, DIAGNOSES.index("nv")] = logit, 0.0
    probabilities = softmax(logits)
    return dataclasses.replace(table, p_malignant=probabilities[:, DIAGNOSES.index("mel")], probabilities=probabilities)


def drawn_logit(table: ScoreTable, *, noise: int, own: float = 0.3, apart: float = 2.4) -> NDArray[np.float64]:
    """Draw calibrated logits: what both networks see of a photo, and noise of one of them.

    For normal scores of equal spread s, `apart` between the kinds, the logit is apart / s^2 (x - apart / 2) + prior.
    """
    shared = np.random.default_rng(99).standard_normal(len(table))
    x = apart * table.is_malignant + shared + own * np.random.default_rng(noise).standard_normal(len(table))
    prior = np.log(0.2 / 0.8)
    return np.asarray(apart / (1 + own**2) * (x - apart / 2) + prior)


def champion(lesions: int = LESIONS) -> ScoreTable:
    table = truths(lesions)
    return answered(table, drawn_logit(table, noise=1))


def equal(lesions: int = LESIONS) -> ScoreTable:
    table = truths(lesions)
    return answered(table, drawn_logit(table, noise=2))


def model_facts(version: str = "2026.11.23-00000000", **changes: Any) -> ModelFacts:
    usual = {
        "version": version,
        "created": "2026-11-23",
        "model_sha256": "a" * 64,
        "snapshot_sha256": "b" * 64,
        "milliseconds": 40.0,
        "megabytes": 44.0,
        "cutoffs": CUTOFFS,
        "choose_auroc": Interval(value=0.94, low=0.92, high=0.96),
    }
    return ModelFacts(**(usual | changes))


def facts(**changes: Any) -> Facts:
    """Return the facts of a champion and of a candidate with some changes."""
    return Facts(champion=model_facts("2026.11.22-cccccccc"), candidate=model_facts("2026.11.23-dddddddd", **changes))
