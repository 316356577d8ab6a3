from __future__ import annotations

import errno
import json
import os
import re
import signal
from pathlib import Path

import pytest

from training.errors import RoomInvalid
from training.job import (
    FAILURE_BYTES,
    METRIC_DEFINITIONS,
    Interrupted,
    Room,
    RoomSettings,
    hand_over,
    interruptible,
    manifest_in,
    metric_line,
    reporting_failure,
)


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
    told = room.failure.read_text(encoding="utf-8")
    assert told.startswith("ZeroDivisionError: ")
    assert "Traceback" in told
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


def config(tmp_path: Path, name: str, content: object) -> Room:
    path = tmp_path / "input" / "config" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return Room(tmp_path)


def test_what_a_failure_says_fits_the_console_and_begins_with_a_sentence(tmp_path: Path) -> None:
    room = Room(tmp_path)
    with pytest.raises(RuntimeError), reporting_failure(room):
        raise RuntimeError("ö" * 3000)
    told = room.failure.read_bytes()
    assert len(told) <= FAILURE_BYTES
    assert told.decode().startswith("RuntimeError: ö")


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        RuntimeError("Can't decrement id ref count (errno = 28, error message = 'No space left on device')"),
    ],
)
def test_a_full_disk_is_told_as_one_and_leaves_nothing_that_looks_like_a_model(
    tmp_path: Path, error: Exception
) -> None:
    room = Room(tmp_path)
    (room.model / "part").mkdir(parents=True)
    (room.model / "model.onnx").touch()
    with pytest.raises(type(error)), reporting_failure(room):
        raise error
    assert room.failure.read_text(encoding="utf-8").startswith("DiskFull: the disk is full")
    assert list(room.model.iterdir()) == []


def test_a_job_knows_its_machines_and_which_it_is(tmp_path: Path) -> None:
    assert (Room(tmp_path).resources().index, len(Room(tmp_path).resources().hosts)) == (0, 1)
    hosts = {"current_host": "algo-2", "hosts": ["algo-2", "algo-1"], "network_interface_name": "eth0"}
    assert config(tmp_path, "resourceconfig", hosts).resources().index == 1
    for wrong, why in (
        ({"current_host": "algo-3", "hosts": ["algo-1"]}, "is none of hosts algo-1"),
        ({"current_host": "a", "hosts": ["a", "a"]}, "names one twice"),
        ({"current_host": "a", "hosts": []}, "at least 1 item"),
    ):
        with pytest.raises(RoomInvalid, match=why):
            config(tmp_path, "resourceconfig", wrong).resources()


def test_channels_that_nothing_reads_or_that_came_in_parts_are_refused(tmp_path: Path) -> None:
    whole = {"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated", "RecordWrapperType": "None"}
    Room(tmp_path).check_channels()
    config(tmp_path, "inputdataconfig", {"training": whole, "manifest": whole, "weights": whole}).check_channels()
    with pytest.raises(RoomInvalid, match=r"'train' is not known; known are training.*there is no channel 'training'"):
        config(tmp_path, "inputdataconfig", {"train": whole}).check_channels()
    parts = {"training": {**whole, "S3DistributionType": "ShardedByS3Key", "TrainingInputMode": "Pipe"}}
    with pytest.raises(RoomInvalid, match=r"TrainingInputMode.*'File', found 'Pipe'.*'FullyReplicated'"):
        config(tmp_path, "inputdataconfig", parts).check_channels()


def test_a_channel_of_weights_has_one_file(tmp_path: Path) -> None:
    room = Room(tmp_path)
    assert (room.weights(), room.manifest()) == (None, None)
    folder = room.channel("weights")
    folder.mkdir(parents=True)
    with pytest.raises(RoomInvalid, match="found nothing"):
        room.weights()
    (folder / "start.weights.h5").touch()
    assert room.weights() == folder / "start.weights.h5"
    (folder / "other.npz").touch()
    with pytest.raises(RoomInvalid, match=r"found other\.npz, start\.weights\.h5"):
        room.weights()


def test_cloudwatch_reads_every_figure_of_an_epoch_from_its_line() -> None:
    row = {"loss": 0.5, "accuracy": 0.75, "val_loss": 1e-9, "val_accuracy": 1.0, "val_auroc": 0.875, "seconds": 12.5}
    line = metric_line({"epoch": 3, "phase": "head", **row})
    assert line.startswith("metric epoch=3 loss=0.5")
    found = {
        one["Name"]: float(match.group(1)) for one in METRIC_DEFINITIONS if (match := re.search(one["Regex"], line))
    }
    assert found == {**row, "val_loss": 0.0}
    (last,) = [one for one in METRIC_DEFINITIONS if re.search(one["Regex"], metric_line({"test_auroc": 0.9}))]
    assert last["Name"] == "test_auroc"
    # The limits of CreateTrainingJob.
    assert len(METRIC_DEFINITIONS) <= 40
    assert all(len(one["Name"]) <= 255 and len(one["Regex"]) <= 500 for one in METRIC_DEFINITIONS)


def test_a_package_is_handed_over_into_the_folder_that_is_there(tmp_path: Path) -> None:
    package, model = tmp_path / "packing", tmp_path / "model"
    package.mkdir()
    model.mkdir()
    for name in ("card.json", "manifest.json", "model.onnx"):
        (package / name).write_text(name, encoding="utf-8")
    (model / "older.onnx").touch()
    before = model.stat().st_ino
    hand_over(package, model)
    assert sorted(file.name for file in model.iterdir()) == ["card.json", "manifest.json", "model.onnx"]
    assert (model.stat().st_ino, package.exists()) == (before, False)
