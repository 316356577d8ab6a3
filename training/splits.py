"""Who trains, who chooses and who judges: grouped splits through which no lesion can leak."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from training.errors import SplitLeaks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

_MOST_SHOWN = 5
# Columns whose equal, non-empty values tie two photos together.
_TIES = ("group_id", "lesion_id", "patient_id")


@dataclass(frozen=True)
class Split:
    """Three disjoint sets of photos: `train` fits, `choose` picks and calibrates, `test` judges once."""

    train: pd.DataFrame
    choose: pd.DataFrame
    test: pd.DataFrame


def groups(table: pd.DataFrame, near_duplicates: Iterable[tuple[str, str]] = ()) -> pd.Series:
    """Return for each row the number of its group: photos tied, directly or by way of others, share one.

    Two photos are tied when they share a lesion, a patient or a `group_id`, or are near-duplicates.

    Args:
        table: the manifest.
        near_duplicates: pairs of `image_name`; names that the table does not hold are passed over.

    Returns:
        int64 series, indexed like the table.

    """
    parent = list(range(len(table)))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    for column in _TIES:
        first: dict[str, int] = {}
        for row, value in enumerate(table[column]):
            if value:
                parent[root(row)] = root(first.setdefault(value, row))
    position = {name: row for row, name in enumerate(table["image_name"])}
    for one, other in near_duplicates:
        if one in position and other in position:
            parent[root(position[one])] = root(position[other])
    return table["image_name"].map({name: root(row) for row, name in enumerate(table["image_name"])})


def deal_folds(table: pd.DataFrame, group: pd.Series, folds: int, seed: int = 0) -> pd.Series:
    """Deal whole groups to folds, each diagnosis evenly, largest groups first.

    Args:
        table: the manifest, or part of it.
        group: from `groups`, of the same rows.
        folds: how many folds.
        seed: another seed gives another deal; the same seed the same.

    Returns:
        int64 series of 0..folds-1, indexed like the table.

    """
    sizes = group.value_counts()
    name_of = table["image_name"].groupby(group).first()
    # A group's rarest diagnosis decides its stratum, so that rare ones are spread first.
    rarity = table["diagnosis"].map(table["diagnosis"].value_counts())
    stratum = table.assign(_group=group, _rarity=rarity).sort_values("_rarity").groupby("_group")["diagnosis"].first()
    fold_of: dict[int, int] = {}
    for _, members in stratum.groupby(stratum):
        load = [0] * folds
        order = sorted(members.index, key=lambda g: (-sizes[g], _shuffled(name_of[g], seed)))
        for number in order:
            fold = min(range(folds), key=lambda k: (load[k], k))
            fold_of[number] = fold
            load[fold] += int(sizes[number])
    return group.map(fold_of)


def split_by_fold(
    table: pd.DataFrame,
    group: pd.Series,
    *,
    train: Sequence[int],
    choose: Sequence[int],
    test: Sequence[int],
) -> Split:
    """Split by the column `fold` and refuse a leak.

    Raises:
        SplitLeaks: when a fold is asked for twice, a set is empty, or a group lies in two sets.

    """
    sets = {"train": set(train), "choose": set(choose), "test": set(test)}
    asked = [fold for folds in sets.values() for fold in folds]
    twice = sorted({fold for fold in asked if asked.count(fold) > 1})
    if twice:
        raise SplitLeaks(f"fold(s) {twice} are asked for in more than one of train, choose and test")
    parts = {name: table[table["fold"].isin(folds)] for name, folds in sets.items()}
    empty = [f"{name} (folds {sorted(sets[name])})" for name, part in parts.items() if part.empty]
    if empty:
        raise SplitLeaks(f"no photo in {', '.join(empty)}; the folds present are {sorted(set(table['fold']))}")
    refuse_leak(parts, group)
    return Split(**parts)


def refuse_leak(parts: dict[str, pd.DataFrame], group: pd.Series) -> None:
    """Raise `SplitLeaks`, naming photos, when a group lies in more than one part."""
    home: dict[int, tuple[str, str]] = {}
    leaks: list[str] = []
    for name, part in parts.items():
        for number, image in zip(group.loc[part.index].astype(int), part["image_name"], strict=True):
            other, first_image = home.setdefault(number, (name, image))
            if other != name:
                leaks.append(f"{first_image} ({other}) and {image} ({name})")
    if leaks:
        shown = "; ".join(leaks[:_MOST_SHOWN])
        raise SplitLeaks(
            f"{len(leaks)} photo(s) share a lesion, a patient or a near-duplicate across sets: {shown}. "
            "Give such photos the same fold."
        )


def _shuffled(name: str, seed: int) -> str:
    return hashlib.sha256(f"{seed}/{name}".encode()).hexdigest()
