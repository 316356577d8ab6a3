"""The command line of training: `python -m training --help`."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from training.errors import TrainingError
from training.job import (
    Interrupted,
    Room,
    RoomSettings,
    failure_text,
    interruptible,
    is_disk_full,
    metric_line,
    reporting_failure,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from functions.triage.card import Card
    from training.verdict import Verdict
    from training.workers import Together

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
    network: Annotated[str | None, typer.Option(help="inception_v3, or small_inception for trials.")] = None,
    batch: Annotated[str | None, typer.Option(help="Photos a step, over all machines together.")] = None,
    seed: Annotated[str | None, typer.Option(help="Of everything random.")] = None,
    precision: Annotated[str | None, typer.Option(help="auto, float32 or mixed_bfloat16.")] = None,
    ema_momentum: Annotated[str | None, typer.Option(help="Of the moving average of the weights.")] = None,
) -> None:
    """Train a model; started again, it goes on from the last finished epoch.

    In a SageMaker job the options come as hyperparameters of the same names; the command line wins.
    """
    import training.workers as machines

    options = {
        "weights": weights,
        "folds": folds,
        "phases": phases,
        "network": network,
        "batch": batch,
        "seed": seed,
        "precision": precision,
        "ema_momentum": ema_momentum,
    }
    settings = RoomSettings()
    room = Room(base_dir or settings.base_dir)
    with reporting_failure(room), interruptible():
        resources = room.resources()
        if len(resources.hosts) > 1 and not settings.supervised:
            command = [sys.executable, "-m", "training", *sys.argv[1:]]
            status = machines.watched(command, machines.environment_of(resources), room.alive, stall_s=settings.stall_s)
        else:
            together = machines.joined(resources) if len(resources.hosts) > 1 else machines.ALONE
            said = {name: value for name, value in options.items() if value is not None}
            _train(room, data or room.data, said, together)
            status = 0
    raise typer.Exit(status)


def _train(room: Room, data: Path, said: dict[str, str], together: Together) -> None:
    import training.workers as machines
    from training.options import read_hyperparameters
    from training.run import train as run

    def say(line: str) -> None:
        room.alive.touch()
        _say(line)

    @contextmanager
    def bar(title: str, total: int) -> Iterator[Callable[[int], None]]:
        with _bar(title, total) as advance:

            def tell(done: int) -> None:
                room.alive.touch()
                advance(done)

            yield tell

    given = read_hyperparameters({**room.hyperparameters(), **said})
    room.check_channels()
    with machines.naming_losses(together):
        card = run(
            room,
            data=data,
            weights=given.start(room.weights()),
            folds=given.folds,
            settings=given.fitting(),
            created=dt.datetime.now(dt.UTC).date().isoformat(),
            say=say,
            bar=bar,
            network=given.network,
            on_epoch=_print_metrics if together.is_chief else lambda _figures: None,
            together=together,
        )
    if card is None:
        _say(f"machine {together.index + 1} of {together.count} is done; the chief writes the model")
        return
    auroc = card.evaluations["test"].malignant_auroc
    if auroc is not None:
        _print_metrics({"test_auroc": auroc.value})
    _show(card)
    _words.print(f"model package: {room.model}\nreport: {room.report / 'report.md'}", highlight=False)


def _print_metrics(figures: Mapping[str, Any]) -> None:
    # At once: an interruption must not lose what CloudWatch has not read.
    print(metric_line(figures), flush=True)


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


@cli.command(
    epilog="Example: python -m training compare --data ../shared/data/lesions --room .rooms/compare "
    "--weights ../shared/weights"
)
def compare(
    data: Annotated[Path, typer.Option(help="Photos and manifest.")],
    room: Annotated[Path, typer.Option(help="Where each network's checkpoints, model and answers lie.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder of the page; training/comparison, or the preset's within it.")
    ] = None,
    preset: Annotated[str, typer.Option(help="folds, folio, augmented, without-isic or another.")] = "folds",
    networks: Annotated[str | None, typer.Option(help="With commas between; all of the preset when not given.")] = None,
    weights: Annotated[str | None, typer.Option(help="imagenet, or a folder of weight files; else random.")] = None,
    budget_minutes: Annotated[float, typer.Option(help="That each network may train.", min=0)] = 60.0,
    train: Annotated[bool, typer.Option(help="Train what is not trained yet, or leave it out.")] = True,
) -> None:
    """Train and judge networks on the same photos, and write one table and one figure.

    Started again, it goes on from the last finished epoch; what is trained and judged is not done again.
    """
    from functions.triage.scorer import SHIPPED_MODEL
    from training.compare import compare as run
    from training.comparison_page import write_comparison
    from training.options import parsed_networks, parsed_preset

    protocol = parsed_preset(preset)
    with interruptible():
        found = run(
            protocol,
            parsed_networks(networks, protocol),
            data=data,
            room=room,
            package=SHIPPED_MODEL,
            weights=weights,
            minutes=budget_minutes,
            may_train=train,
            say=_say,
            bar=_bar,
        )
    own = Path() if preset == "folds" else Path(preset)
    folder = out or Path(__file__).parent / "comparison" / own
    write_comparison(folder, found)
    sys.stdout.write((folder / "comparison.md").read_text(encoding="utf-8"))
    _words.print(f"comparison: {folder / 'comparison.html'}", highlight=False)


@cli.command(epilog="Example: python -m training tune --data ../shared/data/lesions --room .rooms/compare")
def tune(
    data: Annotated[Path, typer.Option(help="Photos and manifest.")],
    room: Annotated[Path, typer.Option(help="Where the search is kept; that of `compare`, which uses what it found.")],
    out: Annotated[Path | None, typer.Option(help="Folder of the log; training/comparison when not given.")] = None,
    trials: Annotated[int, typer.Option(help="Shapes to try, those of earlier runs counted in.", min=1)] = 15,
    size: Annotated[int, typer.Option(help="Side of the photos in pixels.", min=32)] = 64,
    photos: Annotated[int, typer.Option(help="Training photos.", min=40)] = 2000,
    epochs: Annotated[int, typer.Option(help="Of each trial.", min=1)] = 4,
) -> None:
    """Search for the tuned CNN's shape; started again, it goes on with the trial it was in."""
    from training.tune import Search, write_log
    from training.tune import tune as run

    search = Search(trials=trials, size=size, photos=photos, epochs=epochs)
    with interruptible():
        found = run(search, data=data, room=room, say=_say, bar=_bar)
    folder = out or Path(__file__).parent / "comparison"
    write_log(folder, search, found)
    sys.stdout.write((folder / "tuning.md").read_text(encoding="utf-8"))


@cli.command(
    epilog="Example: python -m training deliver ../shared/data/lesions --to s3://training --name clinic-2026-11"
)
def deliver(
    folder: Annotated[Path, typer.Argument(help="Photos, and manifest.csv or lesions.csv in ISIC's column names.")],
    to: Annotated[str | None, typer.Option(help="The training bucket, s3://..., or a folder.")] = None,
    name: Annotated[str | None, typer.Option(help="Of the delivery; the folder's when not given.")] = None,
    check_only: Annotated[bool, typer.Option("--check-only", help="Send nothing.")] = False,
    most_broken: Annotated[float, typer.Option(help="Share of the rows that may be broken.", min=0, max=1)] = 0.2,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Check labelled photos by every rule that they will be taken in by, and send the good ones.

    Photos go first and the manifest last; started again, it sends what is not there yet.
    """
    from training.deliveries import check_folder, open_training, send
    from training.errors import DeliveryRefused

    if to is None and not check_only:
        raise typer.BadParameter("say where the photos go, or ask for --check-only", param_hint="--to")
    storage = open_training(to) if to else None
    checked = check_folder(
        folder,
        name or folder.resolve().name.lower(),
        storage,
        now=dt.datetime.now(dt.UTC),
        most_broken=most_broken,
        bar=_bar,
    )
    report = checked.report
    sys.stdout.write(report.model_dump_json(indent=1) + "\n" if as_json else report.text())
    if storage is not None and not check_only:
        sent = send(checked, storage, _bar)
        _words.print(
            f"{sent:,} photos sent, {report.accepted - sent:,} were there; the next run takes them in", highlight=False
        )
    elif not report.is_usable:
        raise DeliveryRefused(f"Delivery {report.delivery!r} would not be taken in.")


@cli.command(
    epilog="Example: python -m training withdraw ISIC_0034321 --from s3://training --registry s3://models/registry "
    "--who 'J. Doe, clinic' --why 'the patient withdrew consent'"
)
def withdraw(
    image_name: Annotated[str, typer.Argument(help="The photo's name in its delivery's manifest.")],
    training: Annotated[str, typer.Option("--from", help="The training bucket, s3://..., or a folder.")],
    who: Annotated[str, typer.Option(help="Who asks for it.")],
    why: Annotated[str, typer.Option(help="Why; it is kept.")],
    registry: Annotated[str | None, typer.Option(help="The registry, to tell which models saw the photo.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Take a photo back: it is erased from the bucket, left out of every later snapshot, and never taken in again."""
    from training.deliveries import open_training
    from training.withdraw import versions_in
    from training.withdraw import withdraw as run

    done = run(
        open_training(training),
        image_name,
        who=who,
        why=why,
        now=dt.datetime.now(dt.UTC),
        versions=versions_in(open_training(registry)) if registry else (),
    )
    sys.stdout.write(
        done.model_dump_json(indent=1) + "\n" if as_json else done.text(registry_read=registry is not None)
    )


@cli.command(
    epilog="Example: python -m training gate --candidate .rooms/retrained/model --data ../shared/data/lesions "
    "--out .rooms/gate"
)
def gate(
    candidate: Annotated[Path, typer.Option(help="Model package that may take the champion's place.")],
    data: Annotated[Path, typer.Option(help="Manifest and photos, with the test folds of the champion's card.")],
    champion: Annotated[Path | None, typer.Option(help="Package that serves; the shipped one when not given.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the verdict and both score tables; gate/ beside the candidate.")
    ] = None,
    learned_from: Annotated[
        Path | None, typer.Option(help="Folder of the candidate's training snapshot, where that is not --data.")
    ] = None,
    champion_scores: Annotated[Path | None, typer.Option(help="Its score table, CSV, instead of scoring.")] = None,
    candidate_scores: Annotated[Path | None, typer.Option(help="Its score table, CSV, instead of scoring.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdict as JSON.")] = False,
) -> None:
    """Judge a candidate against the champion on the same frozen test photos; exits with 1 when it is refused."""
    from functions.triage.scorer import SHIPPED_MODEL
    from training.gate_run import PAGE, run_gate

    folder = out or candidate.resolve().parent / "gate"
    verdict = run_gate(
        champion or SHIPPED_MODEL,
        candidate,
        data,
        folder,
        now=dt.datetime.now(dt.UTC),
        bar=_bar,
        learned_from=learned_from,
        champion_scores=champion_scores,
        candidate_scores=candidate_scores,
    )
    if as_json:
        sys.stdout.write(verdict.model_dump_json(indent=1) + "\n")
    else:
        _show_verdict(verdict)
    _words.print(f"{verdict.sentence}\nto read and sign: {folder / PAGE}", highlight=False, soft_wrap=True)
    raise typer.Exit(0 if verdict.accepted else 1)


@cli.command(
    "gate-error-rates",
    epilog="Example: python -m training gate-error-rates --scores .rooms/gate/champion_scores.csv "
    "--other-scores .rooms/gate/candidate_scores.csv",
)
def gate_error_rates(
    scores: Annotated[Path, typer.Option(help="A champion's score table, which the simulated ones are drawn from.")],
    other_scores: Annotated[
        Path | None, typer.Option(help="A second model's table: its correlation with the first is simulated too.")
    ] = None,
    correlations: Annotated[
        str, typer.Option(help="Of champion and candidate, with commas between.")
    ] = "0.99,0.95,0.9",
    candidates: Annotated[int, typer.Option(help="Of each kind.", min=1)] = 200,
    worse_by: Annotated[float, typer.Option(help="AUROC by which the worse lie below.", min=0, max=0.2)] = 0.02,
    size: Annotated[float, typer.Option(help="Of the simulated test sets, in test sets.", min=0.1, max=10)] = 1.0,
    seed: Annotated[int, typer.Option(help="Of everything random.", min=0)] = 0,
) -> None:
    """Tell how often the gate refuses candidates that equal the champion, and accepts worse ones."""
    from training.gate_simulation import correlation_of, error_rates, parsed_correlations
    from training.score_table import read_scores
    from training.verdict import Rules

    table = read_scores(scores)
    wanted = parsed_correlations(correlations)
    if other_scores is not None:
        found = correlation_of(table, read_scores(other_scores))
        _words.print(f"the two tables' scores correlate by {found:.3f} within malignant and within benign photos")
        wanted = (found, *wanted)
    shown = Table("correlation", "AUROC", "refused", "accepted", "by rule", "DeLong disagrees", "SE of difference")
    for correlation in wanted:
        for fall in (0.0, worse_by):
            with _bar(f"candidates at {correlation:.3f}, {-fall:+.3f}", candidates) as advance:
                rates = error_rates(
                    table,
                    correlation=correlation,
                    fall=fall,
                    rules=Rules(),
                    candidates=candidates,
                    size=size,
                    seed=seed,
                    on_progress=advance,
                )
            shown.add_row(
                f"{correlation:.3f}",
                f"{-fall:+.3f}" if fall else "equal",
                f"{100 * rates.share:.1f} %",
                f"{100 * (1 - rates.share):.1f} %",
                ", ".join(f"{rule} {count}" for rule, count in rates.refused_by.items()) or "-",
                str(rates.delong_disagrees),
                f"{rates.standard_error:.4f}",
            )
    Console(width=None if sys.stdout.isatty() else 120).print(shown)


@cli.command(
    epilog="Example: python -m training deliver ../shared/data/lesions --to house/training --name first && "
    "python -m training retrain --local house --hyperparameter weights=../shared/weights/inception_v3_notop.fp16.npz"
)
def retrain(
    local: Annotated[Path, typer.Option(help="Folder that stands for the buckets; `deliver --to FOLDER/training`.")],
    hyperparameter: Annotated[list[str], typer.Option(help="Of the training job, name=value; may be repeated.")] = [],  # noqa: B006 - typer copies it
    run: Annotated[str | None, typer.Option(help="Name of the run; the moment when not given.")] = None,
    least_new: Annotated[int, typer.Option(help="Fewer new photos since the champion start no training.", min=1)] = 500,
    approve: Annotated[bool, typer.Option(help="Promote an accepted candidate at once, or let it wait.")] = True,
    force: Annotated[bool, typer.Option(help="Train whether or not there is enough that is new.")] = False,
) -> None:
    """Run the whole loop on this machine: the real state machine file, from deliveries to a model that answers."""
    from training.retrain import Asked
    from training.retrain import retrain as run_once

    wrong = [text for text in hyperparameter if "=" not in text]
    if wrong:
        raise typer.BadParameter(f"{', '.join(wrong)}: expected name=value", param_hint="--hyperparameter")
    name = run or dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    asked = Asked(
        folder=local,
        run=name,
        hyperparameters=dict(text.split("=", 1) for text in hyperparameter),
        least_new_photos=least_new,
        approve=approve,
        force=force,
    )
    ended = run_once(asked, say=_say, bar=_bar)
    below = local / "training" / "runs" / name
    if ended["status"] != "SUCCEEDED":
        _words.print(f"The run {name} failed: {ended.get('cause', '')}", highlight=False, soft_wrap=True)
        raise typer.Exit(1)
    output = json.loads(ended["output"])
    sys.stdout.write(f"{(output.get('judged') or {}).get('words') or output['reason']}\n")
    verdict = f"verdict: {below / 'verdict.html'}\n" if (below / "verdict.html").exists() else ""
    _words.print(
        f"{' -> '.join(ended['states'])}\n{verdict}"
        f"to serve what answers now: TRIAGE_REGISTRY_ROOT={local / 'models' / 'registry'} "
        f"TRIAGE_REGISTRY_PUBLIC_KEY={local / 'keys' / 'public.pem'} make serve",
        highlight=False,
        soft_wrap=True,
    )


@cli.command(epilog="Example: python -m training reference --data ../shared/data/lesions")
def reference(
    data: Annotated[Path, typer.Option(help="The photos and the manifest that the model was trained on.")],
    model: Annotated[Path | None, typer.Option(help="Model package; the shipped one when not given.")] = None,
) -> None:
    """Give a finished package its reference for the watch for drift; no other file of it changes."""
    from functions.triage.scorer import SHIPPED_MODEL, load_scorer
    from training.reference import REFERENCE, add_reference, reference_of
    from training.run import Folds, read_split

    package = model or SHIPPED_MODEL
    scorer = load_scorer(package, threads=2)
    folds = Folds(**{name: tuple(numbers) for name, numbers in scorer.card.data.folds.items()})
    add_reference(package, reference_of(scorer, list(read_split(data, folds)[1].choose["file"]), _bar))
    _words.print(f"reference: {package / REFERENCE}", highlight=False)


@cli.command(epilog="Example: python -m training picture")
def picture() -> None:
    """Print the picture of the retraining loop, drawn from its state machine file, as Mermaid text."""
    from training.machine_picture import mermaid
    from training.retrain import DEFINITION

    sys.stdout.write(mermaid(DEFINITION))


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


def _show_verdict(verdict: Verdict) -> None:
    table = Table("rule", "verdict", "seen", "wanted", title=f"{verdict.facts.candidate.version}, the candidate")
    for one in verdict.findings:
        table.add_row(one.title, one.outcome, one.saw, one.wanted)
    Console(width=None if sys.stdout.isatty() else 160).print(table)


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
    except Exception as error:
        if not is_disk_full(error):
            raise
        _words.print(failure_text(error), highlight=False, soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
