"""The registry's command line: `python -m functions registry --help`."""

from __future__ import annotations

import datetime as dt
import getpass
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from functions.common.signing import KeyUnusable, new_local_key, public_key_of, signer_of
from functions.common.storage import open_storage
from functions.registry import moves, versions
from functions.registry.errors import RegistryError
from functions.registry.pointer import SHIPPED, Entry, ledger, live_at, read_pointer
from functions.registry.settings import RegistrySettings
from functions.triage.trial import trial

if TYPE_CHECKING:
    from collections.abc import Callable

    from functions.common.storage import Storage
    from functions.registry.pointer import Pointer

cli = typer.Typer(help="Model versions, and which of them answers.", no_args_is_help=True)
_words = Console(stderr=True, soft_wrap=True, markup=False, emoji=False, highlight=False)

Root = Annotated[str | None, typer.Option("--registry", help="Folder or s3://bucket/prefix; REGISTRY_ROOT if absent.")]
Key = Annotated[str | None, typer.Option("--public-key", help="PEM or its file; REGISTRY_PUBLIC_KEY if absent.")]
Why = Annotated[str, typer.Option(help="Written into the ledger.")]
Who = Annotated[str | None, typer.Option(help="Written into the ledger; the name of who is logged in if absent.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@cli.command("list", epilog="Example: python -m functions registry list --registry s3://models/registry")
def list_versions(root: Root = None, as_json: AsJson = False) -> None:
    """List all versions; the one that answers is marked."""
    with _telling():
        storage = _storage(root)
        pointer = read_pointer(storage)
        rejected = moves.rejected(storage)
        live = pointer[0].version if pointer else SHIPPED
        rows = [
            {
                "version": name,
                "live": name == live,
                "rejected": name in rejected,
                "snapshot_sha256": found.snapshot_sha256,
            }
            for name in versions.versions(storage)
            for found, _ in [versions.manifest(storage, name)]
        ]
    if as_json:
        print(json.dumps({"live": live, "versions": rows}, indent=1))
        return
    table = Table("version", "answers", "snapshot")
    for row in rows:
        state = "now" if row["live"] else "rejected" if row["rejected"] else ""
        table.add_row(str(row["version"]), state, str(row["snapshot_sha256"])[:16])
    _print(table)
    if live == SHIPPED:
        _words.print("The model in the image answers.")


@cli.command(epilog="Example: python -m functions registry show 2026.11.23-7811d929")
def show(version: str, root: Root = None, as_json: AsJson = False) -> None:
    """Show one version: its files, its snapshot, and its moves."""
    with _telling():
        storage = _storage(root)
        found, digest = versions.manifest(storage, version)
        entries = [entry for entry in ledger(storage) if entry.version == version]
    if as_json:
        told = {"manifest": found.model_dump(), "manifest_sha256": digest}
        print(json.dumps({**told, "moves": [entry.model_dump(mode="json") for entry in entries]}, indent=1))
        return
    table = Table("file", "SHA-256", title=version, caption=f"snapshot {found.snapshot_sha256}")
    for name, sha256 in sorted(found.sha256.items()):
        table.add_row(name, sha256)
    _print(table)
    _print(_table_of(entries))


@cli.command("ledger", epilog="Example: python -m functions registry ledger")
def show_ledger(root: Root = None, as_json: AsJson = False) -> None:
    """List every move: who, when, why."""
    with _telling():
        entries = ledger(_storage(root))
    if as_json:
        print(json.dumps([entry.model_dump(mode="json") for entry in entries], indent=1))
        return
    _print(_table_of(entries))


@cli.command(epilog="Example: python -m functions registry live --at 2026-05-01")
def live(
    at: Annotated[str | None, typer.Option(help="A day (its end, UTC) or a moment, RFC 3339; now if absent.")] = None,
    root: Root = None,
    as_json: AsJson = False,
) -> None:
    """Say what answers, or what answered at a moment."""
    moment = _moment(at)
    with _telling():
        entry = live_at(_storage(root), moment)
    name = entry.live if entry else SHIPPED
    if as_json:
        told = {"at": moment.isoformat(), "version": name, "entry": entry.model_dump(mode="json") if entry else None}
        print(json.dumps(told, indent=1))
        return
    print(name)
    since = (
        f"since {entry.at.isoformat()}: {entry.action} by {entry.who}, {entry.why}" if entry else "nothing promoted yet"
    )
    _words.print(since)


@cli.command(epilog="Example: python -m functions registry add room/model --signing-key signing.pem")
def add(
    package: Annotated[Path, typer.Argument(help="Folder of a finished model package.")],
    signing_key: Annotated[
        str | None, typer.Option(help="kms:<ARN or alias>, or a key in PEM; REGISTRY_SIGNING_KEY if absent.")
    ] = None,
    root: Root = None,
    as_json: AsJson = False,
) -> None:
    """Write a model package as a version; it does not answer before it is promoted."""
    with _telling():
        address = signing_key or RegistrySettings().signing_key
        if not address:
            raise KeyUnusable("no signing key: give --signing-key or set REGISTRY_SIGNING_KEY")
        version = versions.publish(_storage(root), package, signer_of(address))
    print(json.dumps({"version": version}) if as_json else version)


@cli.command(epilog="Example: python -m functions registry promote 2026.11.23-7811d929 --why 'accepted by the gate'")
def promote(
    version: str,
    why: Why,
    verdict: Annotated[str | None, typer.Option(help="Where the gate's verdict lies; written into the ledger.")] = None,
    who: Who = None,
    root: Root = None,
    public_key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Let a version answer from now on; it is loaded and checked first."""

    def move(storage: Storage, **told: Any) -> Pointer:
        return moves.promote(storage, version, verdict=verdict, **told)

    _moved(root, public_key, move, who, why, as_json=as_json)


@cli.command("roll-back", epilog="Example: python -m functions registry roll-back --why 'too many refusals'")
def roll_back(
    why: Why,
    to: Annotated[str | None, typer.Option(help="A version that answered before; the last one if absent.")] = None,
    who: Who = None,
    root: Root = None,
    public_key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Go back to the version before, or to a named one; it is loaded and checked first."""
    _moved(root, public_key, lambda storage, **told: moves.roll_back(storage, to, **told), who, why, as_json=as_json)


@cli.command(epilog="Example: python -m functions registry reject 2026.11.23-7811d929 --why 'biased'")
def reject(
    version: str, why: Why, who: Who = None, root: Root = None, public_key: Key = None, as_json: AsJson = False
) -> None:
    """Keep a version from ever answering again; where it answers now, the one before does."""
    _moved(root, public_key, lambda storage, **told: moves.reject(storage, version, **told), who, why, as_json=as_json)


@cli.command(epilog="Example: python -m functions registry key signing.pem > public.pem")
def key(path: Path, as_json: AsJson = False) -> None:
    """Make a key that signs versions; print its public half."""
    try:
        public = new_local_key(path).decode()
    except OSError as error:
        _words.print(f"{path}: {error.strerror}; a key is never overwritten.")
        raise typer.Exit(1) from error
    print(json.dumps({"public_key": public}) if as_json else public.rstrip())


def _moved(
    root: str | None, key: str | None, move: Callable[..., Pointer], who: str | None, why: str, *, as_json: bool
) -> None:
    with _telling(), tempfile.TemporaryDirectory() as folder:
        storage = _storage(root)
        public = key or RegistrySettings().public_key
        if not public:
            raise KeyUnusable("no public key: give --public-key or set REGISTRY_PUBLIC_KEY")
        check = trial(storage, public_key_of(public), Path(folder))
        now = dt.datetime.now(dt.UTC)
        pointer = move(storage, who=who or getpass.getuser(), why=why, now=now, check=check)
    print(pointer.model_dump_json(indent=1) if as_json else pointer.version)
    _words.print(f"{pointer.version} answers since {pointer.since.isoformat()}; warm functions follow within a minute.")


class _telling:  # noqa: N801 - read as a word: with _telling()
    """What a person can mend is a sentence, not a trace."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, RegistryError | KeyUnusable | OSError | ValueError):
            _words.print(f"{error}.")
            raise typer.Exit(1) from error


def _storage(root: str | None) -> Storage:
    return open_storage(root or RegistrySettings().root)


def _moment(text: str | None) -> dt.datetime:
    if text is None:
        return dt.datetime.now(dt.UTC)
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r}: expected a day such as 2026-05-01, or a moment in RFC 3339") from error
    if "T" not in text and " " not in text:
        found = dt.datetime.combine(found, dt.time.max)
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


def _table_of(entries: list[Entry]) -> Table:
    table = Table("number", "when", "what", "version", "answers", "who", "why", "verdict")
    for entry in entries:
        when = entry.at.isoformat(timespec="seconds")
        told = (entry.action, entry.version, entry.live, entry.who, entry.why, entry.verdict or "-")
        table.add_row(str(entry.sequence), when, *told)
    return table


def _print(table: Table) -> None:
    Console(width=None if sys.stdout.isatty() else 200, markup=False, emoji=False).print(table)
