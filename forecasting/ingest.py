"""Many published files into one counts table: read, merged, with everything that was left out and why."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecasting.errors import FileUnreadable, TableInvalid
from forecasting.readers import read_file
from forecasting.readers.ages import regrouped
from forecasting.readers.reading import POPULATION_COLUMNS
from forecasting.table import COLUMNS, KEY, checked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from forecasting.readers.reading import Complaint, Reading

_PERSON = ["country", "region", "sex", "year", "age_group"]
_DERIVED = re.compile(r"\bsum of\b")


@dataclass(frozen=True)
class FileRead:
    """One file and what it gave."""

    path: Path
    reading: Reading


@dataclass(frozen=True)
class Ingested:
    """What the files gave together.

    Attributes:
        table: the counts table, checked; empty where no file has skin cancer.
        files: the files that were understood, as given.
        not_understood: one sentence for each file that was not.
        replaced: one sentence for each pair of files that say something of the same rows, and which stands.
        populations: how many rows without a population got one from a file of populations.

    """

    table: pd.DataFrame
    files: tuple[FileRead, ...]
    not_understood: tuple[str, ...]
    replaced: tuple[str, ...]
    populations: int

    @property
    def complaints(self) -> tuple[Complaint, ...]:
        """Every cell that could not be read, file by file."""
        return tuple(complaint for file in self.files for complaint in file.reading.complaints)

    @property
    def whole(self) -> bool:
        """Whether every file was understood and every cell was read."""
        return not self.not_understood and not self.complaints


def ingest(
    files: Sequence[Path],
    say: Callable[[str], None],
    bar: Callable[[str, int], AbstractContextManager[Callable[[int], None]]],
) -> Ingested:
    """Read the files and merge what they hold; nothing that can be kept is refused.

    Of rows that two files have, a known count stands before an unknown one, then a published total before one added
    up here, then the edition that reaches further, then the file given first. Populations of files that bring only
    those fill rows of the same place, sex, year and age that have none.

    Args:
        files: in any order; a file given twice is read once.
        say: takes a line for the person who waits.
        bar: progress over files.

    """
    read: list[FileRead] = []
    not_understood: list[str] = []
    paths = list(dict.fromkeys(files))
    with bar("reading", len(paths)) as advance:
        for done, path in enumerate(paths, start=1):
            try:
                read.append(FileRead(path, read_file(path)))
            except (FileUnreadable, TableInvalid) as error:
                not_understood.append(str(error))
                say(f"{path}: not read")
            else:
                say(f"{path}: {read[-1].reading.layout}, {len(read[-1].reading.table):,} rows")
            advance(done)
    table, replaced = _merged(read)
    populations = [file.reading.populations for file in read if file.reading.populations is not None]
    filled = 0
    if populations and len(table):
        table, filled = _with_populations(table, pd.concat(populations, ignore_index=True))
    return Ingested(table, tuple(read), tuple(not_understood), tuple(replaced), filled)


def _merged(files: Sequence[FileRead]) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows of all files, each key once, and which file stands where two have it."""
    tables = [
        file.reading.table.assign(
            file=number, reach=file.reading.table.groupby(["series_id", "period_type"])["year"].transform("max")
        )
        for number, file in enumerate(files)
        if len(file.reading.table)
    ]
    if not tables:
        return checked(pd.DataFrame(columns=list(COLUMNS)), "the counts table"), []
    rows = pd.concat(tables, ignore_index=True)
    rows["unknown"] = rows["count"].isna()
    rows["derived"] = rows["note"].str.contains(_DERIVED)
    order = ["unknown", "derived", "reach", "file"]
    rows = rows.sort_values(order, ascending=[True, True, False, True], kind="stable", ignore_index=True)
    again = rows.duplicated(KEY)
    stands = rows[~again]
    replaced = []
    pairs = rows[again].merge(stands, on=KEY, suffixes=("", "_stands"))
    for _, both in pairs.groupby(["file", "file_stands"]):
        dropped, kept = (files[int(both[name].iloc[0])].path.name for name in ("file", "file_stands"))
        differ = int((both["count"].notna() & (both["count"] != both["count_stands"])).sum())
        replaced.append(
            f"{kept} stands before {dropped} in {len(both):,} rows that both have, {differ:,} with another count"
        )
    return checked(stands[list(COLUMNS)], "the counts table"), replaced


def _with_populations(table: pd.DataFrame, populations: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Return the table with populations where it had none, and in how many rows."""
    given = populations.dropna(subset=["population"]).drop_duplicates(_PERSON)
    groups = [group for group in table["age_group"].unique() if group != "unknown"]
    both = given[given["sex"] != "both"].groupby([*_PERSON[:2], "year", "age_group"], as_index=False)
    pairs = both.agg(population=("population", "sum"), sexes=("sex", "nunique"))
    summed = pairs[pairs["sexes"] == 2].assign(sex="both")  # noqa: PLR2004 - female and male
    given = pd.concat([given, summed[list(POPULATION_COLUMNS)]], ignore_index=True).drop_duplicates(_PERSON)
    # What was published for the very group, before what narrower groups add up to.
    known = pd.concat([given, regrouped(given, groups)], ignore_index=True).drop_duplicates(_PERSON)
    found = table[_PERSON].merge(known, on=_PERSON, how="left")["population"].to_numpy(np.float64)
    fill = table["population"].isna().to_numpy() & ~np.isnan(found) & (table["period_type"] == "year").to_numpy()
    filled = table.assign(population=np.where(fill, found, table["population"]))
    note = "population from another file"
    notes = np.where(filled["note"] == "", note, filled["note"] + f"; {note}")
    return filled.assign(note=np.where(fill, notes, filled["note"])), int(fill.sum())
