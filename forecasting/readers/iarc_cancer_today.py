"""IARC Cancer Today (GLOBOCAN): one year's modelled estimates by country; nothing for the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecasting.readers.reading import Draft

if TYPE_CHECKING:
    from forecasting.readers.reading import Document, Reading

NAME = "iarc_cancer_today"
TITLE = "IARC Cancer Today (GLOBOCAN estimates by country)"

_HEADER = ["Population", "Number", "Uncertainty interval", "Crude Rate", "ASR (World)"]
_NUMBERS = ("Number", "Crude Rate", "ASR (World)")


def understands(document: Document) -> bool:
    """Say whether the first line is Cancer Today's header."""
    return document.cells(1)[: len(_HEADER)] == _HEADER


def read(document: Document) -> Reading:
    """Read every country's estimate, and leave it out: a model's figure of one year is no registered count.

    Numbers are read all the same, so that a damaged file is told from a whole one. The file names neither its
    cancer nor its year.
    """
    draft = Draft(document, NAME)
    for line, row in draft.records(1):
        for name in _NUMBERS:
            draft.cell(row[name], line, name)
        draft.leave("modelled estimates of one year, not registered cases")
    return draft.reading()
