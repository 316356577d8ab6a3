from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from functions.triage.card import ChecklistCount, Disturbance, Robustness
from tests.triage import packages
from training.calibrate import predictive_values
from training.checklists import Study, counts_of, filled, write_sheets
from training.checklists.sheet import LISTS
from training.checklists.study import Item
from training.errors import ChecklistIncomplete
from training.evaluate import evaluation_of
from training.groups import groupings_of

if TYPE_CHECKING:
    from pathlib import Path

    from functions.triage.card import Card

HISTORY = [{"phase": "head", "size": 80}, {"phase": "full", "size": 96}, {"phase": "full", "size": 96}]


def rows(count: int) -> pd.DataFrame:
    random = np.random.default_rng(0)
    diagnosis = random.choice(packages.CLASSES, count)
    return pd.DataFrame(
        {
            "image_name": [f"photo_{row}" for row in range(count)],
            "lesion_id": "",
            "sex": random.choice(["female", "male", ""], count),
            "age_approx": random.choice(["35", "70", ""], count),
            "anatom_site_general_challenge": random.choice(["torso", ""], count),
            "origin": random.choice(["here", "there"], count),
            "dx_type": random.choice(["histo", "follow_up"], count),
            "diagnosis": diagnosis,
            "target": np.isin(diagnosis, packages.MALIGNANT).astype("int64"),
        }
    )


@pytest.fixture(scope="module")
def study() -> Study:
    table = rows(300)
    card = packages.card()
    labels = np.array([packages.CLASSES.index(code) for code in table["diagnosis"]])
    probabilities = np.random.default_rng(1).dirichlet(np.ones(7), 300)
    lesions = table["image_name"].to_numpy(str)
    is_malignant = table["target"].to_numpy() == 1
    p = probabilities[:, [packages.CLASSES.index(code) for code in packages.MALIGNANT]].sum(axis=1)
    found = evaluation_of(probabilities, labels, lesions, packages.CLASSES, packages.MALIGNANT, card.cutoffs)
    table_of = Robustness(
        photos=4,
        malignant_photos=2,
        malignant_auroc=0.9,
        seed=0,
        disturbances=[
            Disturbance(
                kind="blur", strength="much", malignant_auroc=0.7, fall=0.2, band_changed=0.5, malignant_newly_low=0.1
            )
        ],
        worst="blur, much",
    )
    changes = {
        "evaluations": {"test": found, "test, here": found, "phone": found},
        "groupings": groupings_of(table, p, card.cutoffs, np.full(300, "light")),
        "predictive_values": predictive_values(p, is_malignant, card.cutoffs, (0.01, 0.001)),
        "robustness": table_of,
    }
    return Study(
        card=card.model_copy(update=changes),
        parts={"train": table, "choose": table[:100], "test": table},
        history=HISTORY,
        starting_weights="random",
        libraries={"numpy": "2.0"},
    )


def without(study: Study, **changes: object) -> Study:
    card: Card = study.card.model_copy(update=changes)
    return Study(card, study.parts, study.history, study.starting_weights, study.libraries)


def test_each_list_has_every_item_of_its_publication_once() -> None:
    numbers = {name: [item.number for item in items] for name, (_, items) in LISTS.items()}
    assert numbers["CLAIM 2024"] == [str(number) for number in range(1, 45)]
    assert len(numbers["TRIPOD+AI"]) == len(set(numbers["TRIPOD+AI"])) == 52
    assert sorted({int(re.sub(r"\D", "", number)) for number in numbers["TRIPOD+AI"]}) == list(range(1, 28))


def test_a_finished_study_answers_or_refuses_every_item_with_its_own_figures(study: Study, tmp_path: Path) -> None:
    sheets = filled(study)
    counts = counts_of(sheets)
    assert counts["CLAIM 2024"].items == 44
    for count in counts.values():
        assert count.answered + count.refused == count.items
        assert count.answered > 3 * count.refused
    write_sheets(tmp_path, sheets)
    text = (tmp_path / "checklists.md").read_text(encoding="utf-8")
    auroc = study.card.evaluations["test"].malignant_auroc
    assert auroc is not None
    assert f"{auroc.value:.3f}" in text
    assert "Epochs: 3 (head at 80 px for 1, full at 96 px for 2)" in text
    assert text.count("**Refused.** ") == sum(count.refused for count in counts.values())
    lines = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| item")]
    assert len(lines) == 96
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 4 for line in lines)


@pytest.mark.parametrize(
    ("absent", "items"),
    [
        ({"robustness": None}, ["CLAIM 2024 30"]),
        ({"groupings": {}}, ["TRIPOD+AI 14", "TRIPOD+AI 25"]),
        ({"predictive_values": []}, ["CLAIM 2024 38"]),
    ],
)
def test_what_was_not_measured_fails_the_run_by_the_items_number(study: Study, absent: dict, items: list[str]) -> None:
    with pytest.raises(ChecklistIncomplete) as caught:
        filled(without(study, **absent))
    assert [name.partition(":")[0] for name in caught.value.items] == items
    assert all(name in str(caught.value) for name in items)


def test_a_blank_answer_is_an_empty_item() -> None:
    lists = {"L": ("source", (Item("1", "x", lambda _: " \n"), Item("2", "y", ""), Item("3", "z", "because")))}
    with pytest.raises(ChecklistIncomplete, match="2 check-list item"):
        filled(Study(packages.card(), {}, [], "", {}), lists)


def test_refusals_are_counted_apart() -> None:
    lists = {"L": ("source", (Item("1", "x", lambda _: "yes | no"), Item("2", "y", "because")))}
    sheets = filled(Study(packages.card(), {}, [], "", {}), lists)
    assert counts_of(sheets) == {"L": ChecklistCount(items=2, answered=1, refused=1)}
