from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.errors import SplitLeaks
from training.splits import deal_folds, groups, refuse_leak, split_by_fold


def table_of(**columns: list[str]) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    names = [f"photo{k}" for k in range(n)]
    empty = {name: [""] * n for name in ("group_id", "lesion_id", "patient_id")}
    return pd.DataFrame({"image_name": names, "diagnosis": ["nv"] * n, **empty, **columns})


def test_photos_tied_by_way_of_others_share_a_group() -> None:
    table = table_of(lesion_id=["l1", "l1", "l2", ""], patient_id=["", "p1", "p1", ""])
    group = groups(table, [("photo3", "photo2"), ("photo0", "not in the table")])
    assert len(set(group)) == 1


def test_photos_without_a_tie_stay_apart() -> None:
    assert len(set(groups(table_of(lesion_id=["", "", "l1"])))) == 3


@pytest.mark.parametrize("column", ["lesion_id", "patient_id", "group_id"])
def test_a_lesion_or_a_patient_on_both_sides_is_refused_by_name(column: str) -> None:
    table = table_of(**{column: ["same", "same", "other"]}, fold=["0", "1", "2"])
    table["fold"] = table["fold"].astype(int)
    with pytest.raises(SplitLeaks, match=r"photo0 \(train\) and photo1 \(choose\)"):
        split_by_fold(table, groups(table), train=[0], choose=[1], test=[2])


def test_a_near_duplicate_on_both_sides_is_refused() -> None:
    table = table_of(lesion_id=["a", "b", "c"]).assign(fold=[0, 1, 2])
    with pytest.raises(SplitLeaks, match=r"photo0 \(train\) and photo2 \(test\)"):
        split_by_fold(table, groups(table, [("photo2", "photo0")]), train=[0], choose=[1], test=[2])


def test_a_fold_asked_for_twice_or_without_photos_is_refused() -> None:
    table = table_of(lesion_id=["a", "b", "c"]).assign(fold=[0, 1, 2])
    with pytest.raises(SplitLeaks, match=r"\[1\] are asked for in more than one"):
        split_by_fold(table, groups(table), train=[0, 1], choose=[1], test=[2])
    with pytest.raises(SplitLeaks, match=r"no photo in test \(folds \[9\]\)"):
        split_by_fold(table, groups(table), train=[0], choose=[1], test=[9])


@given(st.lists(st.integers(0, 12), min_size=8, max_size=60), st.integers(2, 5), st.integers(0, 3))
def test_dealt_folds_never_leak_and_do_not_depend_on_chance(lesions: list[int], folds: int, seed: int) -> None:
    table = table_of(lesion_id=[f"l{k}" for k in lesions])
    group = groups(table)
    fold = deal_folds(table, group, folds, seed)
    refuse_leak({str(k): table[fold == k] for k in range(folds)}, group)
    assert fold.equals(deal_folds(table, group, folds, seed))


def test_part_of_a_manifest_can_be_dealt() -> None:
    table = table_of(lesion_id=[f"l{k // 2}" for k in range(40)])
    part = table.iloc[11:31]
    group = groups(table).loc[part.index]
    fold = deal_folds(part, group, 2)
    assert list(fold.index) == list(part.index)
    refuse_leak({"0": part[fold == 0], "1": part[fold == 1]}, group)


def test_each_diagnosis_is_dealt_evenly() -> None:
    table = table_of(lesion_id=[f"l{k}" for k in range(100)])
    table["diagnosis"] = ["mel"] * 20 + ["nv"] * 80
    fold = deal_folds(table, groups(table), 5)
    assert [int((fold[table["diagnosis"] == "mel"] == k).sum()) for k in range(5)] == [4] * 5
    assert [int((fold == k).sum()) for k in range(5)] == [20] * 5
