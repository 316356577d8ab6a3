"""The recipes of the images, read and not built: what they start, from what, and what goes into them."""

from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
from typer.testing import CliRunner

from training.__main__ import cli

ROOT = Path(__file__).parents[2]
EXTRAS = {"functions": "serve", "forecasting": "forecast", "training": "train"}
RECIPES = {name: (ROOT / "infra" / f"{name}.Dockerfile").read_text(encoding="utf-8") for name in EXTRAS}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_what_sagemaker_appends_is_a_command_of_the_entry_point() -> None:
    assert re.search(r'^ENTRYPOINT \["python", "-m", "training"\]$', RECIPES["training"], re.MULTILINE)
    assert CliRunner().invoke(cli, ["train", "--help"]).exit_code == 0


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_the_base_comes_from_outside_and_no_registry_is_named(recipe: str) -> None:
    assert re.findall(r"^FROM (.*)$", recipe, re.MULTILINE) == ["${BASE} AS build", "${BASE}"]
    assert "https://" not in recipe
    assert not re.search(r"\b[a-z0-9-]+\.(com|org|io|aws)\b", recipe)


@pytest.mark.parametrize("name", RECIPES)
def test_an_image_installs_its_extra_with_the_pinned_versions(name: str) -> None:
    assert f'"/src[{EXTRAS[name]}]"' in RECIPES[name]
    assert EXTRAS[name] in PROJECT["project"]["optional-dependencies"]
    assert "--constraint /src/constraints.txt" in RECIPES[name]
    assert "--compile-bytecode" in RECIPES[name]


def test_what_the_install_reads_is_not_ignored_and_secrets_and_data_are() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]

    def is_sent(path: str) -> bool:
        sent = True
        for rule in rules:
            pattern = rule.removeprefix("!").removeprefix("**/")
            if any(fnmatch(part, pattern) for part in (path, path.partition("/")[0])) or path.startswith(pattern + "/"):
                sent = rule.startswith("!")
        return sent

    needed = ["constraints.txt", "pyproject.toml", PROJECT["project"]["readme"], *PROJECT["project"]["license-files"]]
    for path in (*needed, *PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]):
        assert (ROOT / path).exists()
        assert is_sent(path), path
    assert is_sent("functions/triage/model/model.onnx")
    for path in (".git", ".venv/bin/python", ".rooms/keep", "tests/conftest.py", ".env", "training/reports/report.md"):
        assert not is_sent(path), path
