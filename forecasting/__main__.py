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
    from collections.abc import Callable, Iterable, Iterator

    from forecasting.result import LeftOut

cli = typer.Typer(
    help="Read what registries publish, and forecast the years to come.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_words = Console(stderr=True)
# Two halves, each split again: fewer places teach nothing that would hold elsewhere.
_FEWEST_PLACES = 8


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


_COUNTS = typer.Argument(exists=True, dir_okay=False, help="A counts table: .csv, .csv.gz or .parquet.")
_SERIES = typer.Option(
    "--series", exists=True, dir_okay=False, help="A CSV list: the series_id with recommended = yes."
)
_FOLDER = typer.Option("--out", "-o", file_okay=False, help="The folder to write to; it is made.")
_WORKERS = typer.Option("--workers", min=1, help="Processes; by default as many as processors.", show_default=False)
_SOURCES = typer.Option(
    "--sources", exists=True, dir_okay=False, help="Licences and citations: JSON, as forecasting/samples/sources.json."
)
_COMPARED = typer.Option("--compared", help="Also ARIMA and Prophet as it comes; they take longer than all the others.")


@cli.command(
    "backtest",
    epilog="Example: python -m forecasting backtest ../shared/data/registries/counts.csv.gz "
    "--series ../shared/data/registries/series.csv --out backtest",
)
def backtest_command(
    counts: Annotated[Path, _COUNTS],
    out: Annotated[Path, _FOLDER],
    chosen: Annotated[Path | None, _SERIES] = None,
    workers: Annotated[int | None, _WORKERS] = None,
    compared: Annotated[bool, _COMPARED] = False,
) -> None:
    """Forecast each series from origins in its own past, and score what was said against what came.

    Writes backtest.csv, summary.json, by_horizon.csv, by_series.csv and backtest.png. The figures of a place come
    from constants that were learned on other places.
    """
    from forecasting import backtest_report
    from forecasting.errors import SeriesRefused
    from forecasting.panel import read_panel
    from forecasting.parallel import processors
    from forecasting.project import jobs
    from forecasting.selection import selected
    from forecasting.table import read_counts

    series, left_out = selected(read_counts(counts), chosen)
    with _bar("back-testing", len(series)) as bar:
        found = backtest_report.backtest(jobs(series, read_panel(), 1, compared=compared), workers or processors(), bar)
    _say_left_out([*left_out, *found.left_out])
    if not found.series:
        raise SeriesRefused(f"{counts}: no series can be back-tested")
    document = backtest_report.write(found, out)
    Console(width=None if sys.stdout.isatty() else 120).print(backtest_report.summary_table(document))
    for line in backtest_report.further_figures(found):
        print(line)
    _words.print(f"{len(found.series)} series: {out}", highlight=False, soft_wrap=True, markup=False)


@cli.command(
    "forecast",
    epilog="Example: python -m forecasting forecast ../shared/data/registries/counts.csv.gz --horizon 10 "
    "--series ../shared/data/registries/series.csv --out forecasts",
)
def forecast_command(
    counts: Annotated[Path, _COUNTS],
    out: Annotated[Path, _FOLDER],
    horizon: Annotated[int, typer.Option(min=1, max=20, help="Years to forecast; of months at most 24.")] = 10,
    chosen: Annotated[Path | None, _SERIES] = None,
    workers: Annotated[int | None, _WORKERS] = None,
    compared: Annotated[bool, _COMPARED] = False,
    round_date: Annotated[
        dt.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day that the hub's round is named by.", show_default="today"),
    ] = None,
    sources: Annotated[Path | None, _SOURCES] = None,
) -> None:
    """Forecast the years to come of each series, and back-test each in its own past.

    Writes forecasts.csv, .parquet and .json, scores.csv, left_out.csv; below hub, the files of a hubverse hub; below
    report, pages with charts and a picture of each, to be opened from index.html.
    """
    from forecasting import forecast_files
    from forecasting.errors import SeriesRefused
    from forecasting.hubverse import write_hub
    from forecasting.panel import read_panel
    from forecasting.parallel import processors
    from forecasting.project import jobs
    from forecasting.publish import read_sources
    from forecasting.report import write_report
    from forecasting.selection import selected
    from forecasting.table import read_counts

    table = read_counts(counts)
    known = read_sources(sources) if sources else None
    series, left_out = selected(table, chosen)
    work = jobs(series, read_panel(), horizon, compared=compared)
    with _bar("forecasting", len(work)) as bar:
        found = forecast_files.forecasts_of(work, workers or processors(), bar)
    found = forecast_files.Forecasts(found.made, (*left_out, *found.left_out))
    _say_left_out(found.left_out)
    if not found.made:
        raise SeriesRefused(f"{counts}: no series can be forecast")
    forecast_files.write(found, out)
    now = dt.datetime.now(dt.UTC)
    write_hub(found.made, out / "hub", (round_date or now).date())
    with _bar("writing the report", len(found.made)) as bar:
        write_report(
            found.made, out / "report", created=now, table=table, left_out=found.left_out, sources=known, done=bar
        )
    _words.print(f"{len(found.made)} series: {out}", highlight=False, soft_wrap=True, markup=False)


@cli.command(
    "publish",
    epilog="Example: python -m forecasting publish forecasting/samples/*.csv "
    "--sources forecasting/samples/sources.json --to s3://bucket/forecasts",
)
def publish_command(
    counts: Annotated[
        list[Path],
        typer.Argument(
            exists=True, dir_okay=False, help="Counts tables: .csv, .csv.gz or .parquet.", metavar="COUNTS..."
        ),
    ],
    to: Annotated[str, typer.Option("--to", help="A folder, or s3://bucket/prefix.")],
    sources: Annotated[Path, _SOURCES],
    horizon: Annotated[int, typer.Option(min=1, max=20, help="Years to forecast; of months at most 24.")] = 10,
    chosen: Annotated[Path | None, _SERIES] = None,
    by_age: Annotated[
        bool, typer.Option("--by-age", help="Also 0-49, 50-69 and 70+ of both sexes, where counts by age are known.")
    ] = False,
    workers: Annotated[int | None, _WORKERS] = None,
    compared: Annotated[bool, _COMPARED] = False,
    as_of: Annotated[
        dt.datetime | None,
        typer.Option(formats=["%Y-%m-%dT%H:%M:%SZ"], help="When the forecasts are made, UTC.", show_default="now"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the new version as JSON.")] = False,
) -> None:
    """Forecast, and publish for the analysts' page: a new version, whole or not at all.

    Older versions stay readable. A source without a licence in the file of sources is not published.
    """
    import pandas as pd

    from forecasting import forecast_files
    from forecasting.age_bands import bands_of
    from forecasting.panel import read_panel
    from forecasting.parallel import processors
    from forecasting.project import jobs
    from forecasting.publish import publish, read_sources
    from forecasting.selection import selected
    from forecasting.table import checked, read_counts

    known = read_sources(sources)
    table = checked(pd.concat([read_counts(path) for path in counts], ignore_index=True), ", ".join(map(str, counts)))
    series, left_out = selected(table, chosen)
    work = jobs([*series, *(bands_of(table, series) if by_age else ())], read_panel(), horizon, compared=compared)
    with _bar("forecasting", len(work)) as bar:
        found = forecast_files.forecasts_of(work, workers or processors(), bar)
    left_out = [*left_out, *found.left_out]
    _say_left_out(left_out)
    created = (as_of or dt.datetime.now(dt.UTC)).replace(microsecond=0, tzinfo=dt.UTC)
    with _bar("publishing", len(found.made)) as bar:
        manifest = publish(found.made, to, known, created=created, table=table, left_out=left_out, done=bar)
    if as_json:
        print(json.dumps({"version": manifest.version, "series": len(manifest.series), "root": to}))
    _words.print(
        f"{len(manifest.series)} series: {to}, version {manifest.version}",
        highlight=False,
        soft_wrap=True,
        markup=False,
    )


@cli.command(
    epilog="Example: python -m forecasting learn ../shared/data/registries/counts.csv.gz "
    "--series ../shared/data/registries/series.csv --out forecasting/panel.json"
)
def learn(
    counts: Annotated[Path, _COUNTS],
    out: Annotated[Path, typer.Option("--out", "-o", help="The constants, as JSON.", dir_okay=False)],
    chosen: Annotated[Path | None, _SERIES] = None,
    workers: Annotated[int | None, _WORKERS] = None,
) -> None:
    """Learn the constants that ship in panel.json from the yearly series of many registries; takes minutes."""
    from forecasting.backtest import origins
    from forecasting.errors import SeriesRefused
    from forecasting.learn import gathered, learned_panel
    from forecasting.panel import written
    from forecasting.parallel import processors
    from forecasting.selection import selected
    from forecasting.table import read_counts

    series, left_out = selected(read_counts(counts), chosen)
    _say_left_out(left_out)
    usable = [one for one in series if one.period_type == "year" and origins(len(one.counts))]
    if len({one.place for one in usable}) < _FEWEST_PLACES:
        raise SeriesRefused(f"{counts}: constants are learned on {_FEWEST_PLACES} places at least")
    with _bar("running methods", len(usable)) as bar:
        past = gathered(usable, workers or processors(), bar)
    _say("learning on all places and on each half")
    out.write_text(written(learned_panel(past)), "utf-8")
    _words.print(f"{len(usable)} series: {out}", highlight=False, soft_wrap=True, markup=False)


def _say_left_out(left_out: Iterable[LeftOut]) -> None:
    for one in left_out:
        _words.print(f"left out: {one.series_id}: {one.reason}", highlight=False, soft_wrap=True, markup=False)


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
