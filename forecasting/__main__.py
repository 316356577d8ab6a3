"""The command line of forecasting: `python -m forecasting --help`."""

from __future__ import annotations

import datetime as dt
import json
import sys
from contextlib import contextmanager
from pathlib import Path  # noqa: TC003 - typer reads it
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from forecasting.errors import ForecastingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

cli = typer.Typer(
    help="Read what registries publish, and forecast the years to come.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_words = Console(stderr=True)


@cli.callback()
def _commands() -> None:
    """Keep the commands' names, also while there is one alone."""


@cli.command(
    epilog="Example: python -m forecasting ingest ../shared/data/registries/formats/cdc_uscs/*.txt -o counts.parquet"
)
def ingest(
    files: Annotated[
        list[Path],
        typer.Argument(exists=True, dir_okay=False, help="Files as registries publish them.", metavar="FILE..."),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The counts table: .parquet, .csv or .csv.gz.", dir_okay=False)
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Read published files, whatever their layout, into one counts table.

    What can be read is written. Exit 1 says that a file was not understood, or that cells could not be read.
    """
    from forecasting.ingest import ingest as run
    from forecasting.summary import as_document, as_table
    from forecasting.table import write_counts

    if not out.name.endswith((".parquet", ".csv", ".csv.gz")):
        raise typer.BadParameter(f"{out} ends in none of .parquet, .csv and .csv.gz", param_hint="--out")
    if not out.parent.is_dir():
        raise typer.BadParameter(f"the folder {out.parent} does not exist", param_hint="--out")
    found = run(files, _say, _bar)
    if found.files:
        write_counts(found.table, out)
    if as_json:
        print(json.dumps(as_document(found, out if found.files else None), indent=2, ensure_ascii=False))
    elif found.files:
        Console(width=None if sys.stdout.isatty() else 120).print(as_table(found))
    for line in (*found.replaced, *found.not_understood, *map(str, found.complaints)):
        _words.print(line, highlight=False, soft_wrap=True, markup=False)
    if found.files:
        _words.print(f"{len(found.table):,} rows: {out}", highlight=False, soft_wrap=True, markup=False)
    if not found.whole:
        raise typer.Exit(1)


def _say(line: str) -> None:
    now = dt.datetime.now(dt.UTC).strftime("%H:%M:%S")
    _words.print(f"{now} {line}", highlight=False, soft_wrap=True, markup=False)


@contextmanager
def _bar(title: str, total: int) -> Iterator[Callable[[int], None]]:
    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_words, transient=True) as progress:
        task = progress.add_task(title, total=total)
        yield lambda done: progress.update(task, completed=done)


def main() -> None:
    """Run the command line; what a person can mend is a sentence, not a trace."""
    try:
        cli()
    except ForecastingError as error:
        _words.print(f"{error}", highlight=False, soft_wrap=True, markup=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
