"""For whom the model works: the test photos by sex, age, site, origin, confirmation and apparent skin tone.

Table, probabilities and skin tones in; card parts out. How a diagnosis was confirmed (`dx_type`) divides the figures
here and reaches no network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from functions.triage.card import Group, Grouping
from functions.triage.tone import typology_angle
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
