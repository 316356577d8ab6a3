"""The command line: photos judged in a table or as JSON Lines, a server that starts, says where, and ends quietly."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import httpx2
import pytest
from typer.testing import CliRunner

from functions.__main__ import cli
from functions.triage.advice import disclaimer
from functions.triage.pixels import MAX_BYTES
from tests.triage.photos import heic, jpeg, png
from tests.triage.served import PATIENCE_S, served

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

PYTHON_M = [sys.executable, "-m", "functions"]


@pytest.fixture(autouse=True)
def _drawn_model(monkeypatch: pytest.MonkeyPatch, package: Path) -> None:
    monkeypatch.setenv("TRIAGE_MODEL_DIR", str(package))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    file = tmp_path / "mole.jpg"
    file.write_bytes(jpeg())
    return file


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def test_a_photo_is_one_object_on_one_line(photo: Path) -> None:
    ran = run("predict", photo, "--json")
    assert ran.exit_code == 0
    found = json.loads(ran.stdout)
    assert found["file"] == str(photo)
    assert found["risk_band"] in {"low", "watch", "urgent"}
    assert found["score"] == pytest.approx(100 * found["probability"], abs=0.05)
    assert ran.stderr == ""


def test_several_photos_are_lines_in_the_order_given(photo: Path, tmp_path: Path) -> None:
    for name, content in (("b.png", png()), ("a.heic", heic())):
        (tmp_path / name).write_bytes(content)
    files = [photo, tmp_path / "b.png", tmp_path / "a.heic"]
    ran = run("predict", *files, "--json")
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    assert ran.exit_code == 0
    assert [line["file"] for line in lines] == [str(file) for file in files]
    assert len({line["prediction_id"] for line in lines}) == 3


def test_a_photo_that_is_rejected_does_not_stop_the_others(photo: Path, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("not a photo", encoding="utf-8")
    (tmp_path / "large.jpg").write_bytes(b"\xff\xd8\xff" + bytes(MAX_BYTES))
    ran = run(
        "predict", tmp_path / "none.jpg", tmp_path, tmp_path / "words.txt", tmp_path / "large.jpg", photo, "--json"
    )
    assert ran.exit_code == 1
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [line.get("code", "judged") for line in lines] == [
        "photo_unopened",
        "photo_unopened",
        "photo_format_unsupported",
        "photo_too_many_bytes",
        "judged",
    ]
    assert "No such file" in lines[0]["detail"]


def test_without_end_is_too_large() -> None:
    ran = run("predict", "/dev/zero", "--json")
    assert json.loads(ran.stdout)["code"] == "photo_too_many_bytes"


def test_the_table_says_what_next_and_by_when(monkeypatch: pytest.MonkeyPatch, photo: Path) -> None:
    monkeypatch.chdir(photo.parent)
    (photo.parent / "[bold]:smile:.txt").write_text("words", encoding="utf-8")
    ran = run("predict", "mole.jpg", "[bold]:smile:.txt")
    assert ran.exit_code == 1
    for words in ("score", "band", "what next", "by when", "mole.jpg", "photo_format_unsupported"):
        assert words in ran.stdout
    assert "[bold]:smile:.txt" in ran.stdout, "a name is shown as it is"
    assert disclaimer() in ran.stderr
    assert disclaimer() not in ran.stdout


@pytest.mark.parametrize("command", [[], ["serve"], ["predict"], ["openapi"]])
def test_help_has_an_example(command: list[str]) -> None:
    ran = run(*command, "--help")
    assert ran.exit_code == 0
    if command:
        assert f"Example: python -m functions {command[0]}" in " ".join(ran.stdout.split())


@pytest.mark.parametrize(
    "wrong", [[], ["predict"], ["predict", "--fast", "x"], ["guess"], ["serve", "--port", "70000"]]
)
def test_wrong_use_exits_with_2(wrong: list[str]) -> None:
    assert run(*wrong).exit_code == 2


def spoken(*arguments: str | Path, status: int) -> str:
    """Run the command as a person does, check its exit status and that it ends in words, and return them."""
    ran = subprocess.run([*PYTHON_M, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (status, "")
    assert "Traceback" not in ran.stderr
    return ran.stderr


def test_a_model_that_is_not_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, photo: Path) -> None:
    monkeypatch.setenv("TRIAGE_MODEL_DIR", str(tmp_path / "nowhere"))
    said = spoken("predict", photo, status=1)
    assert said == (
        "The model cannot be loaded: manifest.json of the model package 'nowhere': No such file or directory.\n"
    )


def test_a_setting_that_makes_no_sense_is_a_sentence(monkeypatch: pytest.MonkeyPatch, photo: Path) -> None:
    monkeypatch.setenv("TRIAGE_THREADS", "many")
    assert spoken("predict", photo, status=2).startswith("A setting cannot be used: threads: ")


def test_a_port_in_use_is_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = spoken("serve", "--port", port, status=1)
    assert said.startswith(f"Port {port} cannot be used: Address already in use")
    assert "--port" in said


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_server_says_where_it_is_and_ends_quietly(ending: signal.Signals) -> None:
    with served() as server:
        assert f"{server.address}/docs" in server.greeting
        assert "2026.11.22-drawn" in server.greeting
        assert httpx2.get(f"{server.address}/v1/health", timeout=PATIENCE_S).json()["status"] == "ok"
        server.process.send_signal(ending)
        assert server.process.wait(PATIENCE_S) in {-ending, 128 + ending}
        assert server.process.stderr is not None
        assert server.process.stderr.read() == ""
