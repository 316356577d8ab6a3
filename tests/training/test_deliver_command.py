"""The commands `deliver` and `withdraw`, as a person calls them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from tests.training.delivered import NOW, draw, folder, no_bar, row
from training.__main__ import cli, main
from training.deliveries import take_in

if TYPE_CHECKING:
    from pathlib import Path

    from functions.common.storage import FolderStorage

__all__ = ["folder"]

GIVEN = [row(number) for number in range(6)]


def test_a_folder_is_checked_sent_taken_in_and_a_photo_withdrawn(folder: FolderStorage, tmp_path: Path) -> None:
    drawn = draw(tmp_path / "clinic", GIVEN)
    told = CliRunner().invoke(cli, ["deliver", str(drawn), "--to", str(folder.root), "--check-only"])
    assert told.exit_code == 0
    assert "Usable: 0 of 6 rows are broken" in told.stdout
    assert list(folder.list("")) == []
    told = CliRunner().invoke(cli, ["deliver", str(drawn), "--to", str(folder.root), "--json"])
    assert told.exit_code == 0
    assert json.loads(told.stdout)["delivery"] == "clinic"
    assert "6 photos sent, 0 were there" in told.stderr
    take_in(folder, now=NOW, bar=no_bar)
    arguments = ["--from", str(folder.root), "--who", "me", "--why", "asked", "--registry", str(tmp_path / "none")]
    told = CliRunner().invoke(cli, ["withdraw", "photo_001", *arguments])
    assert told.exit_code == 0
    assert "2 stored version(s) of it were erased now." in told.stdout
    assert "No model version of the registry had it." in told.stdout
    told = CliRunner().invoke(cli, ["withdraw", "photo_001", *arguments, "--json"])
    assert json.loads(told.stdout)["erased"] == 0


def test_without_a_place_to_send_to_the_usage_is_told(tmp_path: Path) -> None:
    told = CliRunner().invoke(cli, ["deliver", str(draw(tmp_path / "clinic", GIVEN))])
    assert told.exit_code == 2
    assert "--check-only" in told.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["deliver", "clinic", "--check-only"], "would not be taken in"),
        (["deliver", "clinic", "--to", "bucket"], "is not sent"),
        (["deliver", "clinic", "--check-only", "--name", "a/b"], "cannot name a delivery"),
        (["deliver", ".", "--check-only", "--name", "x"], "holds no manifest.csv"),
        (["withdraw", "photo", "--from", "bucket", "--who", "me", "--why", "x"], "No delivery that was taken in"),
        (["withdraw", "photo", "--from", "s3:/x", "--who", "me", "--why", "x"], "is not an address"),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_exit_1(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    draw(tmp_path / "clinic", [row(0), row(1, diagnosis="wart", target="")])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["training", *arguments])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 1
    assert said in capsys.readouterr().err
