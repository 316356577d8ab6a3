"""How often the gate errs: candidates of known worth, drawn from real scores, and what the gate says of them.

The real test photos of one model are the population. From them lesions are drawn with replacement, once to choose
(calibration and cut-offs) and once to test. A photo's normal score (van der Waerden) on the real model is what two
networks see alike; each of the two adds noise of its own, as large as gives the wanted correlation between two networks
within malignant and within benign photos, and moves the malignant photos so far that its AUROC over the population is
the wanted one. So lesions, groups, the shape of the scores and what goes with origin, sex and age stay as they are.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm, rankdata
from sklearn.linear_model import LogisticRegression

from functions.triage.card import Interval
from training import paired_bootstrap
from training.calibrate import cutoffs_of
from training.delong import standard_error
from training.errors import ScoresInvalid
from training.gate import judge
from training.manifest import DIAGNOSES
from training.score_table import ScoreTable
from training.verdict import Facts, ModelFacts, Rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from functions.triage.card import Cutoffs

CANDIDATES = 200
# Noise on each photo of the population when a shift is sought.
_COPIES = 8
_Z95 = 1.959964
_NOW = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)  # a simulated verdict is of no day
# The same for champion and candidate: simulated is what the scores say.
_MILLISECONDS, _MEGABYTES = 40.0, 44.0


@dataclass(frozen=True)
class ErrorRates:
    """What the gate said of the candidates of one kind; `refused_by` counts by rule, several of which may refuse."""

    correlation: float
    fall: float
    candidates: int
    refused: int
    refused_by: dict[str, int]
    delong_disagrees: int
    standard_error: float  # mean of the AUROC difference's

    @property
    def share(self) -> float:
        """Return the share refused."""
        return self.refused / self.candidates


@dataclass(frozen=True)
class _Networks:
    """A population of photos and how two networks answer them."""

    table: ScoreTable
    seen: NDArray[np.float64]  # normal scores, what both see alike
    noise: float
    shifts: tuple[float, float]  # of the malignant photos, champion and candidate

    def answers(
        self, rows: NDArray[np.int64], random: np.random.Generator
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        one, other = (
            self.seen[rows] + shift * self.table.is_malignant[rows] + self.noise * random.standard_normal(len(rows))
            for shift in self.shifts
        )
        return one, other


def error_rates(
    table: ScoreTable,
    *,
    correlation: float,
    fall: float,
    rules: Rules,
    candidates: int = CANDIDATES,
    size: float = 1.0,
    seed: int = 0,
    on_progress: Callable[[int], None] = lambda _done: None,
) -> ErrorRates:
    """Let the gate judge simulated candidates.

    Args:
        table: real scores of a champion.
        correlation: of the normal scores of champion and candidate, within kinds, in 0..1 (exclusive).
        fall: by which the candidates' AUROC lies below the champion's; 0 for equals.
        rules: of the gate.
        candidates: how many.
        size: of the drawn sets, in test sets.
        seed: of everything random.
        on_progress: called with the number of candidates judged.

    """
    networks = _networks(table, correlation, fall)
    random = np.random.default_rng([seed, int(1000 * correlation), int(1000 * fall)])
    refused, disagrees, errors = 0, 0, []
    by: Counter[str] = Counter()
    for done in range(1, candidates + 1):
        champion, candidate, facts = _pair(networks, size, random)
        verdict = judge(candidate, champion, facts, rules, now=_NOW)
        refused += not verdict.accepted
        by.update(one.rule for one in verdict.findings if not one.passed)
        disagrees += any("DISAGREES" in one.note for one in verdict.findings)
        difference = verdict.figures[0].difference
        errors.append(((difference.high or 0.0) - (difference.low or 0.0)) / (2 * _Z95))
        on_progress(done)
    return ErrorRates(correlation, fall, candidates, refused, dict(by), disagrees, float(np.mean(errors)))


def parsed_correlations(text: str) -> tuple[float, ...]:
    """Return the numbers of a text such as `0.99,0.9`.

    Raises:
        ScoresInvalid: when one is not a number between 0 and 1.

    """
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        found = ()
    if not found or any(not 0 < one < 1 for one in found):
        raise ScoresInvalid(f"correlations {text!r}: wanted are numbers between 0 and 1, such as 0.99,0.9.")
    return found


def correlation_of(one: ScoreTable, other: ScoreTable) -> float:
    """Return the correlation of two models' normal scores, mean of that within malignant and within benign photos.

    Raises:
        ScoresInvalid: when they are not of the same photos.

    """
    first, second = one.by_name(), other.by_name()
    if not np.array_equal(first.names, second.names):
        raise ScoresInvalid("The two score tables are not of the same photos: they tell no correlation.")
    scores = [_normal_scores(table.p_malignant) for table in (first, second)]
    kinds = (first.is_malignant, ~first.is_malignant)
    return float(np.mean([np.corrcoef(scores[0][kind], scores[1][kind])[0, 1] for kind in kinds]))


def _networks(table: ScoreTable, correlation: float, fall: float) -> _Networks:
    truth = table.is_malignant
    seen = _normal_scores(table.p_malignant)
    within = float(np.mean([seen[kind].var() for kind in (truth, ~truth)]))
    noise = float(np.sqrt(within * (1 - correlation) / correlation))
    told = paired_bootstrap.auroc(truth, table.p_malignant)
    copies = np.random.default_rng(0).standard_normal((_COPIES, len(seen)))

    def above(shift: float, wanted: float) -> float:
        drawn = (seen + shift * truth + noise * copies).ravel()
        return paired_bootstrap.auroc(np.tile(truth, _COPIES), drawn) - wanted

    shifts = [float(brentq(above, -3, 6, args=(wanted,), xtol=1e-4)) for wanted in (told, told - fall)]
    return _Networks(table, seen, noise, (shifts[0], shifts[1]))


def _pair(networks: _Networks, size: float, random: np.random.Generator) -> tuple[ScoreTable, ScoreTable, Facts]:
    """Draw a choosing and a test set, and return both models' test tables and facts."""
    choosing, chosen_lesions = _lesions_drawn(networks.table, size, random)
    testing, lesions = _lesions_drawn(networks.table, size, random)
    truth = networks.table.is_malignant
    chosen, tested = networks.answers(choosing, random), networks.answers(testing, random)
    tables, facts = [], []
    for name, choose, test in zip(("champion", "candidate"), chosen, tested, strict=True):
        fitted = LogisticRegression(C=np.inf).fit(choose[:, np.newaxis], truth[choosing])
        p = fitted.predict_proba(choose[:, np.newaxis])[:, 1]
        cutoffs = cutoffs_of(p, truth[choosing], chosen_lesions)
        tables.append(_answered(networks.table, testing, lesions, fitted.predict_proba(test[:, np.newaxis])[:, 1]))
        facts.append(_facts(name, cutoffs, truth[choosing], p))
    return tables[0], tables[1], Facts(champion=facts[0], candidate=facts[1])


def _lesions_drawn(
    table: ScoreTable, size: float, random: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.str_]]:
    """Return the rows of lesions drawn with replacement, and a name for each draw, so that none is drawn twice."""
    _, lesion = np.unique(table.lesions, return_inverse=True)
    rows_of = np.split(np.argsort(lesion, kind="stable"), np.cumsum(np.bincount(lesion))[:-1])
    drawn = random.integers(0, len(rows_of), round(size * len(rows_of)))
    rows = np.concatenate([rows_of[one] for one in drawn])
    return rows, np.repeat(np.arange(len(drawn)), [len(rows_of[one]) for one in drawn]).astype(str)


def _answered(
    table: ScoreTable, rows: NDArray[np.int64], lesions: NDArray[np.str_], p: NDArray[np.float64]
) -> ScoreTable:
    probabilities = np.zeros((len(rows), len(DIAGNOSES)))
    probabilities[:, DIAGNOSES.index("mel")] = p
    probabilities[:, DIAGNOSES.index("nv")] = 1 - p
    return ScoreTable(
        names=np.char.add("photo ", np.arange(len(rows)).astype(str)),
        lesions=lesions,
        origins=table.origins[rows],
        sexes=table.sexes[rows],
        ages=table.ages[rows],
        diagnoses=table.diagnoses[rows],
        is_malignant=table.is_malignant[rows],
        p_malignant=p,
        probabilities=probabilities,
    )


def _facts(name: str, cutoffs: Cutoffs, truth: NDArray[np.bool_], p: NDArray[np.float64]) -> ModelFacts:
    value, half = paired_bootstrap.auroc(truth, p), _Z95 * standard_error(truth, p)
    return ModelFacts(
        version=name,
        created="",
        model_sha256="",
        snapshot_sha256="",
        milliseconds=_MILLISECONDS,
        megabytes=_MEGABYTES,
        cutoffs=cutoffs,
        choose_auroc=Interval(value=value, low=max(0.0, value - half), high=min(1.0, value + half)),
    )


def _normal_scores(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(norm.ppf((rankdata(values) - 0.5) / len(values)))
