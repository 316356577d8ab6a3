"""The score table: written and read back, made by the serving scorer, refused with every complaint."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.triage.pixels import square_pixels
from tests.training.photos import draw_set
from tests.training.scored import champion, truths
from tests.triage import packages
from training.errors import ScoresInvalid
from training.manifest import DIAGNOSES, read_manifest
from training.score_table import COLUMNS, read_scores, score_table, write_scores

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    table = champion(40)
    write_scores(tmp_path / "new" / "scores.csv", table)
    found = read_scores(tmp_path / "new" / "scores.csv")
    for name in ("names", "lesions", "origins", "sexes", "ages", "diagnoses", "is_malignant"):
        np.testing.assert_array_equal(getattr(found, name), getattr(table, name))
    np.testing.assert_allclose(found.p_malignant, table.p_malignant, atol=1e-9)
    np.testing.assert_allclose(found.probabilities, table.probabilities, atol=1e-9)
    assert found.truth_sha256() == table.truth_sha256()
    assert tuple(pd.read_csv(tmp_path / "new" / "scores.csv").columns) == COLUMNS


@given(st.permutations(range(12)))
def test_the_hash_of_the_truths_is_of_the_photos_not_of_their_order(order: list[int]) -> None:
    table = truths(8).rows(np.arange(11))
    shuffled = table.rows(np.array([one for one in order if one < 11]))
    assert shuffled.truth_sha256() == table.truth_sha256()
    assert table.rows(np.arange(10)).truth_sha256() != table.truth_sha256()


def test_the_package_scores_photos_as_it_serves_them(tmp_path: Path) -> None:
    part = read_manifest(draw_set(tmp_path / "set", lesions=7, folds=1) / "manifest.csv")
    card = packages.card(temperature=2.0, biases=[0.5, 0, 0, 0, 0, 0, 0])
    scorer = packages.scorer().__class__(card, "0" * 64, packages.scorer().session)
    done: list[int] = []
    table = score_table(scorer, part, done.append)
    assert done[-1] == len(part) == len(table)
    with open(part["file"].iloc[3], "rb") as photo:  # noqa: PTH123
        expected = scorer.probabilities(square_pixels(photo.read(), card.input_size)[np.newaxis])
    np.testing.assert_allclose(table.probabilities[3], expected[0], atol=1e-6)
    assert table.p_malignant[3] == pytest.approx(scorer.malignant(expected)[0], abs=1e-6)
    assert list(table.diagnoses) == list(part["diagnosis"])
    assert list(table.lesions) == list(part["lesion_id"])
    assert list(table.is_malignant) == [code in {"mel", "bcc", "akiec"} for code in part["diagnosis"]]


def test_classes_in_another_order_are_put_in_ours(tmp_path: Path) -> None:
    part = read_manifest(draw_set(tmp_path / "set", lesions=7, folds=1) / "manifest.csv")
    usual = packages.scorer()
    turned = packages.card(classes=list(reversed(DIAGNOSES)))
    table = score_table(usual.__class__(turned, "0" * 64, usual.session), part)
    np.testing.assert_allclose(table.probabilities[:, ::-1], score_table(usual, part).probabilities)


def test_a_package_of_other_diagnoses_is_refused(tmp_path: Path) -> None:
    part = read_manifest(draw_set(tmp_path / "set", lesions=7, folds=1) / "manifest.csv")
    usual = packages.scorer()
    other = usual.__class__(packages.card(malignant=["mel"]), "0" * 64, usual.session)
    with pytest.raises(ScoresInvalid, match="of which mel are malignant"):
        score_table(other, part)


def test_every_broken_row_is_named(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    write_scores(path, champion(40))
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    frame.loc[0, "image_name"] = ""
    frame.loc[1, "lesion_id"] = ""
    frame.loc[2, "image_name"] = frame.loc[3, "image_name"]
    frame.loc[4, "diagnosis"] = "wart"
    frame.loc[5, "target"] = "2"
    frame.loc[6, "p_mel"] = "nan"
    frame.loc[7, ["p_nv", "p_mel"]] = ["0.2", "0.2"]
    frame.loc[8, "p_malignant"] = "0.123"
    frame.to_csv(path, index=False)
    with pytest.raises(ScoresInvalid) as refused:
        read_scores(path)
    told = refused.value.complaints
    for line, what in (
        (2, "image_name is empty"),
        (3, "lesion_id is empty"),
        (5, "image_name comes twice"),
        (6, "diagnosis is not known"),
        (7, "target contradicts"),
        (8, "not a number of 0 to 1"),
        (9, "do not sum to 1"),
        (10, "not the sum of its diagnoses"),
    ):
        assert any(one.startswith(f"line {line}: ") and what in one for one in told), (line, what)


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "cannot be read"), ("image_name,target\n", "are missing"), (",".join(COLUMNS) + "\n", "holds no photo")],
)
def test_what_is_no_table_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "scores.csv").write_text(text, encoding="utf-8")
    with pytest.raises(ScoresInvalid, match=said):
        read_scores(tmp_path / "scores.csv")
