"""May a candidate take the champion's place? A pure function of two score tables and the facts measured beside them.

Nothing is read, measured or drawn from a clock here: `training.gate_facts` does that, `training.gate_page` shows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from sklearn.metrics import average_precision_score, roc_curve

from training.evaluate import proportion
from training.gate_case import Case, Compared, GroupCase
from training.gate_rules import FACT_RULES, SAME_TEST_SET, SCORE_RULES, Seen, same_test_set
from training.manifest import DIAGNOSES
from training.metrics import balanced_accuracy, expected_calibration_error
from training.paired_bootstrap import RESAMPLES, interval
from training.verdict import Curve, Facts, Figure, Finding, GroupFigures, Ranged, Rules, TestSet, Verdict

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from numpy.typing import NDArray

    from training.score_table import ScoreTable

__all__ = ["Facts", "Rules", "Verdict", "findings_of", "judge"]

_CURVE_POINTS = 200
_INCOMPARABLE = Seen("skipped", "skipped, because the two score tables are not of one test set", "two that are")


def judge(
    candidate: ScoreTable, champion: ScoreTable, facts: Facts, rules: Rules, *, now: dt.datetime, draws: int = RESAMPLES
) -> Verdict:
    """Judge a candidate by every rule.

    Args:
        candidate: its answers to the frozen test photos, in any order.
        champion: those of the model that serves.
        facts: what was measured of both.
        rules: the margins.
        now: becomes the verdict's date.
        draws: of lesions, for the intervals.

    Returns:
        The verdict: accepted when no rule refuses. The same arguments give the same verdict.

    """
    same = _finding(*SAME_TEST_SET, same_test_set(champion, candidate))
    case = Case(champion.by_name(), candidate.by_name(), facts, rules, draws) if same.passed else None
    findings = (same, *findings_of(case, facts, rules))
    refused = [one for one in findings if not one.passed]
    names = f"{facts.candidate.version} {{}} take the place of {facts.champion.version}"
    sentence = (
        f"Refused: {names.format('may not')}, for {_counted(len(refused))}: {', '.join(one.rule for one in refused)}."
        if refused
        else f"Accepted: {names.format('may')}."
    )
    verdict = Verdict(
        accepted=not refused,
        sentence=sentence,
        created=now.isoformat(timespec="seconds"),
        facts=facts,
        rules=rules,
        findings=findings,
    )
    return verdict if case is None else verdict.model_copy(update=_figures(case))


def findings_of(case: Case | None, facts: Facts, rules: Rules) -> tuple[Finding, ...]:
    """Return what each rule but `same_test_set` finds; without a case those about scores are skipped."""
    scores = (_finding(rule.name, rule.title, rule.judge(case) if case else _INCOMPARABLE) for rule in SCORE_RULES)
    others = (_finding(rule.name, rule.title, rule.judge(facts, rules)) for rule in FACT_RULES)
    return (*scores, *others)


def _finding(rule: str, title: str, seen: Seen) -> Finding:
    return Finding(rule=rule, title=title, **seen._asdict())


def _counted(count: int) -> str:
    return "one reason" if count == 1 else f"{count} reasons"


def _figures(case: Case) -> dict[str, object]:
    truth, champion = case.truth, case.champion
    first, before, after = case.first, case.facts.champion, case.facts.candidate
    return {
        "test_set": TestSet(
            sha256=champion.truth_sha256(),
            photos=len(champion),
            lesions=len(first),
            malignant_photos=int(truth.sum()),
            malignant_lesions=int(truth[first].sum()),
        ),
        "figures": (
            _drawn("AUROC, malignant or benign", case.auroc),
            _drawn(f"Sensitivity at a specificity of {case.specificity:.3f}", case.sensitivity),
            _shares("Malignant lesions called low, each by its own cut-off", case),
            _plain("Expected calibration error", case, lambda one: expected_calibration_error(truth, one.p_malignant)),
            _plain("Brier score", case, lambda one: float(((one.p_malignant - truth) ** 2).mean())),
            _plain("Average precision", case, lambda one: float(average_precision_score(truth, one.p_malignant))),
            _plain("Balanced accuracy of the seven diagnoses", case, _balanced),
            _measured("One photo", "ms", before.milliseconds, after.milliseconds),
            _measured("Size of the file", "MB", before.megabytes, after.megabytes),
        ),
        "groups": tuple(_group(one) for one in case.groups),
        "curves": {"champion": _curve(case, champion), "candidate": _curve(case, case.candidate)},
    }


def _drawn(name: str, found: Compared) -> Figure:
    return Figure(
        name=name,
        champion=_ranged(found.champion, found.champion_drawn),
        candidate=_ranged(found.candidate, found.candidate_drawn),
        difference=_ranged(found.difference, found.differences),
    )


def _ranged(value: float, drawn: NDArray[np.float64]) -> Ranged:
    low, high = interval(drawn)
    return Ranged(value=value, low=low, high=high)


def _shares(name: str, case: Case) -> Figure:
    champion, candidate = (
        _share(case.called_low(table, facts.cutoffs.low_below))
        for table, facts in ((case.champion, case.facts.champion), (case.candidate, case.facts.candidate))
    )
    return _side_by_side(name, champion, candidate)


def _share(hits: NDArray[np.bool_]) -> Ranged:
    found = proportion(hits)
    return Ranged(value=found.value, low=found.low, high=found.high) if found else Ranged(value=0.0)


def _plain(name: str, case: Case, figure: Callable[[ScoreTable], float]) -> Figure:
    return _side_by_side(name, Ranged(value=figure(case.champion)), Ranged(value=figure(case.candidate)))


def _measured(name: str, unit: Literal["ms", "MB"], champion: float, candidate: float) -> Figure:
    return _side_by_side(name, Ranged(value=champion), Ranged(value=candidate), unit)


def _side_by_side(name: str, champion: Ranged, candidate: Ranged, unit: Literal["", "ms", "MB"] = "") -> Figure:
    difference = Ranged(value=candidate.value - champion.value)
    return Figure(name=name, unit=unit, champion=champion, candidate=candidate, difference=difference)


def _balanced(table: ScoreTable) -> float:
    labels = np.array([DIAGNOSES.index(code) for code in table.diagnoses])
    return balanced_accuracy(labels, table.probabilities.argmax(axis=1))


def _group(group: GroupCase) -> GroupFigures:
    return GroupFigures(
        grouping=group.grouping,
        name=group.name,
        photos=group.photos,
        lesions=group.lesions,
        malignant_lesions=group.malignant_lesions,
        auroc=_drawn("AUROC", group.auroc) if group.auroc else None,
        sensitivity=_drawn("Sensitivity", group.sensitivity) if group.sensitivity else None,
        too_few=group.too_few,
    )


def _curve(case: Case, table: ScoreTable) -> Curve:
    false_positive, sensitivity, _ = roc_curve(case.truth, table.p_malignant)
    kept = np.unique(np.linspace(0, len(false_positive) - 1, _CURVE_POINTS).round().astype(int))
    points = zip(false_positive[kept].tolist(), sensitivity[kept].tolist(), strict=True)
    return Curve(points=tuple((round(x, 4), round(y, 4)) for x, y in points))
