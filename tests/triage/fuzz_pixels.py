"""Wound drawn photos at random for as long as wanted, and count what becomes of them.

    python -m tests.triage.fuzz_pixels --seconds 120

Every photo must become pixels or a typed rejection, without a warning and within a few seconds. A finding is printed
with its number; `--seed S --only N` makes that very photo again.
"""

from __future__ import annotations

import argparse
import faulthandler
import itertools
import resource
import sys
import time
import traceback
import warnings
from collections import Counter
from random import Random

import numpy as np

from functions.common.problems import PhotoRejected
from functions.triage.pixels import square_pixels
from tests.triage.photos import mutated, readable_photo, readable_photos

SIZE = 64
TOO_LONG_S = 5.0


def outcome(photo: bytes) -> str:
    """Return `pixels` or the name of the rejection; anything else than these is an error."""
    try:
        square = square_pixels(photo, SIZE)
    except PhotoRejected as rejection:
        return type(rejection).__name__
    assert square.shape == (SIZE, SIZE, 3)
    assert square.dtype == np.uint8
    assert square.base is None
    return "pixels"


def wounded_photo(seed: int, number: int) -> tuple[str, bytes]:
    """Return the name of a drawn photo and its wounded bytes: the same for the same numbers."""
    random = Random(f"{seed}/{number}")  # noqa: S311 - nothing is secret here
    name = random.choice(list(readable_photos()))
    return name, mutated(readable_photo(name), random)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to go on (default: 60)")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other photos (default: 0)")
    parser.add_argument("--only", type=int, metavar="N", help="only the photo of this number")
    wanted = parser.parse_args()
    faulthandler.enable()
    warnings.simplefilter("error")
    ends = time.monotonic() + wanted.seconds
    outcomes: Counter[str] = Counter()
    slowest, findings = (0.0, -1), 0
    for number in itertools.count() if wanted.only is None else [wanted.only]:
        if time.monotonic() > ends:
            break
        name, photo = wounded_photo(wanted.seed, number)
        began = time.perf_counter()
        try:
            outcomes[outcome(photo)] += 1
        except Exception:
            findings += 1
            sys.stderr.write(f"--seed {wanted.seed} --only {number} ({name})\n{traceback.format_exc()}\n")
        took_s = time.perf_counter() - began
        slowest = max(slowest, (took_s, number))
        if took_s > TOO_LONG_S:
            findings += 1
            sys.stderr.write(f"--seed {wanted.seed} --only {number} ({name}) took {took_s:.1f} s\n")
        if number % 1000 == 0:
            sys.stderr.write(f"{number} photos, {findings} findings\n")
    for result, count in outcomes.most_common():
        sys.stdout.write(f"{count:8d}  {result}\n")
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(
        f"{findings:8d}  findings\nslowest {slowest[0]:.2f} s (number {slowest[1]}); peak {peak_mb:.0f} MB\n"
    )
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
