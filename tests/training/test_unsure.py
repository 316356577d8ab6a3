from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from functions.triage.card import Card, QualityThresholds
from functions.triage.pixels import square_pixels
from functions.triage.quality import MEASURES
from functions.triage.scorer import load_scorer
from tests.training.test_novelty import CHOOSE, PATIENTS, PHONE, TEST, TRAIN, textures
from tests.triage import packages
from tests.triage.photos import jpeg, png
from training.card import with_card, write_package
from training.unsure import Looks, limits_of, looks_of, refusals_of

if TYPE_CHECKING:
    from pathlib import Path


def looks(texture: np.ndarray, **measures: float) -> Looks:
    good = {"dark": 200.0, "glare": 0.0, "not_in_frame": 40.0, "blurred": 0.2} | measures
    return Looks(texture, {name: np.full(len(texture), good[name]) for name in MEASURES})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return packages.write(tmp_path_factory.mktemp("package"))


def test_photos_are_looked_at_as_the_service_does(folder: Path, tmp_path: Path) -> None:
    files = [tmp_path / "a.jpg", tmp_path / "b.png"]
    files[0].write_bytes(jpeg())
    files[1].write_bytes(png())
    done: list[int] = []
    found = looks_of(load_scorer(folder), files, done.append)
    square = square_pixels(jpeg(), packages.SIZE)
    assert found.texture.shape == (2, 3)
    np.testing.assert_allclose(found.texture[0], square.mean(axis=(0, 1)), rtol=1e-4)
    assert found.measures["blurred"][0] == MEASURES["blurred"](square)
    assert done == [1, 2]


def test_every_reason_is_counted_and_a_photo_once() -> None:
    measures = {
        "dark": np.array([10.0, 200, 200, 200]),
        "glare": np.array([0.0, 0.5, 0, 0]),
        "not_in_frame": np.array([40.0, 40, 40, 1]),
        "blurred": np.array([0.01, 0.2, 0.2, 0.2]),
    }
    thresholds = QualityThresholds(
        brightness_from=60, glare_to=0.05, sharpness_from=0.08, contrast_from=8, chosen="here"
    )
    found = refusals_of(Looks(np.zeros((4, 2)), measures), thresholds, np.array([False, False, True, True]))
    assert found.reasons == {"not_skin": 0.5, "dark": 0.25, "glare": 0.25, "not_in_frame": 0.25, "blurred": 0.25}
    assert found.refused
    assert found.refused.count == 4
    few = refusals_of(Looks(np.zeros((4, 2)), measures | {"dark": np.full(4, 99.0)}), thresholds, np.zeros(4, bool))
    assert few.refused
    assert few.refused.count == 3


def test_the_limits_go_into_card_and_package_and_are_loaded_again(folder: Path, tmp_path: Path) -> None:
    other = textures(20, 9)
    other[:, 120] += 9
    limits = limits_of(looks(TRAIN), looks(CHOOSE), looks(TEST), looks(PHONE), PATIENTS, {"other": looks(other)})
    scorer = with_card(load_scorer(folder), **limits.changes)
    card = Card.model_validate_json(scorer.card.model_dump_json())
    assert set(card.refusals) == {"test", "phone", "other"}
    assert card.refusals["test"].refused
    assert card.refusals["test"].refused.value < 0.05
    assert card.refusals["other"].reasons["not_skin"] > 0.9
    assert card.domain
    write_package(tmp_path / "package", folder / "model.onnx", card, {}, limits.novelty)
    loaded = load_scorer(tmp_path / "package")
    assert loaded.novelty
    np.testing.assert_allclose(loaded.novelty.distance(TEST), limits.novelty.distance(TEST))


def test_of_a_few_phone_photos_nothing_is_learned() -> None:
    few = Looks(PHONE[:5], {name: values[:5] for name, values in looks(PHONE).measures.items()})
    limits = limits_of(looks(TRAIN), looks(CHOOSE), looks(TEST), few, PATIENTS[:5], {})
    assert limits.changes["domain"] is None
    assert limits.changes["novelty"].phone_weight == 0
    assert limits.changes["refusals"]["phone"].refused.of == 5


def test_quality_is_chosen_on_photos_that_train_and_choose() -> None:
    soft = looks(TRAIN, blurred=0.05)
    chosen = limits_of(soft, looks(CHOOSE), looks(TEST, blurred=0.01), looks(PHONE), PATIENTS, {}).changes
    assert chosen["quality"].sharpness_from == 0.05
    assert chosen["refusals"]["test"].reasons["blurred"] == 1
