"""README against the program: what it lists is there, and what is there it lists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer
from fastapi import FastAPI

from forecasting.__main__ import cli as forecasting_cli
from forecasting.refresh_run import RefreshSettings
from functions.__main__ import cli as functions_cli
from functions.batches.settings import BatchesSettings
from functions.care.routes import openapi_document as care_document
from functions.care.settings import CareSettings
from functions.common.problems import every_problem
from functions.forecasts.settings import SHIPPED_PUBLICATION, ForecastsSettings
from functions.local import forecasts_app
from functions.monitoring.settings import MonitoringSettings
from functions.registry.settings import RegistrySettings
from functions.triage.routes import create_app
from functions.triage.settings import TriageSettings
from training.__main__ import cli as training_cli
from training.job import RoomSettings
from training.machine_picture import mermaid
from training.retrain import DEFINITION
from training.steps import StepsSettings

if TYPE_CHECKING:
    from pydantic_settings import BaseSettings

    from functions.triage.card import Card, Evaluation
    from functions.triage.scorer import Scorer

SETTINGS: tuple[type[BaseSettings], ...] = (
    TriageSettings,
    ForecastsSettings,
    CareSettings,
    RegistrySettings,
    BatchesSettings,
    MonitoringSettings,
    RefreshSettings,
    StepsSettings,
    RoomSettings,
)
ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def rows_of(heading: str) -> list[list[str]]:
    """Return the cells of the table under a heading, without its head, code marks taken off the first cell."""
    section = README.split(f"\n### {heading}\n")[1].split("\n## ")[0].split("\n### ")[0]
    table = re.findall(r"^\|(.*)\|$", section, flags=re.MULTILINE)[2:]
    return [[cell.strip().strip("`") for cell in row.split("|")] for row in table]


def test_every_route_is_listed_and_no_other(scorer: Scorer) -> None:
    app: FastAPI = create_app(lambda: scorer, TriageSettings())
    forecasts_room = forecasts_app(ForecastsSettings())
    assert isinstance(forecasts_room, FastAPI)
    documents = (app.openapi(), forecasts_room.openapi(), care_document())
    documented = {
        f"{m.upper()} {path}" for document in documents for path, methods in document["paths"].items() for m in methods
    }
    pages = {"GET /", "GET /openapi.json", "GET /docs", "GET /forecasts"}
    assert {row[0] for row in rows_of("Routes")} == documented | pages


def test_every_setting_is_listed_with_its_default() -> None:
    expected = {}
    shipped = {
        "TRIAGE_MODEL_DIR": "the model that ships",
        "FORECASTS_ROOT": "the publication that ships",
        "CARE_DIRECTORY": "the list that ships",
        "CARE_PLACES": "the list that ships",
    }
    assert ForecastsSettings().root == str(SHIPPED_PUBLICATION)
    for kind in SETTINGS:
        prefix = kind.model_config["env_prefix"]
        for name, field in kind.model_fields.items():
            variable = str(field.validation_alias or f"{prefix}{name}".upper())
            default = "none" if field.is_required() else str(field.default)
            expected[variable] = shipped.get(variable, default)
    assert {row[0]: row[1].strip("`") for row in rows_of("Settings")} == expected


def test_every_command_is_listed_and_no_other() -> None:
    words = re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    expected = {f"make {word}" for word in words}
    for module, cli in (
        ("functions", functions_cli),
        ("training", training_cli),
        ("forecasting", forecasting_cli),
    ):
        group = typer.main.get_command(cli)
        expected |= {f"python -m {module} {name}" for name in group.commands}  # type: ignore[attr-defined]
    assert {row[0] for row in rows_of("Commands")} == expected


def test_every_error_code_is_listed_with_its_status() -> None:
    assert [row[:3] for row in rows_of("Error codes")] == [[k.code, str(k.status), k.title] for k in every_problem()]


def test_the_tree_names_what_is_there_and_every_module() -> None:
    block = README.split("<!-- tree")[1].split("```")[1].strip().splitlines()
    folders: list[str] = []
    named = set()
    for line in block:
        depth = (len(line) - len(line.lstrip())) // 2
        name = line.split()[0]
        path = "".join([*folders[:depth], name])
        if name.endswith("/"):
            folders[depth:] = [name]
        assert (ROOT / path).exists(), path
        named.add(path)
    modules = {
        str(file.relative_to(ROOT))
        for room in ("functions", "training", "forecasting")
        for file in (ROOT / room).rglob("*.py")
        # A folder of many modules of one kind has one line.
        if file.name != "__init__.py" and file.parent.name not in {"readers", "members", "checklists"}
    }
    assert modules <= named


def figures_of(card: Card) -> str:
    """Return README's table of the shipped model's figures."""

    def row(name: str, found: Evaluation) -> str:
        auroc = found.malignant_auroc
        assert auroc is not None
        assert found.malignant_called_low is not None
        return (
            f"| {name} | {found.photos:,} | {auroc.value:.3f} ({auroc.low:.3f}-{auroc.high:.3f}) "
            f"| {found.expected_calibration_error:.3f} | {found.balanced_accuracy:.3f} "
            f"| {100 * found.malignant_called_low:.1f} % |"
        )

    names = {
        "fold 8, all origins": "test",
        "fold 8, HAM10000 and its further photos": "test, ham_*",
        "fold 8, MSK, UDA and SONIC": "test, isic_*",
    }
    return "\n".join(
        [
            f"Version `{card.version}`, input {card.input_size} x {card.input_size} pixels; judged once on fold 8.",
            "",
            (
                "| photos | number | malignant AUROC (95 %) | calibration error | balanced accuracy, 7 diagnoses "
                "| malignant called low |"
            ),
            "|---|---|---|---|---|---|",
            *(row(shown, card.evaluations[name]) for shown, name in names.items()),
            "",
            f"Report: [training/reports/{card.version}/report.md](training/reports/{card.version}/report.md).",
        ]
    )


def test_the_models_figures_are_the_cards(scorer: Scorer) -> None:
    assert figures_of(scorer.card) in README
    assert (ROOT / "training" / "reports" / scorer.card.version / "report.md").is_file()


@pytest.mark.parametrize("name", ["CHANGELOG.md", "CONTRIBUTING.md", "DECISIONS.md", "LICENSE"])
def test_the_usual_small_files_are_there(name: str) -> None:
    assert (ROOT / name).stat().st_size > 0


def test_the_loops_picture_is_drawn_from_its_file() -> None:
    assert f"```mermaid\n{mermaid(DEFINITION)}```" in README
