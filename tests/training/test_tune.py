from __future__ import annotations

import csv
import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from training.convolutional import CnnShape
from training.manifest import DIAGNOSES, MALIGNANT
from training.tune import MalignantAuc, Search, Trial, best_shape, searched, trials_in, write_log

if TYPE_CHECKING:
    from pathlib import Path

SMALL = Search(trials=2, size=8, photos=28, epochs=1, batch=14)


def photos(count: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(count)
    return random.uniform(0, 255, (count, 8, 8, 3)).astype(np.float32), np.arange(count) % 7


@pytest.mark.filterwarnings("ignore:(currentThread|getName)\\(\\):DeprecationWarning:keras_tuner")
def test_a_search_that_was_stopped_goes_on_and_keeps_its_trials(tmp_path: Path) -> None:
    told: list[str] = []
    first = searched(SMALL, photos(28), photos(14), tmp_path / "tuner", told.append)
    assert len(first) == 2
    assert len(told) == 2
    more = searched(dataclasses.replace(SMALL, trials=3), photos(28), photos(14), tmp_path / "tuner", told.append)
    assert len(more) == len(told) == 3
    assert {trial.trial for trial in first} < {trial.trial for trial in more}
    assert [trial.val_auc for trial in more] == sorted((trial.val_auc for trial in more), reverse=True)
    assert best_shape(tmp_path) == more[0].shape
    shapes = [trial.shape for trial in more]
    assert len(set(shapes)) == 3


def test_without_a_search_there_is_no_shape(tmp_path: Path) -> None:
    assert best_shape(tmp_path) is None
    assert trials_in(tmp_path) == []


def test_the_objective_is_the_auroc_of_p_malignant() -> None:
    random = np.random.default_rng(0)
    logits, labels = random.normal(size=(400, 7)).astype(np.float32), random.integers(0, 7, 400)
    columns = [DIAGNOSES.index(code) for code in MALIGNANT]
    p = np.exp(logits)[:, columns].sum(axis=1) / np.exp(logits).sum(axis=1)
    metric = MalignantAuc()
    for start in (0, 200):
        metric.update_state(labels[start : start + 200], logits[start : start + 200])
    # Keras sums the curve over 200 thresholds.
    assert float(metric.result()) == pytest.approx(roc_auc_score(np.isin(labels, columns), p), abs=0.01)


def test_the_log_lists_every_trial_with_its_shape(tmp_path: Path) -> None:
    trials = [Trial("1", CnnShape(3, 64, 4, 3), 1234, 0.5, 0.71, 0.8123), Trial("0", CnnShape(1, 32, 3, 5), 9, 1, 0, 0)]
    write_log(tmp_path, SMALL, trials)
    with (tmp_path / "tuning.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert (rows[0]["blocks"], rows[0]["filters"], rows[0]["kernel"], rows[0]["pool"]) == ("3", "64", "4", "3")
    text = (tmp_path / "tuning.md").read_text(encoding="utf-8")
    assert "| 1 | 3 | 64 | 4 | 3 | 1234 | 0.5 | 0.710 | 0.8123 |" in text
    assert "28 training photos of 8 x 8 pixels" in text
