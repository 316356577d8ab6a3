"""The recipe of the training image, read and not built: what it starts, from what, and what goes into it."""

from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

from typer.testing import CliRunner

from training.__main__ import cli

ROOT = Path(__file__).parents[2]
RECIPE = (ROOT / "infra" / "training.Dockerfile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_what_sagemaker_appends_is_a_command_of_the_entry_point() -> None:
    assert re.search(r'^ENTRYPOINT \["python", "-m", "training"\]$', RECIPE, re.MULTILINE)
    assert CliRunner().invoke(cli, ["train", "--help"]).exit_code == 0


def test_the_base_comes_from_outside_and_no_registry_is_named() -> None:
    assert re.findall(r"^FROM (.*)$", RECIPE, re.MULTILINE) == ["${BASE}"]
    assert "https://" not in RECIPE
    assert not re.search(r"\b[a-z0-9-]+\.(com|org|io|aws)\b", RECIPE)


def test_it_installs_the_extra_that_trains_with_the_pinned_versions() -> None:
    assert '"/tmp/dermacast[train]"' in RECIPE
    assert "train" in PROJECT["project"]["optional-dependencies"]
    assert "--constraint /tmp/dermacast/constraints.txt" in RECIPE
    assert "--compile-bytecode" in RECIPE


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
