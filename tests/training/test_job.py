from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from training.errors import RoomInvalid
from training.job import Interrupted, Room, RoomSettings, interruptible, manifest_in, reporting_failure


def test_the_room_is_sagemakers_unless_one_setting_moves_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert RoomSettings().base_dir == Path("/opt/ml")
    monkeypatch.setenv("TRAINING_BASE_DIR", "/elsewhere")
    room = Room(RoomSettings().base_dir)
    assert (room.data, room.model) == (Path("/elsewhere/input/data/training"), Path("/elsewhere/model"))


def test_hyperparameters_are_texts_or_refused(tmp_path: Path) -> None:
    room = Room(tmp_path)
    assert room.hyperparameters() == {}
    path = tmp_path / "input" / "config" / "hyperparameters.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"folds": "0/1/2"}', encoding="utf-8")
    assert room.hyperparameters() == {"folds": "0/1/2"}
    for wrong in ("[]", '{"folds": 3}', "{"):
        path.write_text(wrong, encoding="utf-8")
        with pytest.raises(RoomInvalid):
            room.hyperparameters()


def test_a_folder_without_a_manifest_says_what_it_looked_for(tmp_path: Path) -> None:
    with pytest.raises(RoomInvalid, match=r"no manifest\.csv and no lesions\.csv"):
        manifest_in(tmp_path)
    (tmp_path / "lesions.csv").touch()
    assert manifest_in(tmp_path).name == "lesions.csv"


def test_a_failure_is_written_for_sagemaker_and_gone_after_a_good_run(tmp_path: Path) -> None:
    room = Room(tmp_path)
    with pytest.raises(RoomInvalid), reporting_failure(room):
        raise RoomInvalid("no manifest")
    assert room.failure.read_text(encoding="utf-8") == "RoomInvalid: no manifest"
    with pytest.raises(ZeroDivisionError), reporting_failure(room):
        _ = 1 // 0
    assert "Traceback" in room.failure.read_text(encoding="utf-8")
    with reporting_failure(room):
        pass
    assert not room.failure.exists()


def test_sigterm_interrupts_and_the_handler_is_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)

    def be_ended() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()

    with pytest.raises(Interrupted), interruptible():
        be_ended()
    assert signal.getsignal(signal.SIGTERM) is before
