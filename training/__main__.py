"""The command line of training: `python -m training --help`."""

from __future__ import annotations

import datetime as dt
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from training.errors import TrainingError
from training.job import Interrupted, Room, RoomSettings, interruptible, reporting_failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from functions.triage.card import Card

# TensorFlow's start-up notes are for its developers.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

cli = typer.Typer(
    help="Turn labelled photos into a model package, and judge one.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_words = Console(stderr=True)


@cli.command(
    epilog="Example: python -m training train --base-dir room --data ../shared/data/lesions "
    "--weights ../shared/weights/inception_v3_notop.fp16.npz"
)
def train(
    base_dir: Annotated[
        Path | None, typer.Option(help="The SageMaker room; TRAINING_BASE_DIR and /opt/ml when not given.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Photos and manifest; the room's channel when not given.")] = None,
    weights: Annotated[str | None, typer.Option(help="imagenet, a .npz or .h5 file, or s3://bucket/key.")] = None,
    folds: Annotated[str | None, typer.Option(help="Folds that train / choose / test.")] = None,
    phases: Annotated[
        str | None, typer.Option(help="name:size:epochs:rate:last share of the rate:first layer that learns, ...")
    ] = None,
) -> None:
    """Train a model; started again, it goes on from the last finished epoch.

    In a SageMaker job the options come as hyperparameters of the same names; the command line wins.
    """
    from training.options import parsed_fitting, parsed_folds, unknown_hyperparameters

    room = Room(base_dir or RoomSettings().base_dir)
    with reporting_failure(room), interruptible():
        from training.run import train as run

        given = room.hyperparameters()
        unknown_hyperparameters(given)
        card = run(
            room,
            data=data or room.data,
            weights=weights or given.get("weights", "imagenet"),
            folds=parsed_folds(folds or given.get("folds")),
            settings=parsed_fitting(phases or given.get("phases")),
            created=dt.datetime.now(dt.UTC).date().isoformat(),
            say=_say,
            bar=_bar,
        )
    _show(card)
    _words.print(f"model package: {room.model}\nreport: {room.report / 'report.md'}", highlight=False)


@cli.command(epilog="Example: python -m training evaluate --data ../shared/data/lesions")
def evaluate(
    data: Annotated[Path, typer.Option(help="The photos and the manifest that the model was trained on.")],
    model: Annotated[Path | None, typer.Option(help="Model package; the shipped one when not given.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the report; training/reports/<version> when not given.")
    ] = None,
) -> None:
    """Judge a model package on its test photos again, and write its report."""
    from functions.triage.scorer import SHIPPED_MODEL, load_scorer
    from training.run import evaluate_again

    package = model or SHIPPED_MODEL
    scorer = load_scorer(package)
    folder = out or Path(__file__).parent / "reports" / scorer.card.version
    _show(evaluate_again(scorer, package, data, folder, _bar))
    _words.print(f"report: {folder / 'report.md'}", highlight=False)


def _show(card: Card) -> None:
    table = Table(
        "photos of", "photos", "malignant AUROC", "95 %", "macro AUROC", "balanced", "ECE", title=card.version
    )
    for name, found in card.evaluations.items():
        auroc = found.malignant_auroc
        table.add_row(
            name,
            f"{found.photos:,}",
            f"{auroc.value:.3f}" if auroc else "-",
            f"{auroc.low:.3f}-{auroc.high:.3f}" if auroc else "-",
            f"{found.macro_auroc:.3f}" if found.macro_auroc is not None else "-",
            f"{found.balanced_accuracy:.3f}",
            f"{found.expected_calibration_error:.3f}",
        )
    Console(width=None if sys.stdout.isatty() else 120).print(table)


def _say(line: str) -> None:
    now = dt.datetime.now(dt.UTC).strftime("%H:%M:%S")
    _words.print(f"{now} {line}", highlight=False, soft_wrap=True)


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
    except (TrainingError, Interrupted) as error:
        _words.print(f"{error}", highlight=False, soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
