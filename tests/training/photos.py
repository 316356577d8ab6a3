"""A small labelled set that the tests draw: one colour a diagnosis, so that even a toy network can learn it."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from training.manifest import DIAGNOSES

if TYPE_CHECKING:
    from pathlib import Path

SIDE = 120


def draw_set(folder: Path, *, lesions: int, folds: int) -> Path:
    """Draw two photos of each lesion, write `manifest.csv`, and return the folder."""
    (folder / "images").mkdir(parents=True)
    random = np.random.default_rng(1)
    rows = []
    for lesion in range(lesions):
        diagnosis = DIAGNOSES[lesion % len(DIAGNOSES)]
        colour = 30 * np.array([1 + lesion % 7, 7 - lesion % 7, 3])
        for view in range(2):
            name = f"photo_{lesion:03d}_{view}"
            noise = random.integers(-20, 20, (SIDE, SIDE + 20, 3))
            Image.fromarray((colour + noise).clip(0, 255).astype(np.uint8)).save(folder / "images" / f"{name}.png")
            rows.append(
                {
                    "image_name": name,
                    "path": f"images/{name}.png",
                    "lesion_id": f"lesion_{lesion:03d}",
                    "diagnosis": diagnosis,
                    "origin": "drawn_here" if lesion % 2 else "drawn_there",
                    "licence": "CC0",
                    "fold": str(lesion // len(DIAGNOSES) % folds),
                }
            )
    write_manifest(folder / "manifest.csv", rows)
    return folder


def write_manifest(path: Path, rows: list[dict[str, str]]) -> Path:
    """Write rows as CSV and return the path."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path
