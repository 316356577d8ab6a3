"""The gate with its hands: scores both packages on the frozen test photos, judges, and writes what it found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from training.gate import judge
from training.gate_facts import facts_of, judging_photos, learned_by, open_package
from training.gate_page import verdict_page
from training.score_table import read_scores, score_table, write_scores
from training.verdict import Rules

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    import pandas as pd

    from training.gate_facts import Package
    from training.progress import Bar
    from training.score_table import ScoreTable
    from training.verdict import Verdict

CHAMPION_SCORES, CANDIDATE_SCORES = "champion_scores.csv", "candidate_scores.csv"
VERDICT, PAGE = "verdict.json", "verdict.html"


def run_gate(
    champion: Path,
    candidate: Path,
    data: Path,
    out: Path,
    *,
    now: dt.datetime,
    bar: Bar,
    learned_from: Path | None = None,
    champion_scores: Path | None = None,
    candidate_scores: Path | None = None,
    rules: Rules | None = None,
) -> Verdict:
    """Judge a candidate and write `verdict.json`, `verdict.html` and both score tables, whatever the verdict is.

    Args:
        champion: package that serves.
        candidate: package that may take its place.
        data: folder of a manifest and photos, with the champion's test folds.
        out: folder of what is written.
        now: the verdict's date.
        bar: opens a progress bar of a title and a total, and gives what sets it.
        learned_from: folder of the candidate's training snapshot, where that is not `data`.
        champion_scores: the champion's score table, where it is there already.
        candidate_scores: the candidate's.
        rules: the gate's own when not given.

    Raises:
        TrainingError: when a package, a manifest or a table cannot be used.
        PhotoRejected: when a test photo cannot be read.

    """
    serving, new = open_package(champion), open_package(candidate)
    test = judging_photos(data, serving.scorer.card)
    learned = (learned_by(serving.scorer.card, data), learned_by(new.scorer.card, learned_from or data))
    facts = facts_of(serving, new, test, learned)
    tables = [
        _table(package, given, test, title, bar)
        for package, given, title in (
            (serving, champion_scores, "the champion's answers"),
            (new, candidate_scores, "the candidate's answers"),
        )
    ]
    verdict = judge(tables[1], tables[0], facts, rules or Rules(), now=now)
    write_scores(out / CHAMPION_SCORES, tables[0])
    write_scores(out / CANDIDATE_SCORES, tables[1])
    write_verdict(out, verdict)
    return verdict


def write_verdict(out: Path, verdict: Verdict) -> None:
    """Write a verdict as `verdict.json` and as the page `verdict.html`."""
    out.mkdir(parents=True, exist_ok=True)
    (out / VERDICT).write_text(verdict.model_dump_json(indent=1) + "\n", encoding="utf-8")
    (out / PAGE).write_text(verdict_page(verdict), encoding="utf-8")


def _table(package: Package, given: Path | None, test: pd.DataFrame, title: str, bar: Bar) -> ScoreTable:
    if given is not None:
        return read_scores(given)
    with bar(title, len(test)) as advance:
        return score_table(package.scorer, test, advance)
