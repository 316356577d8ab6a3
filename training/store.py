"""The photos of a manifest as one array on disk, made once through the serving pixels and then mapped."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from functions.common.problems import PhotoRejected
from functions.triage import pixels
from training.errors import ManifestInvalid

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

# Side of the stored squares: the short side of the archive's small copies, above every input size in use.
STORED_SIZE = 256


def open_store(
    files: Sequence[str],
    folder: Path,
    *,
    size: int = STORED_SIZE,
    on_progress: Callable[[int], None] = lambda _done: None,
) -> NDArray[np.uint8]:
    """Return every photo's centre square, decoding only when the store does not exist yet.

    Args:
        files: the photos' paths, in the order wanted.
        folder: where stores live; one is named by its files, their sizes in bytes, the side and the source
            text of `pixels`, so that a changed preprocessing never meets old pixels.
        size: side of the squares in pixels.
        on_progress: called with the number of photos decoded so far.

    Returns:
        Read-only memory-mapped uint8 array of shape (len(files), size, size, 3), sRGB.

    Raises:
        ManifestInvalid: naming every photo that is missing or cannot be read; nothing is left behind.

    """
    missing = [file for file in files if not Path(file).is_file()]
    if missing:
        raise ManifestInvalid(folder, [f"{file}: no such photo" for file in missing])
    path = folder / f"photos-{size}-{_key(files, size)}.npy"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _write(files, path, size, on_progress)
    stored: NDArray[np.uint8] = np.load(path, mmap_mode="r")
    return stored


def _write(files: Sequence[str], path: Path, size: int, on_progress: Callable[[int], None]) -> None:
    partial = path.with_suffix(".partial")
    array = np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=(len(files), size, size, 3))
    complaints: list[str] = []

    def decode(row: int) -> str | None:
        try:
            array[row] = pixels.square_pixels(Path(files[row]).read_bytes(), size)
        except PhotoRejected as rejection:
            return f"{files[row]}: {rejection.detail}"
        return None

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done, complaint in enumerate(pool.map(decode, range(len(files))), start=1):
            if complaint:
                complaints.append(complaint)
            on_progress(done)
    array.flush()
    if complaints:
        partial.unlink()
        raise ManifestInvalid(path, complaints)
    partial.rename(path)


def _key(files: Sequence[str], size: int) -> str:
    digest = hashlib.sha256(Path(pixels.__file__).read_bytes())
    digest.update(f"{size}\n".encode())
    for file in files:
        digest.update(f"{file} {Path(file).stat().st_size}\n".encode())
    return digest.hexdigest()[:16]
