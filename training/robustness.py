"""Under what the model works: the same photos blurred, compressed, badly lit, marked, cropped, turned, and attacked.

Every disturbance is drawn by program on the square that the network sees, from a seed. The scorer and the photos come
in, the card's table goes out.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter
from sklearn.metrics import roc_auc_score

from functions.triage.advice import RiskBand, risk_band
from functions.triage.card import Disturbance, Robustness
from training.evaluate import first_photos

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from functions.triage.scorer import Scorer

    Photo = Image.Image

# Of malignant and of benign lesions each: the 41 passes over twice as many photos stay within a few minutes.
MOST_OF_A_KIND = 150
ATTACK_QUERIES = 6
_ATTACK_STEPS = (2, 8)  # of 255
_ATTACKED_SIDE = 0.4  # of the photo's side: of the squares that the attack proposes
_BATCH = 16
_DRAWN_AT = 2  # marks are drawn so many times larger, and made small again with smooth edges

_HAIR_COLOURS = ((25, 18, 14), (52, 36, 26), (85, 60, 40))
_INK = (72, 40, 120)  # gentian violet, the surgeon's skin marker
_RULER = (20, 20, 20)


@dataclass(frozen=True)
class Change:
    """One kind of disturbance at one strength."""

    kind: str
    strength: str
    apply: Callable[[Photo, np.random.Generator], Photo]


def changes() -> list[Change]:
    """Return every disturbance but the attack, in the order of the table."""
    return [
        *(Change("blur", f"Gaussian, sigma {share:g} % of the side", _blurred(share)) for share in (0.5, 1, 2)),
        *(Change("JPEG", f"quality {quality}", _compressed(quality)) for quality in (50, 20, 10)),
        *(Change("brightness", f"times {gain:g}", _brightened(gain)) for gain in (0.5, 0.75, 1.3)),
        *(Change("white balance", f"{name}, red and blue by {share:g} %", _balanced(share, sign))
          for name, sign, share in (("warm", 1, 10), ("warm", 1, 20), ("cool", -1, 20))),
        *(Change("hair", f"{count} hairs", _haired(count)) for count in (5, 15, 40)),
        *(Change("ink", f"{count} strokes around the centre", _inked(count)) for count in (2, 6)),
        *(Change("ruler", f"along {count} edge{'s' if count > 1 else ''}", _ruled(count)) for count in (1, 2)),
        *(Change("crop", f"{share:g} % of the side, off the centre", _cropped(share)) for share in (90, 75, 60)),
        *(Change("zoom out", f"to {share:g} % of the side, edges mirrored", _shrunk(share)) for share in (80, 60)),
        *(Change("rotation", f"{degrees} degrees, edges mirrored", _turned(degrees)) for degrees in (15, 45, 90)),
    ]  # fmt: skip


def disturbances() -> int:
    """Return how many rows the table has."""
    return len(changes()) + len(_ATTACK_STEPS)


def photos_to_disturb(is_malignant: NDArray[np.bool_], lesions: NDArray[np.str_], seed: int = 0) -> NDArray[np.int64]:
    """Return the rows to disturb: one photo a lesion, as many benign as malignant, at most 150 of each."""
    random = np.random.default_rng(seed)
    first = first_photos(lesions)
    kinds = [first[is_malignant[first]], first[~is_malignant[first]]]
    count = min(MOST_OF_A_KIND, *(len(kind) for kind in kinds))
    return np.sort(np.concatenate([random.choice(kind, count, replace=False) for kind in kinds]))


def robustness_of(
    scorer: Scorer,
    squares: NDArray[np.uint8],
    is_malignant: NDArray[np.bool_],
    *,
    seed: int = 0,
    on_progress: Callable[[int], None] = lambda _done: None,
) -> Robustness:
    """Return how AUROC and bands change under each disturbance.

    Args:
        scorer: the loaded model package; its card's cut-offs make the bands.
        squares: uint8 (n, size, size, 3), undisturbed, of both kinds.
        is_malignant: (n,).
        seed: of every drawn mark.
        on_progress: called with the number of disturbances done.

    """
    plain = _malignant(scorer, squares)
    auroc = float(roc_auc_score(is_malignant, plain))
    bands = _bands(scorer, plain)
    found = []

    def compare(kind: str, strength: str, probability: NDArray[np.float64]) -> None:
        disturbed = float(roc_auc_score(is_malignant, probability))
        now = _bands(scorer, probability)
        newly_low = (now == RiskBand.LOW) & (bands != RiskBand.LOW) & is_malignant
        found.append(
            Disturbance(
                kind=kind,
                strength=strength,
                malignant_auroc=disturbed,
                fall=auroc - disturbed,
                band_changed=float((now != bands).mean()),
                malignant_newly_low=float(newly_low.sum() / is_malignant.sum()),
            )
        )
        on_progress(len(found))

    for number, change in enumerate(changes()):
        compare(change.kind, change.strength, _malignant(scorer, disturbed_squares(squares, change, (seed, number))))
    for step in _ATTACK_STEPS:
        attacked = attacked_squares(scorer, squares, is_malignant, step=step, seed=seed)
        strength = f"each value by at most {step} of 255, {ATTACK_QUERIES} queries"
        compare("adversarial (Square Attack, scores alone)", strength, _malignant(scorer, attacked))
    worst = max(found, key=lambda disturbance: disturbance.fall)
    return Robustness(
        photos=len(squares),
        malignant_photos=int(is_malignant.sum()),
        malignant_auroc=auroc,
        seed=seed,
        disturbances=found,
        worst=f"{worst.kind}, {worst.strength}",
    )


def disturbed_squares(squares: NDArray[np.uint8], change: Change, seed: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return each square (n, size, size, 3) disturbed, its marks drawn from the seed and its own row number."""
    photos = (Image.fromarray(square) for square in squares)
    changed = [change.apply(photo, np.random.default_rng((*seed, row))) for row, photo in enumerate(photos)]
    return np.stack([np.asarray(photo) for photo in changed])


def attacked_squares(
    scorer: Scorer, squares: NDArray[np.uint8], is_malignant: NDArray[np.bool_], *, step: int, seed: int
) -> NDArray[np.uint8]:
    """Return squares changed by at most `step` a value so that P(malignant) errs more, found by asking alone.

    The first steps of the Square Attack (Andriushchenko 2020, arXiv 1912.00049, algorithm 1): stripes of +-step, then
    squares of +-step at random places, each kept where the answer gets worse. It needs no gradients, which the ONNX
    file has not, and is weaker than an attack that has them or more queries: its fall is a lower bound.
    """
    random = np.random.default_rng((seed, step))
    count, size = squares.shape[:2]
    wanted = np.where(is_malignant, -1.0, 1.0)
    best = squares
    worst_yet = wanted * _malignant(scorer, squares)
    shift = np.zeros(squares.shape, dtype=np.int16)
    for query in range(ATTACK_QUERIES):
        proposed = shift.copy()
        if query == 0:
            proposed += random.choice((-step, step), (count, 1, size, 3)).astype(np.int16)
        else:
            side = max(1, round(_ATTACKED_SIDE * size))
            corners = random.integers(0, size - side + 1, (count, 2))
            signs = random.choice((-step, step), (count, 3))
            for row, (top, left) in enumerate(corners):
                proposed[row, top : top + side, left : left + side] = signs[row]
        tried = np.clip(squares + proposed, 0, 255).astype(np.uint8)
        errs = wanted * _malignant(scorer, tried)
        better = errs > worst_yet
        shift = np.where(better[:, None, None, None], proposed, shift)
        best = np.where(better[:, None, None, None], tried, best)
        worst_yet = np.maximum(errs, worst_yet)
    return best


def _malignant(scorer: Scorer, squares: NDArray[np.uint8]) -> NDArray[np.float64]:
    starts = range(0, len(squares), _BATCH)
    logits = np.concatenate([scorer.logits(squares[start : start + _BATCH]) for start in starts])
    return scorer.malignant(scorer.calibrated(logits))


def _bands(scorer: Scorer, probability: NDArray[np.float64]) -> NDArray[np.str_]:
    return np.array([risk_band(value, scorer.card.cutoffs) for value in probability])


def _blurred(percent: float) -> Callable[[Photo, np.random.Generator], Photo]:
    return lambda photo, _: photo.filter(ImageFilter.GaussianBlur(percent / 100 * photo.width))


def _compressed(quality: int) -> Callable[[Photo, np.random.Generator], Photo]:
    def apply(photo: Photo, _: np.random.Generator) -> Photo:
        file = io.BytesIO()
        photo.save(file, "JPEG", quality=quality)
        return Image.open(file).convert("RGB")

    return apply


def _brightened(gain: float) -> Callable[[Photo, np.random.Generator], Photo]:
    return lambda photo, _: ImageEnhance.Brightness(photo).enhance(gain)


def _balanced(percent: float, sign: int) -> Callable[[Photo, np.random.Generator], Photo]:
    gains = np.array([1 + sign * percent / 100, 1, 1 - sign * percent / 100])
    return lambda photo, _: Image.fromarray((np.asarray(photo) * gains).clip(0, 255).round().astype(np.uint8))


def _haired(count: int) -> Callable[[Photo, np.random.Generator], Photo]:
    def draw(canvas: ImageDraw.ImageDraw, size: int, random: np.random.Generator) -> None:
        along = np.linspace(0, 1, 24)[:, np.newaxis]
        for _ in range(count):
            start, middle = random.uniform(0, size, (2, 2))
            end = start + (middle - start) * random.uniform(1, 3)
            # A quadratic Bezier curve, slightly bent.
            middle = (start + end) / 2 + random.normal(0, size / 12, 2)
            curve = (1 - along) ** 2 * start + 2 * along * (1 - along) * middle + along**2 * end
            colour = _HAIR_COLOURS[random.integers(len(_HAIR_COLOURS))]
            width = max(1, round(size * random.uniform(0.004, 0.009)))
            canvas.line([(float(x), float(y)) for x, y in curve], fill=(*colour, 230), width=width)

    return _marked(draw)


def _inked(count: int) -> Callable[[Photo, np.random.Generator], Photo]:
    def draw(canvas: ImageDraw.ImageDraw, size: int, random: np.random.Generator) -> None:
        for _ in range(count):
            angle, length = random.uniform(0, 360), random.uniform(15, 45)
            radius = size * random.uniform(0.32, 0.44)
            box = (size / 2 - radius, size / 2 - radius, size / 2 + radius, size / 2 + radius)
            canvas.arc(box, angle, angle + length, fill=(*_INK, 200), width=max(1, round(0.02 * size)))

    return _marked(draw)


def _ruled(edges: int) -> Callable[[Photo, np.random.Generator], Photo]:
    def draw(canvas: ImageDraw.ImageDraw, size: int, random: np.random.Generator) -> None:
        width = max(1, round(0.004 * size))
        for edge in range(edges):
            distance, tick = size * random.uniform(0.04, 0.12), size / 40
            for number in range(41):
                length = size * (0.05 if number % 10 == 0 else 0.035 if number % 5 == 0 else 0.02)
                at = number * tick
                line = [(at, size - distance), (at, size - distance + length)]
                points = line if edge == 0 else [(y, x) for x, y in line]
                canvas.line(points, fill=(*_RULER, 235), width=width)

    return _marked(draw)


def _marked(
    draw: Callable[[ImageDraw.ImageDraw, int, np.random.Generator], None],
) -> Callable[[Photo, np.random.Generator], Photo]:
    def apply(photo: Photo, random: np.random.Generator) -> Photo:
        size = _DRAWN_AT * photo.width
        layer = Image.new("RGBA", (size, size))
        draw(ImageDraw.Draw(layer), size, random)
        layer = layer.resize(photo.size, Image.Resampling.BOX)
        return Image.alpha_composite(photo.convert("RGBA"), layer).convert("RGB")

    return apply


def _cropped(percent: float) -> Callable[[Photo, np.random.Generator], Photo]:
    def apply(photo: Photo, random: np.random.Generator) -> Photo:
        side = percent / 100 * photo.width
        left, top = (float(value) for value in random.uniform(0, photo.width - side, 2))
        return photo.resize(photo.size, Image.Resampling.BICUBIC, box=(left, top, left + side, top + side))

    return apply


def _shrunk(percent: float) -> Callable[[Photo, np.random.Generator], Photo]:
    def apply(photo: Photo, _: np.random.Generator) -> Photo:
        margin = round(photo.width * (100 / percent - 1) / 2)
        return _mirrored_beyond(photo, margin).resize(photo.size, Image.Resampling.BICUBIC, reducing_gap=3.0)

    return apply


def _turned(degrees: int) -> Callable[[Photo, np.random.Generator], Photo]:
    def apply(photo: Photo, _: np.random.Generator) -> Photo:
        margin = photo.width // 4  # the corners of a turned square reach 0.21 of its side beyond it
        wide = _mirrored_beyond(photo, margin).rotate(degrees, Image.Resampling.BICUBIC)
        return wide.crop((margin, margin, margin + photo.width, margin + photo.width))

    return apply


def _mirrored_beyond(photo: Photo, margin: int) -> Photo:
    return Image.fromarray(np.pad(np.asarray(photo), ((margin, margin), (margin, margin), (0, 0)), "reflect"))
