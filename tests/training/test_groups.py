from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from functions.triage.card import Cutoffs
from functions.triage.tone import lab, typology_angle
from training.groups import UNKNOWN, age_bands, groupings_of, skin_tones

CUTOFFS = Cutoffs(low_below=0.2, urgent_from=0.6, guarantee="for the test")
LESION = (90, 50, 40)


def people(rows: int) -> pd.DataFrame:
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "image_name": [f"photo_{row}" for row in range(rows)],
            "lesion_id": [f"lesion_{row // 2}" for row in range(rows)],
            "sex": random.choice(["female", "male", ""], rows),
            "age_approx": random.choice(["25", "50", "80", ""], rows),
            "anatom_site_general_challenge": "torso",
            "origin": "here",
            "dx_type": "histo",
            "target": np.repeat(random.random(rows // 2) < 0.4, 2).astype("int64"),
        }
    )


def test_the_group_on_which_the_score_knows_nothing_is_named_worst() -> None:
    table = people(600)
    random = np.random.default_rng(1)
    p = np.where(table["target"] == 1, 0.7, 0.2) + random.uniform(-0.15, 0.15, 600)
    is_male = (table["sex"] == "male").to_numpy()
    p[is_male] = random.random(is_male.sum())
    found = groupings_of(table, p, CUTOFFS, np.full(600, "light"))
    assert found["sex"].worst == "male"
    assert found["skin_tone"].worst is None  # one group alone is not the worst
    female = next(group for group in found["sex"].groups if group.name == "female")
    assert female.malignant_auroc is not None
    assert female.malignant_auroc.value > 0.99
    assert {group.name for group in found["sex"].groups} == {"female", "male", UNKNOWN}
    assert sum(group.photos for group in found["sex"].groups) == 600


def test_shares_count_lesions_by_their_first_photo() -> None:
    table = people(400)
    p = np.tile([0.1, 0.9], 200)  # each lesion's first photo scores low
    group = groupings_of(table, p, CUTOFFS, np.full(400, "light"))["origin"].groups[0]
    assert (group.photos, group.lesions) == (400, 200)
    assert group.sensitivity_watch is not None
    assert group.specificity_urgent is not None
    assert (group.sensitivity_watch.count, group.sensitivity_watch.of) == (0, group.malignant_lesions)
    assert group.specificity_urgent.value == 1


def test_a_group_too_small_says_so_instead_of_a_figure() -> None:
    table = people(60).assign(dx_type=["histo"] * 50 + ["confocal"] * 10)
    table.loc[50:, "target"] = [1, 1, 1, 1, 1, 1, 1, 1, 0, 0]
    p = np.linspace(0, 1, 60)
    small = next(
        group for group in groupings_of(table, p, CUTOFFS, np.full(60, "tan"))["dx_type"].groups if group.too_few
    )
    assert small.name == "confocal"
    assert small.too_few == "4 malignant lesions, 10 wanted; 1 benign lesions, 10 wanted"
    assert small.malignant_auroc is None
    assert small.sensitivity_watch is None


def test_ages_fall_into_bands() -> None:
    ages = np.array(["0", "29", "30", "44.5", "60", "85", "", "old"])
    expected = ["0-29", "0-29", "30-44", "30-44", "60-74", "75 and over", UNKNOWN, UNKNOWN]
    assert age_bands(ages).tolist() == expected


def test_colours_have_the_cielab_values_of_the_standard() -> None:
    found = lab(np.array([[255, 255, 255], [0, 0, 0], [255, 0, 0], [128, 128, 128]], dtype=np.uint8))
    # sRGB red is (53.24, 80.09, 67.20) and grey 128 has L 53.59 under D65.
    expected = [[100, 0, 0], [0, 0, 0], [53.24, 80.09, 67.20], [53.59, 0, 0]]
    np.testing.assert_allclose(found, expected, atol=0.03)


def drawn(skin: tuple[int, int, int]) -> np.ndarray:
    photo = np.empty((128, 128, 3), dtype=np.uint8)
    photo[:] = skin
    photo[40:90, 40:90] = LESION
    return photo


@pytest.mark.parametrize(
    ("skin", "tone"),
    [
        ((245, 225, 215), "very light"),
        ((205, 170, 140), "light"),
        ((190, 185, 205), "untold: bluish light"),
        ((150, 110, 80), "brown"),
        ((70, 45, 35), "dark"),
    ],
)
def test_the_tone_is_of_the_skin_around_the_lesion(skin: tuple[int, int, int], tone: str) -> None:
    assert skin_tones(drawn(skin)[np.newaxis]).tolist() == [tone]


def test_hair_glare_and_dark_corners_do_not_change_the_tone() -> None:
    skin = (225, 190, 160)
    clean, marked = drawn(skin), drawn(skin)
    marked[:, ::9] = (30, 20, 15)
    marked[:20, :20] = 0
    marked[-20:, -20:] = 0
    marked[:4, 60:70] = 255
    assert typology_angle(marked) == pytest.approx(typology_angle(clean), abs=0.5)
