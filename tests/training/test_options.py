from __future__ import annotations

import pytest

from training.errors import RoomInvalid
from training.fit import PHASES, Phase
from training.options import parsed_fitting, parsed_folds, unknown_hyperparameters
from training.run import Folds


def test_folds_are_ranges_and_lists() -> None:
    assert parsed_folds(None) == Folds((0, 1, 2, 3, 4, 5, 6), (7,), (8,))
    assert parsed_folds("0-2,5/6/7,8") == Folds((0, 1, 2, 5), (6,), (7, 8))


@pytest.mark.parametrize("text", ["", "0-6", "0/1", "0/1/2/3", "a/b/c", "0-/1/2"])
def test_other_folds_are_refused_with_the_form(text: str) -> None:
    with pytest.raises(RoomInvalid, match="expected train/choose/test"):
        parsed_folds(text)


def test_phases_are_read_in_order() -> None:
    assert parsed_fitting(None).phases == PHASES
    found = parsed_fitting("head:75:1:1e-3:1:none, whole:96:2:1e-4:0.1:mixed2").phases
    assert found == (Phase("head", 75, 1, 1e-3, 1.0, None), Phase("whole", 96, 2, 1e-4, 0.1, "mixed2"))


@pytest.mark.parametrize("text", ["", "head", "head:75:1:1e-3:1", "head:x:1:1e-3:1:none"])
def test_other_phases_are_refused_with_the_form(text: str) -> None:
    with pytest.raises(RoomInvalid, match="expected name:size:epochs"):
        parsed_fitting(text)


def test_a_hyperparameter_that_nothing_reads_is_refused_and_sagemakers_own_are_not() -> None:
    unknown_hyperparameters({"folds": "0/1/2", "sagemaker_program": "train"})
    with pytest.raises(RoomInvalid, match=r"unknown hyperparameter\(s\) epoch; known are weights, folds, phases"):
        unknown_hyperparameters({"epoch": "3"})
