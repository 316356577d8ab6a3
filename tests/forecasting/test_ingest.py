from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from typer.testing import CliRunner

from forecasting.__main__ import cli
from forecasting.ingest import ingest
from forecasting.table import read_counts
from tests.forecasting.readers.drawn import row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from click.testing import Result

    from forecasting.ingest import Ingested

HEADER = "series_id,country,sex,cancer,measure,year,age_group,count,population,note\n"


@contextlib.contextmanager
def silent(_title: str, _total: int) -> Iterator[Callable[[int], None]]:
    yield lambda _done: None


def merged(folder: Path, *contents: str) -> Ingested:
    files = [folder / f"{number}.csv" for number in range(len(contents))]
    for file, content in zip(files, contents, strict=True):
        file.write_text(content, encoding="utf-8")
    return ingest(files, lambda _: None, silent)


def cases(year: int, count: object, note: str = "", population: object = "") -> str:
    return f"a,Utopia,male,melanoma,incidence,{year},all,{count},{population},{note}\n"


def test_the_edition_that_reaches_further_stands_and_it_is_said(tmp_path: Path) -> None:
    old, new = HEADER + cases(2001, 5) + cases(2002, 6), HEADER + cases(2002, 7) + cases(2003, 8)
    found = merged(tmp_path, old, new)
    assert list(found.table["count"]) == [5, 7, 8]
    assert found.replaced == ("1.csv stands before 0.csv in 1 rows that both have, 1 with another count",)
    assert found.whole


def test_a_known_count_and_a_published_total_stand_first(tmp_path: Path) -> None:
    first = HEADER + cases(2001, 9, "sum of ages") + cases(2002, "") + cases(2003, 3)
    second = HEADER + cases(2001, 5) + cases(2002, 6) + cases(2003, 4)
    found = merged(tmp_path, first, second)
    assert list(found.table["count"]) == [5, 6, 3]


def test_a_file_that_nobody_understands_stops_no_other(tmp_path: Path) -> None:
    found = merged(tmp_path, HEADER + cases(2001, 5) + cases(2002, "5x"), "nothing,known\n")
    assert len(found.table) == 2
    assert len(found.not_understood) == len(found.complaints) == 1
    assert not found.whole
    assert merged(tmp_path, "nothing,known\n").table.empty


def test_populations_of_another_file_fill_what_has_none(tmp_path: Path) -> None:
    ages = [*(f"ages.{age}" for age in range(1, 19)), "ages.unk"]
    header = ["label", "type", "sex", "cancer_label", "year", "total", "asr", *ages]
    header += [f"populations.{age}" for age in range(1, 19)]
    lines = [",".join(map(str, ["Utopia", 1, sex, "Lung", 2001, 0, 0, *[0] * 19, *[10] * 18])) for sex in (1, 2)]
    both = "b,Utopia,both,melanoma,incidence,2001,60+,1,,\n"
    found = merged(
        tmp_path, HEADER + cases(2001, 5) + cases(2002, 5) + both, "\n".join([",".join(header), *lines]) + "\n"
    )
    filled = row(found.table, year=2001, series_id="a")
    assert (filled["population"], filled["note"]) == (180, "population from another file")
    assert row(found.table, series_id="b")["population"] == 2 * 6 * 10
    assert pd.isna(row(found.table, year=2002)["population"])
    assert found.populations == 2


def command(*given: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in given])


@pytest.fixture
def counts(tmp_path: Path) -> Path:
    (tmp_path / "good.csv").write_text(HEADER + cases(2001, 5), encoding="utf-8")
    return tmp_path / "good.csv"


def test_the_command_writes_the_table_and_prints_json_alone_to_stdout(counts: Path, tmp_path: Path) -> None:
    done = command("ingest", counts, "-o", tmp_path / "out.parquet", "--json")
    assert done.exit_code == 0, done.stderr
    summary = json.loads(done.stdout)
    assert (summary["rows"], summary["files"][0]["layout"]) == (1, "tidy")
    assert len(read_counts(tmp_path / "out.parquet")) == 1


def test_the_command_says_all_complaints_and_still_writes(counts: Path, tmp_path: Path) -> None:
    broken, unknown = tmp_path / "broken.csv", tmp_path / "unknown.csv"
    broken.write_text(HEADER + cases(2002, "5x") + cases(2003, "6y"), encoding="utf-8")
    unknown.write_text("nothing,known\n", encoding="utf-8")
    done = command("ingest", counts, broken, unknown, "-o", tmp_path / "out.csv.gz")
    assert done.exit_code == 1
    for sentence in ("line 2, count: '5x' is not a number.", "line 3, count: '6y'", "none of the layouts"):
        assert sentence in done.stderr
    assert "good.csv" in done.stdout
    assert len(read_counts(tmp_path / "out.csv.gz")) == 3


@pytest.mark.parametrize("out", ["counts.xlsx", "absent/counts.csv"])
def test_a_place_that_cannot_be_written_is_a_usage_error(counts: Path, tmp_path: Path, out: str) -> None:
    done = command("ingest", counts, "-o", tmp_path / out)
    assert done.exit_code == 2
    assert "--out" in done.stderr


def test_the_module_is_the_command_line() -> None:
    words = [sys.executable, "-W", "error", "-m", "forecasting", "ingest", "--help"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "Example" in done.stdout
