"""Runs in the functions image: what the model that ships says of the drawn photos, as JSON."""

from __future__ import annotations

import json
import sys

from functions.triage.golden import golden_answers
from functions.triage.scorer import SHIPPED_MODEL, load_scorer

json.dump(golden_answers(load_scorer(SHIPPED_MODEL)), sys.stdout)
