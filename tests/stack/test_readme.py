"""infra/README.md against the template and the commands: nothing named that is not there, nothing left out."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import typer.main

from forecasting.__main__ import cli as forecasting
from functions.__main__ import cli as functions
from tests.stack.conftest import ROOT, quiet_environment, tool
from training.__main__ import cli as training

if TYPE_CHECKING:
    from pathlib import Path

PROGRAMS = {"functions": functions, "training": training, "forecasting": forecasting}
README = (ROOT / "infra" / "README.md").read_text("utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]
COMMANDS += re.findall(r"`((?:python|make|aws) [^`]+)`", README)


def table(heading: str) -> list[list[str]]:
    section = README.split(f"### {heading}\n", 1)[1].split("\n#", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip().strip("`") for cell in row.strip("|").split(" | ")] for row in rows]


def test_parameters_are_those_of_the_template(plain: dict[str, Any]) -> None:
    told = {name: (default, what) for name, default, what in table("Parameters")}
    found = {name: (str(given["Default"]) or "-", given["Description"]) for name, given in plain["Parameters"].items()}
    assert told == found


def test_outputs_are_those_of_the_template(plain: dict[str, Any]) -> None:
    told = {name: what for name, what in table("Outputs")}  # noqa: C416 - rows of two
    assert told == {name: given["Description"] for name, given in plain["Outputs"].items()}
    used = set(re.findall(r"<([A-Z][a-z]\w+)>", README))
    assert used <= plain["Outputs"].keys()


def test_buckets_and_alarms_are_those_of_the_template(plain: dict[str, Any]) -> None:
    section = README.split("## Data\n", 1)[1].split("\n#", 1)[0]
    told = re.findall(r"^\| (\w+) \| ", section, re.MULTILINE)
    of_type = {name: r["Type"] for name, r in plain["Resources"].items()}
    assert {f"{name}Bucket" for name in told if name != "bucket"} == {
        name for name, kind in of_type.items() if kind == "AWS::S3::Bucket"
    }
    section = README.split("## When an alarm rings\n", 1)[1].split("\n#", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    patterns = [name for row in rows for name in re.findall(r"`([\w.]+)`", row.split("|")[1])]
    alarms = {name for name, kind in of_type.items() if kind == "AWS::CloudWatch::Alarm"}
    for pattern in patterns:
        assert any(name.endswith(pattern.removeprefix("...")) for name in alarms), pattern
    for name in alarms:
        assert any(name.endswith(pattern.removeprefix("...")) for pattern in patterns), name


def test_every_image_is_built_on_the_same_base(plain: dict[str, Any]) -> None:
    (base,) = re.findall(r"^BASE \?= (\S+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    functions_of_images = [
        r["Metadata"] for r in plain["Resources"].values() if "DockerBuildArgs" in r.get("Metadata", {})
    ]
    assert functions_of_images
    for metadata in functions_of_images:
        assert metadata["DockerBuildArgs"] == {"BASE": base}
        assert (ROOT / metadata["DockerContext"] / metadata["Dockerfile"]).is_file()


def test_every_command_of_ours_is_there() -> None:
    named = 0
    for line in COMMANDS:
        words = line.split()
        if words[:2] == ["python", "-m"] and words[2].startswith("infra."):
            assert (ROOT / f"{words[2].replace('.', '/')}.py").is_file(), line
            named += 1
        elif words[:2] == ["python", "-m"]:
            command: Any = typer.main.get_command(PROGRAMS[words[2]])
            rest = words[3:]
            while hasattr(command, "commands"):
                command = command.commands[rest.pop(0)]
            options = {option for parameter in command.params for option in parameter.opts}
            assert {word for word in rest if word.startswith("--")} <= options, line
            named += 1
        elif words[0] == "make":
            assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE), line
            named += 1
        elif words[0] == "python":
            assert (ROOT / words[1]).is_file(), line
            named += 1
    assert named >= 8


@pytest.mark.parametrize("command", ["build", "deploy", "delete"])
def test_every_option_of_sam_is_there(command: str, tmp_path: Path) -> None:
    lines = [line for line in COMMANDS if f"sam {command}" in line]
    assert lines
    shown = subprocess.run(
        [tool("sam", "sam"), command, "--help"],
        env=quiet_environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for option in {option for line in lines for option in re.findall(r"--[a-z-]+", line)}:
        assert option in shown


def test_samconfig_names_parameters_of_the_template_and_options_of_sam(plain: dict[str, Any]) -> None:
    import tomllib

    config = tomllib.loads((ROOT / "samconfig.toml").read_text("utf-8"))
    assert {"default", "dev", "staging", "prod"} < config.keys()
    for name in ("default", "dev", "staging", "prod"):
        deploy = config[name]["deploy"]["parameters"]
        overrides = dict(pair.split("=", 1) for pair in deploy["parameter_overrides"].split())
        assert overrides.keys() <= plain["Parameters"].keys()
        for key, value in overrides.items():
            allowed = plain["Parameters"][key].get("AllowedValues")
            assert allowed is None or value in map(str, allowed), key
        tags = dict(pair.split("=", 1) for pair in deploy["tags"].split())
        # The budget filters by it.
        assert tags["stack"] == config[name]["global"]["parameters"]["stack_name"]
        assert overrides["Stage"] == tags["stage"] == ("dev" if name == "default" else name)
