"""A check-list as data, filled from a study, and written for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from functions.triage.card import ChecklistCount
from training.checklists.claim import CLAIM, CLAIM_SOURCE
from training.checklists.tripod_ai import TRIPOD_AI, TRIPOD_AI_SOURCE
from training.errors import ChecklistIncomplete

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from training.checklists.study import Item, Study

SHEETS_FILE = "checklists.md"
LISTS: dict[str, tuple[str, tuple[Item, ...]]] = {
    "TRIPOD+AI": (TRIPOD_AI_SOURCE, TRIPOD_AI),
    "CLAIM 2024": (CLAIM_SOURCE, CLAIM),
}


@dataclass(frozen=True)
class Answer:
    """One item's answer, or why it is refused."""

    item: Item
    text: str
    is_refused: bool


@dataclass(frozen=True)
class Sheet:
    """A check-list with an answer or a refusal to every item."""

    name: str
    source: str
    answers: tuple[Answer, ...]


def filled(study: Study, lists: dict[str, tuple[str, tuple[Item, ...]]] = LISTS) -> list[Sheet]:
    """Return every list filled from the study.

    Raises:
        ChecklistIncomplete: naming every item without an answer, when the study lacks what it asks for.

    """
    sheets = [
        Sheet(name, source, tuple(_answered(item, study) for item in items)) for name, (source, items) in lists.items()
    ]
    empty = [
        f"{sheet.name} {answer.item.number}: {answer.item.asks}"
        for sheet in sheets
        for answer in sheet.answers
        if not answer.text.strip()
    ]
    if empty:
        raise ChecklistIncomplete(empty)
    return sheets


def counts_of(sheets: Sequence[Sheet]) -> dict[str, ChecklistCount]:
    """Return the card's part: how many items each list has, answered and refused."""
    return {
        sheet.name: ChecklistCount(
            items=len(sheet.answers),
            answered=sum(not answer.is_refused for answer in sheet.answers),
            refused=sum(answer.is_refused for answer in sheet.answers),
        )
        for sheet in sheets
    }


def write_sheets(folder: Path, sheets: Sequence[Sheet]) -> None:
    """Write `checklists.md` into a report's folder."""
    (folder / SHEETS_FILE).write_text("\n".join(line for sheet in sheets for line in _markdown(sheet)), "utf-8")


def _answered(item: Item, study: Study) -> Answer:
    if isinstance(item.answer, str):
        return Answer(item, item.answer, is_refused=True)
    return Answer(item, item.answer(study), is_refused=False)


def _markdown(sheet: Sheet) -> list[str]:
    count = counts_of([sheet])[sheet.name]
    rows = (
        f"| {answer.item.number} | {_cell(answer.item.asks)} | {'**Refused.** ' if answer.is_refused else ''}"
        f"{_cell(answer.text)} |"
        for answer in sheet.answers
    )
    return [
        f"# {sheet.name}",
        "",
        f"{sheet.source} The questions are in our own words.",
        f"{count.items} items: {count.answered} answered, {count.refused} refused with a reason.",
        "",
        "| item | asks for | answer |",
        "|---|---|---|",
        *rows,
        "",
    ]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", "<br>")
