"""Reporting check-lists of the field, answered by the run itself.

A finished card, the split's rows and the epochs come in; for each list a sheet comes out in which every item has an
answer or a refusal with its reason. An item that has neither fails the run: a list is never half filled.
"""

from training.checklists.sheet import Sheet, counts_of, filled, write_sheets
from training.checklists.study import Study

__all__ = ["Sheet", "Study", "counts_of", "filled", "write_sheets"]
