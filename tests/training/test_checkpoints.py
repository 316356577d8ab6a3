from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

from training.checkpoints import Progress, network_file, restored, save, weights_file, write_file
from training.errors import RoomInvalid

if TYPE_CHECKING:
    from pathlib import Path


class Network:
    """Saves as Keras does, to the path that it is given."""

    def __init__(self, content: bytes = b"network") -> None:
        self.content = content

    def save(self, file: Path) -> None:
        file.write_bytes(self.content)


def epochs(folder: Path, count: int, best: int = 0) -> Progress:
    """Go through some epochs, of which one has the best weights."""
    folder.mkdir(exist_ok=True)
    progress = Progress("ours")
    for epoch in range(count):
        weights = weights_file(folder, epoch)
        progress.sha256[weights.name] = write_file(weights, lambda file: file.write_bytes(b"weights"))
        progress.epochs.append({"loss": 1 / (epoch + 1)})
        save(Network(b"%d" % epoch), progress, folder, [min(best, epoch)])
    return progress


def test_a_folder_with_nothing_in_it_is_the_beginning(tmp_path: Path) -> None:
    assert restored(tmp_path / "absent", "ours") == Progress("ours")


def test_the_last_epoch_is_where_it_goes_on(tmp_path: Path) -> None:
    progress = epochs(tmp_path, 12)
    assert restored(tmp_path, "ours") == progress
    assert network_file(tmp_path, 11).read_bytes() == b"11"


def test_the_last_two_are_kept_with_all_that_they_need_and_no_more(tmp_path: Path) -> None:
    epochs(tmp_path, 5, best=1)
    (tmp_path / "partial-epoch-03.keras").touch()
    epochs(tmp_path, 6, best=1)
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "epoch-02.weights.h5",
        "epoch-05.json",
        "epoch-05.keras",
        "epoch-06.json",
        "epoch-06.keras",
    ]


@pytest.mark.parametrize("name", ["epoch-03.json", "epoch-03.keras", "epoch-03.weights.h5"])
@pytest.mark.parametrize("change", ["cut short", "absent"])
def test_a_checkpoint_that_is_not_whole_gives_way_to_the_one_before(tmp_path: Path, name: str, change: str) -> None:
    epochs(tmp_path, 3, best=2)
    file = tmp_path / name
    if change == "absent":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-1])
    assert len(restored(tmp_path, "ours").epochs) == 2


def test_other_settings_or_photos_are_refused(tmp_path: Path) -> None:
    epochs(tmp_path, 1)
    with pytest.raises(RoomInvalid, match="other settings or photos"):
        restored(tmp_path, "another's")


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    progress = epochs(tmp_path, 2)

    class Full(Network):
        def save(self, file: Path) -> None:
            file.write_bytes(b"ha")
            raise OSError(errno.ENOSPC, "No space left on device")

    progress.epochs.append({"loss": 0.1})
    with pytest.raises(OSError, match="No space"):
        save(Full(), progress, tmp_path, [0])
    assert len(restored(tmp_path, "ours").epochs) == 2
    assert not list(tmp_path.glob("partial-*"))
