"""The command line of the serving side: `python -m functions --help`."""

from __future__ import annotations

import json
import sys
import uuid
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from functions.care.commands import cli as care
from functions.common.problems import PhotoRejected, PhotoTooManyBytes, PhotoUnopened, Problem
from functions.registry.commands import cli as registry
from functions.triage.advice import disclaimer
from functions.triage.answer import Prediction, answer_photo
from functions.triage.pixels import MAX_BYTES
from functions.triage.scorer import load_scorer
from functions.triage.settings import TriageSettings

if TYPE_CHECKING:
    from collections.abc import Callable

cli = typer.Typer(
    help="Serve the product on this machine, and judge photos from the command line.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cli.add_typer(care, name="care")
cli.add_typer(registry, name="registry")
# Names of files and messages are shown as they are: no markup, no emoji codes in them.
_words = Console(stderr=True, soft_wrap=True, markup=False, emoji=False)


@cli.command(epilog="Example: python -m functions serve --port 8000")
def serve(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Loopback port; 0 takes any free one.")] = 8000,
    aws_local: Annotated[
        bool,
        typer.Option("--aws-local", help="As the stack would be, on buckets and keys in memory."),
    ] = False,
) -> None:
    """Serve the phone page and the API on one loopback port."""
    from functions.local import serve as serve_rooms

    try:
        (_twin() if aws_local else serve_rooms)(port)
    except OSError as error:
        _words.print(f"Port {port} cannot be used: {error.strerror}. Choose another with --port.", highlight=False)
        raise typer.Exit(1) from error


def _twin() -> Callable[[int], None]:
    try:
        from infra.twin import serve
    except ImportError as error:
        _words.print(f"--aws-local runs in the project's folder, after `make env`: {error}.", highlight=False)
        raise typer.Exit(1) from error
    return serve


@cli.command(epilog="Example: python -m functions predict mole.jpg --json")
def predict(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO...", help="Photos to judge.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a photo, a line each.")] = False,
) -> None:
    """Judge photos; exit with 1 when any of them was rejected. A photo that cannot be judged is `unsure`."""
    settings = TriageSettings()
    scorer = load_scorer(settings.model_dir, threads=settings.inference_threads)
    request_id = str(uuid.uuid4())
    table = Table("file", "score", "band", "what next", "by when")
    rejected = 0
    for file in photos:
        try:
            answer: Prediction | Problem = answer_photo(
                _bytes_of(file), scorer, prediction_id=str(uuid.uuid4()), request_id=request_id
            )[0]
        except PhotoRejected as rejection:
            answer = rejection
        rejected += isinstance(answer, Problem)
        if as_json:
            body = answer.document(request_id) if isinstance(answer, Problem) else answer.model_dump(mode="json")
            print(json.dumps({"file": str(file), **body}), flush=True)
        elif isinstance(answer, Problem):
            table.add_row(str(file), "-", f"rejected: {answer.code}", answer.detail, "-")
        else:
            table.add_row(
                str(file),
                "-" if answer.score is None else f"{answer.score:.1f}",
                answer.risk_band,
                answer.advice.headline,
                answer.advice.by_when,
            )
    if not as_json:
        Console(width=None if sys.stdout.isatty() else 120, markup=False, emoji=False).print(table)
        _words.print(disclaimer(), highlight=False)
    if rejected:
        raise typer.Exit(1)


@cli.command(epilog="Example: python -m functions openapi > openapi.json")
def openapi() -> None:
    """Print the OpenAPI document."""
    from functions.triage.routes import openapi_document

    print(json.dumps(openapi_document(), indent=2, sort_keys=True, ensure_ascii=False))


def _bytes_of(file: Path) -> bytes:
    """Return what a file holds, reading no more of it than can be judged."""
    try:
        with file.open("rb") as opened:
            photo = opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise PhotoUnopened(f"The file cannot be opened: {error.strerror}.") from error
    if len(photo) > MAX_BYTES:
        raise PhotoTooManyBytes(f"The file is larger than {MAX_BYTES:,} bytes. Choose a smaller copy of the photo.")
    return photo


def main() -> None:
    """Run the command line; a problem that a person can mend is a sentence, not a trace."""
    try:
        cli()
    except Problem as problem:
        _words.print(f"{problem.title}: {problem.detail}", highlight=False)
        sys.exit(1)
    except ValidationError as error:
        if error.title != TriageSettings.__name__:
            raise
        complaints = "; ".join(f"{complaint['loc'][-1]}: {complaint['msg']}" for complaint in error.errors())
        _words.print(f"A setting cannot be used: {complaints}.", highlight=False)
        sys.exit(2)


if __name__ == "__main__":
    main()
