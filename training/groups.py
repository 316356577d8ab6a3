"""For whom the model works: the test photos by sex, age, site, origin, confirmation and apparent skin tone.

Table, probabilities and skin tones in; card parts out. How a diagnosis was confirmed (`dx_type`) divides the figures
here and reaches no network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from functions.triage.card import Group, Grouping
from training.evaluate import first_photos, lesions_of, proportion
from training.metrics import auroc_interval

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from functions.triage.card import Cutoffs

# Fewer malignant or benign lesions than this give no figure: its interval would hold almost anything.
LEAST_LESIONS = 10
UNKNOWN = "not stated"

AGE_BANDS = ((0, "0-29"), (30, "30-44"), (45, "45-59"), (60, "60-74"), (75, "75 and over"))
BLUISH = "untold: bluish light"
# Lower ends, in degrees, of the individual typology angle (Del Bino and Bernerd 2013, Br J Dermatol 169 S3:33). Above
# 90 the skin is bluer than grey, which no skin is: it is the light, and the photo tells no tone.
SKIN_TONES = (
    (90, BLUISH),
    (55, "very light"),
    (41, "light"),
    (28, "intermediate"),
    (10, "tan"),
    (-30, "brown"),
    (-np.inf, "dark"),
)

ABOUT = {
    "sex": "As the archive states it.",
    "age": "Years, as the archive states them, rounded there to five.",
    "site": "Where the spot is, in the archive's terms; a torso may or may not be told front from back.",
    "origin": "The collection that a photo comes from.",
    "dx_type": "How the diagnosis was confirmed. Lesions that nobody cut out are easier; it is never an input.",
    "skin_tone": "Individual typology angle, atan((L - 50) / b) in CIELAB (Chardon 1991, Int J Cosmet Sci 13:191), "
    "of the skin around the lesion; limits of Del Bino and Bernerd 2013. Dermatoscopes bring their own light and "
    "nobody calibrated the cameras: it is the tone of the photo, not the skin type of the person. Looked at by eye, "
    "the photos called tan, brown and dark are mostly dimly lit light skin, so nothing is claimed for dark skin.",
}

_STRIDE_TO = 64  # pixels a side on which the tone is measured
_RING = 0.12  # of the side, on each edge: skin rather than lesion
# Of the ring by lightness: above hair, ink and dark corners, below glare.
_SKIN_QUANTILES = (0.5, 0.95)
_SRGB_LINEAR_UP_TO = 0.04045
_D65 = np.array([0.95047, 1.0, 1.08883])
_SRGB_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def groupings_of(
    table: pd.DataFrame, probability: NDArray[np.float64], cutoffs: Cutoffs, tones: NDArray[np.str_]
) -> dict[str, Grouping]:
    """Return the figures of each group of each grouping, the worst group named.

    Args:
        table: rows of the manifest, n of them.
        probability: P(malignant), (n,).
        cutoffs: of the bands.
        tones: of `skin_tones`, (n,).

    """
    columns = {
        "sex": _stated(table["sex"]),
        "age": age_bands(table["age_approx"].to_numpy(str)),
        "site": _stated(table["anatom_site_general_challenge"]),
        "origin": _stated(table["origin"]),
        "dx_type": _stated(table["dx_type"]),
        "skin_tone": tones,
    }
    return {name: _grouping(ABOUT[name], table, probability, cutoffs, column) for name, column in columns.items()}


def age_bands(ages: NDArray[np.str_]) -> NDArray[np.str_]:
    """Return the band of each age in years; `not stated` where it is not a number."""

    def band(age: str) -> str:
        if not age.replace(".", "", 1).isdigit():
            return UNKNOWN
        return [name for least, name in AGE_BANDS if float(age) >= least][-1]

    return np.array([band(age) for age in ages])


def skin_tones(squares: NDArray[np.uint8]) -> NDArray[np.str_]:
    """Return the apparent skin tone of each photo, uint8 (n, side, side, 3), sRGB."""
    angles = (typology_angle(square) for square in squares)
    return np.array([next(name for least, name in SKIN_TONES if angle > least) for angle in angles])


def typology_angle(square: NDArray[np.uint8]) -> float:
    """Return the individual typology angle of the skin around a lesion, degrees; larger is lighter.

    It is the median over those pixels of the photo's outer ring that lie between the 50th and the 95th percentile
    of the ring's lightness.

    Args:
        square: uint8 (side, side, 3), sRGB.

    """
    step = max(1, square.shape[0] // _STRIDE_TO)
    small = square[::step, ::step]
    width = max(1, round(_RING * small.shape[0]))
    is_ring = np.ones(small.shape[:2], dtype=bool)
    is_ring[width:-width, width:-width] = False
    lightness, _, yellowness = lab(small[is_ring]).T
    low, high = np.quantile(lightness, _SKIN_QUANTILES)
    is_skin = (lightness >= low) & (lightness <= high)
    return float(np.median(np.degrees(np.arctan2(lightness[is_skin] - 50, yellowness[is_skin]))))


def lab(colours: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return CIELAB (L 0..100, a, b; illuminant D65, CIE 15) of sRGB colours, uint8 (..., 3) (IEC 61966-2-1)."""
    encoded = np.asarray(colours, dtype=np.float64) / 255
    linear = np.where(encoded <= _SRGB_LINEAR_UP_TO, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    ratio = linear @ _SRGB_TO_XYZ.T / _D65
    delta = 6 / 29
    f = np.where(ratio > delta**3, np.cbrt(ratio), ratio / (3 * delta**2) + 4 / 29)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def _stated(column: pd.Series) -> NDArray[np.str_]:
    return column.where(column != "", UNKNOWN).to_numpy(str)


def _grouping(
    about: str, table: pd.DataFrame, probability: NDArray[np.float64], cutoffs: Cutoffs, column: NDArray[np.str_]
) -> Grouping:
    groups = []
    for name in sorted(set(column.tolist())):
        mask = column == name
        groups.append(_group(name, table[mask], probability[mask], cutoffs))
    judged = [group for group in groups if group.malignant_auroc and group.name not in {UNKNOWN, BLUISH}]
    worst = min(judged, key=lambda group: group.malignant_auroc.value if group.malignant_auroc else 1.0, default=None)
    return Grouping(about=about, groups=groups, worst=worst.name if worst and len(judged) > 1 else None)


def _group(name: str, part: pd.DataFrame, probability: NDArray[np.float64], cutoffs: Cutoffs) -> Group:
    is_malignant = part["target"].to_numpy() == 1
    lesions = lesions_of(part)
    first = first_photos(lesions)
    p, truth = probability[first], is_malignant[first]
    malignant, benign = int(truth.sum()), int((~truth).sum())
    few = [
        f"{count} {kind} lesions, {LEAST_LESIONS} wanted"
        for kind, count in (("malignant", malignant), ("benign", benign))
        if count < LEAST_LESIONS
    ]
    of_malignant = p[truth] if malignant >= LEAST_LESIONS else p[:0]
    of_benign = p[~truth] if benign >= LEAST_LESIONS else p[:0]
    return Group(
        name=name,
        photos=len(part),
        lesions=len(first),
        malignant_lesions=malignant,
        malignant_auroc=None if few else auroc_interval(is_malignant, probability, lesions),
        sensitivity_watch=proportion(of_malignant >= cutoffs.low_below),
        sensitivity_urgent=proportion(of_malignant >= cutoffs.urgent_from),
        specificity_watch=proportion(of_benign < cutoffs.low_below),
        specificity_urgent=proportion(of_benign < cutoffs.urgent_from),
        too_few="; ".join(few) or None,
    )
