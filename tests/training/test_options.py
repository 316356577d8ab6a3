from __future__ import annotations

import pytest

from training.errors import RoomInvalid
from training.fit import PHASES, Phase
from training.options import parsed_folds, parsed_phases, read_hyperparameters
from training.run import Folds


def test_what_is_not_said_is_what_ships() -> None:
    found = read_hyperparameters({})
    assert found.folds == Folds((0, 1, 2, 3, 4, 5, 6), (7,), (8,))
    assert (found.fitting().phases, found.fitting().batch) == (PHASES, 32)
    assert found.start(None) == "imagenet"


def test_folds_are_ranges_and_lists() -> None:
    assert parsed_folds("0-2,5/6/7,8") == Folds((0, 1, 2, 5), (6,), (7, 8))


@pytest.mark.parametrize("text", ["", "0-6", "0/1", "0/1/2/3", "a/b/c", "0-/1/2", "0-6/6/8"])
def test_other_folds_are_refused_with_the_form(text: str) -> None:
    with pytest.raises(ValueError, match="expected train/choose/test"):
        parsed_folds(text)


def test_phases_are_read_in_order() -> None:
    found = parsed_phases("head:75:1:1e-3:1:none, whole:96:2:1e-4:0.1:mixed2")
    assert found == (Phase("head", 75, 1, 1e-3, 1.0, None), Phase("whole", 96, 2, 1e-4, 0.1, "mixed2"))


@pytest.mark.parametrize("text", ["", "head", "head:75:1:1e-3:1", "head:x:1:1e-3:1:none"])
def test_other_phases_are_refused_with_the_form(text: str) -> None:
    with pytest.raises(ValueError, match="expected name:size:epochs"):
        parsed_phases(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("head:64:1:1e-3:1:none", "at least 75 pixels"),
        ("head:75:0:1e-3:1:none", "at least one epoch"),
        ("head:75:1:nan:1:none", "rate must be above 0"),
        ("head:75:1:1e-3:2:none", "in 0..1"),
        ("a:75:1:1e-3:1:none,a:75:1:1e-3:1:all", "two phases have one name"),
    ],
)
def test_phases_that_cannot_be_walked_are_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parsed_phases(text)


def test_texts_become_settings() -> None:
    found = read_hyperparameters(
        {
            "network": "small_inception",
            "folds": "0/1/2",
            "phases": "whole:75:5:1e-2:0.1:all",
            "batch": "8",
            "seed": "7",
            "precision": "float32",
            "ema_momentum": "0.8",
            "sagemaker_program": "train",
        }
    )
    fitting = found.fitting()
    assert (fitting.batch, fitting.seed, fitting.precision, fitting.ema_momentum) == (8, 7, "float32", 0.8)
    assert fitting.phases == (Phase("whole", 75, 5, 1e-2, 0.1, "all"),)
    assert found.start(None) == "none"


def test_every_wrong_hyperparameter_is_named_at_once_with_what_would_be_right() -> None:
    with pytest.raises(RoomInvalid) as refusal:
        read_hyperparameters({"epoch": "3", "batch": "many", "folds": "0/1", "network": "vgg", "precision": "half"})
    for words in (
        "unknown: epoch; known are network, weights, folds, phases, batch, seed, precision, ema_momentum",
        "batch 'many': Input should be a valid integer",
        "folds '0/1': expected train/choose/test, such as 0-6/7/8",
        "network 'vgg': expected one of inception_v3, small_inception",
        "precision 'half': Input should be 'auto', 'float32' or 'mixed_bfloat16'",
    ):
        assert words in str(refusal.value).replace(", each fold once", "")
