"""The gate's rules: each a small function that says what it saw, what it wanted, and whether the two agree.

`FACT_RULES` look at what was measured of the packages, `SCORE_RULES` at the two score tables as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.stats import beta, norm

from training import delong, paired_bootstrap
from training.metrics import expected_calibration_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from training.gate_case import Case, Compared, GroupCase
    from training.score_table import ScoreTable
    from training.verdict import Facts, Outcome, Rules

_MOST_SHOWN = 5
_LEAST_LESIONS = 2  # of each kind: below it nothing has a spread
_Z95 = 1.959964  # half of a 95 % interval, in standard errors


class Seen(NamedTuple):
    """What a rule says; `saw` tells why where it was skipped, `note` what a reader should know beside."""

    outcome: Outcome
    saw: str
    wanted: str
    note: str = ""


class ScoreRule(NamedTuple):
    """A rule on two score tables, under its name and its title in words."""

    name: str
    title: str
    judge: Callable[[Case], Seen]


class FactRule(NamedTuple):
    """A rule on what was measured of the packages."""

    name: str
    title: str
    judge: Callable[[Facts, Rules], Seen]


def same_test_set(champion: ScoreTable, candidate: ScoreTable) -> Seen:
    """Both models answered the same photos, with the same truths, malignant and benign among them."""
    wanted = "both tables hold the same photos with the same lesions, diagnoses and people, malignant and benign"
    one, other = ({name: row for row, name in enumerate(table.names)} for table in (champion, candidate))
    alone = {"champion": one.keys() - other.keys(), "candidate": other.keys() - one.keys()}
    only = [f"{len(names)} photos only of the {model}" for model, names in alone.items() if names]
    shared = sorted(one.keys() & other.keys())
    rows = np.array([one[name] for name in shared], dtype=int), np.array([other[name] for name in shared], dtype=int)
    differ = np.zeros(len(shared), dtype=bool)
    for column in ("lesions", "diagnoses", "is_malignant", "origins", "sexes", "ages"):
        differ |= getattr(champion, column)[rows[0]] != getattr(candidate, column)[rows[1]]
    if differ.any():
        only.append(f"{int(differ.sum())} photos with another truth, such as {shared[int(np.argmax(differ))]}")
    kinds = {"malignant": champion.is_malignant, "benign": ~champion.is_malignant}
    few = {kind: len(set(champion.lesions[mask].tolist())) for kind, mask in kinds.items()}
    only += [
        f"{count} {kind} lesions, {_LEAST_LESIONS} wanted" for kind, count in few.items() if count < _LEAST_LESIONS
    ]
    saw = "; ".join(only) or f"{len(champion):,} photos, the same in both, sha256 {champion.truth_sha256()[:12]}"
    return _seen(not only, saw, wanted)


def no_leak(facts: Facts, _rules: Rules) -> Seen:
    """None of the photos that the candidate learned from is tied to a test photo."""
    wanted = "no photo it learned from is a test photo, of a test lesion or patient, or a near-duplicate of one"
    one = facts.candidate
    if one.unchecked:
        return _seen(False, f"not known: {one.unchecked}", wanted)
    shown = "; ".join(one.leaks[:_MOST_SHOWN])
    saw = f"{len(one.leaks):,} photo(s): {shown}" if one.leaks else f"none (snapshot {one.snapshot_sha256[:12]})"
    champion = facts.champion
    note = (
        f"The champion could not be checked: {champion.unchecked}."
        if champion.unchecked
        else f"The champion learned from {len(champion.leaks):,} such photo(s): its figures flatter it."
        if champion.leaks
        else ""
    )
    return _seen(not one.leaks, saw, wanted, note)


def not_too_good(case: Case) -> Seen:
    """A figure that a fair candidate does not reach is a reason to look for a leak, not to rejoice.

    Two signs: the test photos come out far better than the choosing photos, which are their like; or the AUROC rises
    for certain by more than a retraining brings.
    """
    rules, told = case.rules, case.facts.candidate.choose_auroc
    z = float(norm.ppf(1 - rules.suspicion))
    leap = case.auroc.lower(rules.alpha / 2)
    seen = [
        f"AUROC changes by {case.auroc.difference:+.3f}, at least {leap:+.3f} ({100 * (1 - rules.alpha / 2):.1f} %)"
    ]
    wanted = [f"a rise that is not for certain above {rules.leap_to:+.3f}"]
    good = leap <= rules.leap_to
    if told is not None:
        gap = case.auroc.candidate - told.value
        error = float(np.hypot(np.nanstd(case.auroc.candidate_drawn), (told.high - told.low) / (2 * _Z95)))
        seen.append(f"{case.auroc.candidate:.3f} on the test photos, {told.value:.3f} on those that chose")
        wanted.append(f"test above choosing photos by at most {z * error:.3f} ({z:.2f} standard errors)")
        good = good and gap <= z * error
    note = "" if told is not None else "The card has no figure of the choosing photos to compare with."
    return _seen(good, "; ".join(seen), "; ".join(wanted), note)


def auroc_not_inferior(case: Case) -> Seen:
    """The malignant AUROC falls by less than the margin, beyond reasonable doubt."""
    rules, found = case.rules, case.auroc
    lower = found.lower(rules.alpha)
    passed = lower > -rules.auroc_margin
    check = delong.auroc_difference(case.truth, case.champion.p_malignant, case.candidate.p_malignant)
    agrees = (check.lower(rules.alpha) > -rules.auroc_margin) == passed
    return _seen(
        passed,
        _difference(found, rules.alpha),
        f"lower bound above {-rules.auroc_margin:+.3f}",
        f"DeLong's test {'agrees' if agrees else 'DISAGREES'}: lower bound {check.lower(rules.alpha):+.4f}, standard "
        f"error {check.standard_error:.4f} against {found.error():.4f}; it takes photos of one lesion as independent.",
    )


def sensitivity_not_inferior(case: Case) -> Seen:
    """At the champion's specificity, the candidate finds as many malignant lesions, within the margin."""
    rules, found = case.rules, case.sensitivity
    return _seen(
        found.lower(rules.alpha) > -rules.sensitivity_margin,
        _difference(found, rules.alpha),
        f"lower bound above {-rules.sensitivity_margin:+.3f}",
        f"At a specificity of {case.specificity:.3f}: the champion calls urgent from {case.threshold:.3f} on, the "
        f"candidate has that specificity from {case.matched[1]:.3f} on.",
    )


def calibrated(case: Case) -> Seen:
    """The probabilities mean what they say, and no less than the champion's."""
    rules = case.rules
    champion, candidate = (
        expected_calibration_error(case.truth, table.p_malignant) for table in (case.champion, case.candidate)
    )
    most = min(rules.calibration_error_to, champion + rules.calibration_margin)
    return _seen(
        candidate <= most,
        f"expected calibration error {candidate:.3f} against {champion:.3f}",
        f"at most {most:.3f}: {rules.calibration_error_to:.3f}, and {rules.calibration_margin:.3f} above the champion",
    )


def groups_told_apart(case: Case) -> Seen:
    """No group's AUROC falls by more than the margin and beyond chance, and none lies evidently under the floor."""
    rules = case.rules
    compared = [(group, group.auroc) for group in case.judged_groups if group.auroc]
    fallen = _fallen(compared, rules.group_auroc_margin, rules.alpha)
    low = [
        f"{_called(group)}: {one.candidate:.3f}, at most {high:.3f} (97.5 %)"
        for group, one in compared
        if (high := paired_bootstrap.interval(one.candidate_drawn)[1]) < rules.group_auroc_from
    ]
    return _of_groups(
        case,
        compared,
        [*fallen, *low],
        f"no fall above {rules.group_auroc_margin:.2f} that is beyond chance, and none evidently under "
        f"{rules.group_auroc_from:.2f}",
    )


def groups_found(case: Case) -> Seen:
    """In no group are malignant lesions called less often, by more than the margin and beyond chance."""
    rules = case.rules
    compared = [(group, group.sensitivity) for group in case.judged_groups if group.sensitivity]
    return _of_groups(
        case,
        compared,
        _fallen(compared, rules.group_sensitivity_margin, rules.alpha),
        f"no fall above {rules.group_sensitivity_margin:.2f} that is beyond chance, at the threshold of all",
    )


def promise_kept(case: Case) -> Seen:
    """Its own cut-off calls no more malignant lesions low than was promised when it was chosen."""
    rules, own = case.rules, case.facts.candidate.cutoffs
    low, before = (
        case.called_low(table, cutoffs.low_below)
        for table, cutoffs in ((case.candidate, own), (case.champion, case.facts.champion.cutoffs))
    )
    count, of = int(low.sum()), len(low)
    wanted = f"not evidently above {100 * rules.called_low_to:.0f} %"
    if not of:
        why = "skipped, because no lesion's first photo is malignant"
        return Seen("skipped", why, wanted)
    # One-sided exact bound (Clopper and Pearson 1934).
    least = float(beta.ppf(rules.alpha, count, of - count + 1)) if count else 0.0
    return _seen(
        least <= rules.called_low_to,
        f"{count} of {of} malignant lesions ({100 * count / of:.1f} %, at least {100 * least:.1f} %); "
        f"the champion {int(before.sum())}",
        wanted,
    )


def answers_as_packed(facts: Facts, _rules: Rules) -> Seen:
    """The drawn photos are answered as the package says."""
    golden = facts.candidate.golden
    return _seen(
        not golden,
        "; ".join(golden) or "every drawn photo as in golden.json",
        "every drawn photo as in golden.json",
    )


def quick_enough(facts: Facts, rules: Rules) -> Seen:
    """One photo takes about as long as it does with the champion."""
    took, before = facts.candidate.milliseconds, facts.champion.milliseconds
    most = max(rules.latency_factor * before, before + rules.latency_slack_ms)
    return _seen(
        took <= most,
        f"{took:.1f} ms a photo against {before:.1f} ms, one thread, on one machine in turns",
        f"at most {most:.0f} ms: {rules.latency_factor:.2f} times the champion's, "
        f"or {rules.latency_slack_ms:.0f} ms more",
    )


def small_enough(facts: Facts, rules: Rules) -> Seen:
    """The file is not larger than what a cold start was measured with."""
    return _seen(
        facts.candidate.megabytes <= rules.megabytes_to,
        f"{facts.candidate.megabytes:.1f} MB against {facts.champion.megabytes:.1f} MB",
        f"at most {rules.megabytes_to:.0f} MB",
    )


SAME_TEST_SET = ("same test set", "Both answered the same photos")
SCORE_RULES = (
    ScoreRule("auroc", "It tells malignant from benign as well", auroc_not_inferior),
    ScoreRule("sensitivity", "It finds as many at the champion's specificity", sensitivity_not_inferior),
    ScoreRule("called low", "Few malignant lesions are called low", promise_kept),
    ScoreRule("calibration", "Its probabilities mean what they say", calibrated),
    ScoreRule("groups", "It tells them apart in every group", groups_told_apart),
    ScoreRule("groups' sensitivity", "It finds malignant lesions in every group", groups_found),
    ScoreRule("not too good", "It is not too good to be true", not_too_good),
)
FACT_RULES = (
    FactRule("no leak", "It has not seen the test", no_leak),
    FactRule("golden photos", "It answers as it did when it was packed", answers_as_packed),
    FactRule("latency", "It answers as quickly", quick_enough),
    FactRule("size", "It is small enough", small_enough),
)


def _seen(passed: bool, saw: str, wanted: str, note: str = "") -> Seen:
    return Seen("passed" if passed else "refused", saw, wanted, note)


def _difference(found: Compared, alpha: float) -> str:
    return (
        f"{found.candidate:.3f} against {found.champion:.3f}: {found.difference:+.3f}, "
        f"lower bound {found.lower(alpha):+.3f} ({100 * (1 - alpha):.0f} %, one-sided)"
    )


def _fallen(compared: list[tuple[GroupCase, Compared]], margin: float, alpha: float) -> list[str]:
    """Name the groups that fell by more than the margin and beyond chance, the chance shared by all comparisons."""
    if not compared:
        return []
    z = float(norm.ppf(1 - alpha / len(compared)))  # Bonferroni: of many equal groups some fall far by chance
    return [
        f"{_called(group)}: {one.candidate:.3f} against {one.champion:.3f}"
        for group, one in compared
        if one.difference < -margin and one.difference + z * one.error() < 0
    ]


def _of_groups(case: Case, compared: list[tuple[GroupCase, Compared]], bad: list[str], wanted: str) -> Seen:
    few = [_called(group) for group in case.groups if group.too_few]
    note = f"Too small to be judged, or not stated: {', '.join(few)}." if few else ""
    if not compared:
        return Seen("skipped", "skipped, because no group has enough lesions", wanted, note)
    worst, least = min(compared, key=lambda pair: pair[1].candidate)
    deepest, most = min(compared, key=lambda pair: pair[1].difference)
    saw = "; ".join(bad) or (
        f"{len(compared)} groups; lowest {least.candidate:.3f} ({_called(worst)}), "
        f"largest fall {most.difference:+.3f} ({_called(deepest)})"
    )
    return _seen(not bad, saw, wanted, note)


def _called(group: GroupCase) -> str:
    return f"{group.grouping} {group.name}"
