"""The gate's rules: each a small function that says what it saw, what it wanted, and whether the two agree.

`FACT_RULES` look at what was measured of the packages, `SCORE_RULES` at the two score tables as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import beta, norm

from training import delong, paired_bootstrap
from training.metrics import expected_calibration_error
from training.verdict import Finding

if TYPE_CHECKING:
    from collections.abc import Callable

    from training.gate_case import Case, Compared, GroupCase
    from training.score_table import ScoreTable
    from training.verdict import Facts, Outcome, Rules

_MOST_SHOWN = 5
_Z95 = 1.959964  # half of a 95 % interval, in standard errors


def same_test_set(champion: ScoreTable, candidate: ScoreTable) -> Finding:
    """Both models answered the same photos, with the same truths, malignant and benign among them."""
    wanted = "both tables hold the same photos with the same lesions and diagnoses, malignant and benign"
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
    if not champion.is_malignant.any() or champion.is_malignant.all():
        only.append("photos of one kind only")
    saw = "; ".join(only) or f"{len(champion):,} photos, the same in both, sha256 {champion.truth_sha256()[:12]}"
    return _finding("same test set", "Both answered the same photos", not only, saw, wanted)


def no_leak(facts: Facts, _rules: Rules) -> Finding:
    """None of the photos that the candidate learned from is tied to a test photo."""
    wanted = "no photo it learned from is a test photo, of a test lesion or patient, or a near-duplicate of one"
    one = facts.candidate
    if one.unchecked:
        return _finding("no leak", "It has not seen the test", False, f"not known: {one.unchecked}", wanted)
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
    return _finding("no leak", "It has not seen the test", not one.leaks, saw, wanted, note)


def not_too_good(case: Case) -> Finding:
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
    return _finding("not too good", "It is not too good to be true", good, "; ".join(seen), "; ".join(wanted), note)


def auroc_not_inferior(case: Case) -> Finding:
    """The malignant AUROC falls by less than the margin, beyond reasonable doubt."""
    rules, found = case.rules, case.auroc
    lower = found.lower(rules.alpha)
    passed = lower > -rules.auroc_margin
    check = delong.auroc_difference(case.truth, case.champion.p_malignant, case.candidate.p_malignant)
    agrees = (check.lower(rules.alpha) > -rules.auroc_margin) == passed
    return _finding(
        "auroc",
        "It tells malignant from benign as well",
        passed,
        _difference(found, rules.alpha),
        f"lower bound above {-rules.auroc_margin:+.3f}",
        f"DeLong's test {'agrees' if agrees else 'DISAGREES'}: lower bound {check.lower(rules.alpha):+.4f}, standard "
        f"error {check.standard_error:.4f} against {found.error():.4f}; it takes photos of one lesion as independent.",
    )


def sensitivity_not_inferior(case: Case) -> Finding:
    """At the champion's specificity, the candidate finds as many malignant lesions, within the margin."""
    rules, found = case.rules, case.sensitivity
    return _finding(
        "sensitivity",
        f"It finds as many at a specificity of {case.specificity:.3f}",
        found.lower(rules.alpha) > -rules.sensitivity_margin,
        _difference(found, rules.alpha),
        f"lower bound above {-rules.sensitivity_margin:+.3f}",
        f"The champion calls urgent from {case.threshold:.3f} on; the candidate has that specificity from "
        f"{case.matched:.3f} on.",
    )


def calibrated(case: Case) -> Finding:
    """The probabilities mean what they say, and no less than the champion's."""
    rules = case.rules
    champion, candidate = (
        expected_calibration_error(case.truth, table.p_malignant) for table in (case.champion, case.candidate)
    )
    most = min(rules.calibration_error_to, champion + rules.calibration_margin)
    return _finding(
        "calibration",
        "Its probabilities mean what they say",
        candidate <= most,
        f"expected calibration error {candidate:.3f} against {champion:.3f}",
        f"at most {most:.3f}: {rules.calibration_error_to:.3f}, and {rules.calibration_margin:.3f} above the champion",
    )


def groups_told_apart(case: Case) -> Finding:
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
        "groups",
        "It works for every group",
        compared,
        [*fallen, *low],
        f"no fall above {rules.group_auroc_margin:.2f} that is beyond chance, and none evidently under "
        f"{rules.group_auroc_from:.2f}",
    )


def groups_found(case: Case) -> Finding:
    """In no group are malignant lesions called less often, by more than the margin and beyond chance."""
    rules = case.rules
    compared = [(group, group.sensitivity) for group in case.judged_groups if group.sensitivity]
    return _of_groups(
        case,
        "groups' sensitivity",
        "It finds malignant lesions in every group",
        compared,
        _fallen(compared, rules.group_sensitivity_margin, rules.alpha),
        f"no fall above {rules.group_sensitivity_margin:.2f} that is beyond chance, at the threshold of all",
    )


def promise_kept(case: Case) -> Finding:
    """Its own cut-off calls no more malignant lesions low than was promised when it was chosen."""
    rules, own = case.rules, case.facts.candidate.cutoffs
    low, before = (
        case.called_low(table, cutoffs.low_below)
        for table, cutoffs in ((case.candidate, own), (case.champion, case.facts.champion.cutoffs))
    )
    count, of = int(low.sum()), len(low)
    # One-sided exact bound (Clopper and Pearson 1934).
    least = float(beta.ppf(rules.alpha, count, of - count + 1)) if count else 0.0
    return _finding(
        "called low",
        "Few malignant lesions are called low",
        least <= rules.called_low_to,
        f"{count} of {of} malignant lesions ({100 * count / of:.1f} %, at least {100 * least:.1f} %); "
        f"the champion {int(before.sum())}",
        f"not evidently above {100 * rules.called_low_to:.0f} %",
    )


def answers_as_packed(facts: Facts, _rules: Rules) -> Finding:
    """The drawn photos are answered as the package says."""
    golden = facts.candidate.golden
    return _finding(
        "golden photos",
        "It answers as it did when it was packed",
        not golden,
        "; ".join(golden) or "every drawn photo as in golden.json",
        "every drawn photo as in golden.json",
    )


def quick_enough(facts: Facts, rules: Rules) -> Finding:
    """One photo takes about as long as it does with the champion."""
    took, before = facts.candidate.milliseconds, facts.champion.milliseconds
    most = rules.latency_factor * before
    return _finding(
        "latency",
        "It answers as quickly",
        took <= most,
        f"{took:.0f} ms a photo against {before:.0f} ms, one thread, on one machine in turns",
        f"at most {most:.0f} ms, {rules.latency_factor:.2f} times the champion's",
    )


def small_enough(facts: Facts, rules: Rules) -> Finding:
    """The file is not larger than what a cold start was measured with."""
    return _finding(
        "size",
        "It is small enough",
        facts.candidate.megabytes <= rules.megabytes_to,
        f"{facts.candidate.megabytes:.1f} MB against {facts.champion.megabytes:.1f} MB",
        f"at most {rules.megabytes_to:.0f} MB",
    )


SCORE_RULES: tuple[Callable[[Case], Finding], ...] = (
    auroc_not_inferior,
    sensitivity_not_inferior,
    promise_kept,
    calibrated,
    groups_told_apart,
    groups_found,
    not_too_good,
)
FACT_RULES: tuple[Callable[[Facts, Rules], Finding], ...] = (no_leak, answers_as_packed, quick_enough, small_enough)


def _finding(rule: str, title: str, passed: bool, saw: str, wanted: str, note: str = "") -> Finding:
    outcome: Outcome = "passed" if passed else "refused"
    return Finding(rule=rule, title=title, outcome=outcome, saw=saw, wanted=wanted, note=note)


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


def _of_groups(
    case: Case, rule: str, title: str, compared: list[tuple[GroupCase, Compared]], bad: list[str], wanted: str
) -> Finding:
    few = [_called(group) for group in case.groups if group.too_few]
    note = f"Too small to be judged, or not stated: {', '.join(few)}." if few else ""
    if not compared:
        return Finding(
            rule=rule,
            title=title,
            outcome="skipped",
            saw="skipped, because no group has enough lesions",
            wanted=wanted,
            note=note,
        )
    worst, least = min(compared, key=lambda pair: pair[1].candidate)
    deepest, most = min(compared, key=lambda pair: pair[1].difference)
    saw = "; ".join(bad) or (
        f"{len(compared)} groups; lowest {least.candidate:.3f} ({_called(worst)}), "
        f"largest fall {most.difference:+.3f} ({_called(deepest)})"
    )
    return _finding(rule, title, not bad, saw, wanted, note)


def _called(group: GroupCase) -> str:
    return f"{group.grouping} {group.name}"
