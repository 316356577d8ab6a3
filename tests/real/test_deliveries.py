"""The way in, on the real photos: what is recognised as a copy, what by mistake, and how long a delivery takes.

`pytest tests/real/test_deliveries.py -s` prints the figures.
"""

from __future__ import annotations

import csv
import io
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from functions.triage.pixels import square_pixels
from tests.training.delivered import NOW, no_bar
from training.deliveries import check_folder
from training.likeness import ALIKE_BITS, COPY_BITS, SIDE, likeness, twins

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from training.deliveries import Checked

STEP = 60
TEST_FOLD = "8"


def say(figure: str) -> None:
    sys.stdout.write(f"\n{figure}")


@pytest.fixture(scope="module")
def checked(lesions: Path) -> tuple[Checked, float]:
    start = time.perf_counter()
    found = check_folder(lesions, "lesions", None, now=NOW, most_broken=0.2, bar=no_bar)
    return found, time.perf_counter() - start


def test_the_whole_set_is_checked_in_reasonable_time(checked: tuple[Checked, float]) -> None:
    found, seconds = checked
    say(f"{found.report.rows:,} rows checked in {seconds:.0f} s; {found.report.verdict()}")
    assert [(said.line, said.rule) for said in found.report.complaints] == [(10436, "content comes once")]
    assert seconds < 0.02 * found.report.rows


def test_other_lesions_are_seldom_taken_for_test_photos(checked: tuple[Checked, float]) -> None:
    rows = [row for row in checked[0].rows if row.sha256]
    test = [row for row in rows if row.values["fold"] == TEST_FOLD]
    others = [row for row in rows if row.values["fold"] != TEST_FOLD]
    found = twins([row.likeness for row in others], [row.likeness for row in test])
    false = {bits: len({twin.one for twin in found if twin.bits <= bits}) for bits in (COPY_BITS, ALIKE_BITS)}
    for bits, count in false.items():
        say(f"{count} of {len(others):,} photos differ by at most {bits} bits from a test photo of another lesion")
    assert false[COPY_BITS] <= 0.0005 * len(others)
    assert false[ALIKE_BITS] <= 0.002 * len(others)


def test_listed_near_duplicates_are_found_in_good_part(lesions: Path, checked: tuple[Checked, float]) -> None:
    """The list leans to over-linking and holds look-alikes, told by fine texture too; copies are in the next test."""
    hashes = {row.name: row.likeness for row in checked[0].rows}
    with (lesions / "near_duplicates.csv").open(encoding="utf-8", newline="") as rows:
        pairs = [
            (row["image_a"], row["image_b"], row["evidence"].split()[0])
            for row in csv.DictReader(rows)
            if row["image_a"] in hashes and row["image_b"] in hashes
        ]
    share = {}
    for evidence in ("hash", "highpass", "corr"):
        listed = [(one, other) for one, other, by in pairs if by == evidence]
        for bits in (COPY_BITS, ALIKE_BITS):
            near = [
                pair for one, other in listed for pair in twins([hashes[one]], [hashes[other]]) if pair.bits <= bits
            ]
            share[evidence, bits] = len(near) / len(listed)
            say(f"{share[evidence, bits]:.0%} of {len(listed)} pairs listed by {evidence} within {bits} bits")
    assert share["hash", COPY_BITS] >= 0.5
    assert share["hash", ALIKE_BITS] >= 0.65


def jpeg(image: Image.Image, quality: int = 90) -> bytes:
    file = io.BytesIO()
    image.convert("RGB").save(file, "JPEG", quality=quality)
    return file.getvalue()


def without_rim(image: Image.Image, share: float) -> Image.Image:
    return ImageOps.crop(image, round(share * min(image.size)))


def warmer(image: Image.Image) -> Image.Image:
    return Image.fromarray((np.asarray(image) * [1.15, 0.9, 0.8]).clip(0, 255).astype(np.uint8))


COPIES: dict[str, tuple[Callable[[Image.Image], bytes], int, float]] = {
    "JPEG of quality 20": (lambda image: jpeg(image, 20), COPY_BITS, 0.99),
    "half the size": (lambda image: jpeg(image.resize((image.width // 2, image.height // 2))), COPY_BITS, 0.99),
    "double the size": (lambda image: jpeg(image.resize((2 * image.width, 2 * image.height))), COPY_BITS, 0.99),
    "mirrored": (lambda image: jpeg(ImageOps.mirror(image)), COPY_BITS, 0.99),
    "a quarter turn": (lambda image: jpeg(image.transpose(Image.Transpose.ROTATE_90)), COPY_BITS, 0.99),
    "half a turn": (lambda image: jpeg(image.transpose(Image.Transpose.ROTATE_180), 50), COPY_BITS, 0.99),
    "mirrored and turned": (lambda image: jpeg(image.transpose(Image.Transpose.TRANSPOSE)), COPY_BITS, 0.99),
    "brighter": (lambda image: jpeg(ImageEnhance.Brightness(image).enhance(1.2)), COPY_BITS, 0.99),
    "more contrast": (lambda image: jpeg(ImageEnhance.Contrast(image).enhance(1.3)), COPY_BITS, 0.99),
    "blurred by 1 px": (lambda image: jpeg(image.filter(ImageFilter.GaussianBlur(1))), COPY_BITS, 0.99),
    "recoloured": (lambda image: jpeg(warmer(image)), COPY_BITS, 0.99),
    "cut to its square": (lambda image: jpeg(ImageOps.fit(image, (256, 256))), COPY_BITS, 0.99),
    "1 % of rim cut away": (lambda image: jpeg(without_rim(image, 0.01)), COPY_BITS, 0.99),
    "3 % of rim cut away": (lambda image: jpeg(without_rim(image, 0.03)), ALIKE_BITS, 0.4),
    "turned by 2 degrees": (lambda image: jpeg(image.rotate(2, Image.Resampling.BICUBIC)), ALIKE_BITS, 0.8),
}


@pytest.mark.parametrize("kind", COPIES)
def test_copies_are_recognised(kind: str, lesions: Path, checked: tuple[Checked, float]) -> None:
    copied, bits, least = COPIES[kind]
    sample = checked[0].good[::STEP]
    found = 0
    for row in sample:
        with Image.open(lesions / row.path) as image:
            copy = likeness(square_pixels(copied(image.convert("RGB")), SIDE))
        found += any(twin.bits <= bits for twin in twins([copy], [row.likeness]))
    say(f"{kind}: {found} of {len(sample)} copies within {bits} bits")
    assert found >= least * len(sample)
