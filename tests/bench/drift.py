"""Drift on real photos: how often a quiet day rings, and from how many photos a day a shift is found.

`python -m tests.bench.drift`: the population are the test photos, each day a sample of them, against the reference in
the shipped package; a shift is drawn into the photos themselves. Some minutes: every photo is answered.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter
from rich.console import Console
from rich.table import Table

from functions.monitoring.drift import compared
from functions.monitoring.sketch import QUANTITIES, Reference, table
from functions.triage.answer import answer_photo, measured
from functions.triage.scorer import SHIPPED_MODEL, load_scorer
from tests.conftest import LESIONS
from training.run import Folds, read_split

DAYS = 100
SIZES = (200, 400, 1000)
SHIFTED_PHOTOS = 300


def cast(image: Image.Image) -> Image.Image:
    """Another camera: redder, less blue."""
    pixels = np.asarray(image, float) * (1.1, 1.0, 0.88)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


SHIFTS = {
    "colour cast of another camera": cast,
    "blur": lambda image: image.filter(ImageFilter.GaussianBlur(1.5)),
    "darker by a quarter": lambda image: image.point(lambda value: int(0.75 * value)),
}


def values(files: list[str], change=lambda image: image) -> tuple[np.ndarray, np.ndarray]:
    """Return the measured rows of photos, and which of them have no score."""
    scorer = load_scorer(threads=2)
    rows, unsure = [], []
    for file in files:
        target = io.BytesIO()
        with Image.open(file) as image:
            change(image.convert("RGB")).save(target, "PNG", compress_level=1)
        found, timings = answer_photo(target.getvalue(), scorer, prediction_id="", request_id="")
        seen = measured(found, timings)
        rows.append([seen.get(name, np.nan) for name in QUANTITIES])
        unsure.append(found.score is None)
    return np.array(rows), np.array(unsure)


def main() -> None:
    """Print both tables."""
    reference = Reference.model_validate_json((SHIPPED_MODEL / "reference.json").read_bytes())
    against = table(reference.rows)
    test = read_split(LESIONS, Folds())[1].test
    rows, unsure = values(list(test["file"]))
    is_malignant = test["target"].to_numpy() == 1

    def rings(seed: int, day: np.ndarray, without: np.ndarray) -> bool:
        shares = ((int(without.sum()), len(without)), (reference.unsure, reference.photos))
        return any(found.alarm for found in compared(day, against, shares, np.random.default_rng(seed)))

    def day(size: int, seed: int, of: np.ndarray, no: np.ndarray, p: np.ndarray | None = None) -> bool:
        taken = np.random.default_rng(seed).choice(len(of), size, p=p)
        return rings(seed, of[taken], no[taken])

    printed = Table("a day's photos", *map(str, SIZES), title=f"days that ring, of {DAYS} each")
    printed.add_row("quiet", *(str(sum(day(size, seed, rows, unsure) for seed in range(DAYS))) for size in SIZES))
    tripled = np.where(is_malignant, 3.0, 1.0)
    shifted = {"malignant photos three times as often": (rows, unsure, tripled / tripled.sum())}
    files = list(test["file"].iloc[:: max(1, len(test) // SHIFTED_PHOTOS)])
    shifted |= {name: (*values(files, change), None) for name, change in SHIFTS.items()}
    for name, (of, no, p) in shifted.items():
        printed.add_row(name, *(str(sum(day(size, seed, of, no, p) for seed in range(DAYS))) for size in SIZES))
    Console(width=100).print(printed)


if __name__ == "__main__":
    assert Path(LESIONS).is_dir(), f"no photos in {LESIONS}"
    main()
