"""The registry's command line, as a person types it."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from functions.__main__ import cli
from functions.common.storage import open_storage
from functions.registry.moves import promote
from functions.registry.pointer import ledger
from tests.registry import packages

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("REGISTRY_ROOT", str(tmp_path / "registry"))
    monkeypatch.setenv("REGISTRY_SIGNING_KEY", str(tmp_path / "signing.pem"))
    monkeypatch.setenv("REGISTRY_PUBLIC_KEY", str(tmp_path / "public.pem"))

    def run(*words: str, code: int = 0) -> Result:
        done = CliRunner().invoke(cli, ["registry", *words])
        assert done.exit_code == code, done.output
        return done

    made = run("key", str(tmp_path / "signing.pem"))
    (tmp_path / "public.pem").write_text(made.stdout, "utf-8")
    for number in (1, 2):
        assert run("add", str(packages.write(tmp_path / f"v{number}", number))).stdout == f"v{number}\n"
    return run


def test_from_a_package_to_answering_and_back(ran, tmp_path: Path) -> None:
    assert "The model in the image answers." in ran("list").stderr
    assert ran("promote", "v1", "--why", "first").stdout == "v1\n"
    assert ran("promote", "v2", "--why", "better", "--who", "ann").stdout == "v2\n"
    assert ran("live").stdout == "v2\n"
    listed = json.loads(ran("list", "--json").stdout)
    assert [(row["version"], row["live"]) for row in listed["versions"]] == [("v1", False), ("v2", True)]
    assert ran("roll-back", "--why", "worse").stdout == "v1\n"
    assert [entry.who for entry in ledger(open_storage(tmp_path / "registry"))][1] == "ann"
    told = ran("ledger").stdout
    for word in ("promote", "roll-back", "better", "worse"):
        assert word in told
    assert json.loads(ran("live", "--at", "2020-01-01", "--json").stdout)["version"] == "shipped"
    assert len(json.loads(ran("show", "v2", "--json").stdout)["moves"]) == 1


def test_every_move_can_be_read_by_a_program(ran, tmp_path: Path) -> None:
    told = json.loads(ran("promote", "v1", "--why", "first", "--verdict", "s3://runs/r1/verdict.json", "--json").stdout)
    assert (told["version"], told["previous"], told["entry"]["verdict"]) == (
        "v1",
        "shipped",
        "s3://runs/r1/verdict.json",
    )
    ran("promote", "v2", "--why", "better")
    assert json.loads(ran("reject", "v2", "--why", "biased", "--json").stdout)["version"] == "v1"
    told = json.loads(ran("roll-back", "--to", "shipped", "--why", "x", "--json").stdout)
    assert (told["version"], told["entry"]["action"]) == ("shipped", "roll-back")
    assert json.loads(ran("add", str(tmp_path / "v1"), "--json").stdout) == {"version": "v1"}
    assert "BEGIN PUBLIC KEY" in json.loads(ran("key", str(tmp_path / "other.pem"), "--json").stdout)["public_key"]
    assert len(json.loads(ran("ledger", "--json").stdout)) == 4


def test_a_day_ends_with_its_last_moment(ran, tmp_path: Path) -> None:
    late = dt.datetime(2026, 5, 1, 23, 59, 59, 500_000, tzinfo=dt.UTC)
    promote(open_storage(tmp_path / "registry"), "v1", who="ann", why="late", now=late, check=lambda _: None)
    assert ran("live", "--at", "2026-05-01").stdout == "v1\n"
    assert ran("live", "--at", "2026-05-01T23:59:59Z").stdout == "shipped\n"
    assert "nothing promoted yet" in ran("live", "--at", "2026-04-30").stderr


def test_every_command_shows_an_example(ran) -> None:
    for command in ("list", "show", "ledger", "live", "add", "promote", "roll-back", "reject", "key"):
        assert f"Example: python -m functions registry {command}" in re.sub(r"\s+", " ", ran(command, "--help").stdout)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("promote", "v9", "--why", "x"), "there is no version v9"),
        (("roll-back", "--why", "x"), "nothing answered before shipped"),
        (("show", "../v1"), "is not a version's name"),
        (("add", "nowhere"), "holds no manifest.json"),
        (("promote", "v1", "--why", "x", "--public-key", "nowhere.pem"), "No such file"),
        (("list", "--registry", "s3://A"), "is not an address such as s3://bucket/prefix"),
    ],
)
def test_what_is_wrong_is_a_sentence(ran, words: tuple[str, ...], said: str) -> None:
    done = ran(*words, code=1)
    assert said in re.sub(r"\s+", " ", done.stderr)
    assert done.stdout == ""


def test_a_day_that_is_none_is_told(ran) -> None:
    assert "expected a day such as 2026-05-01" in ran("live", "--at", "May", code=2).stderr
