"""A package answers as its card says, and one that is not whole is refused by name."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies

from functions.common.problems import ModelUnavailable
from functions.triage.card import NoveltyRule
from functions.triage.novelty import Novelty
from functions.triage.scorer import Scorer, load_scorer, softmax
from tests.triage import packages
from tests.triage.packages import SIZE, card, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray


def squares(count: int) -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (count, SIZE, SIZE, 3), dtype=np.uint8)


def scorer_with(folder: Path, **changes: object) -> Scorer:
    return load_scorer(write(folder, card_json=card(**changes).model_dump_json()))


def test_a_photo_becomes_probabilities_that_sum_to_one(package: Path) -> None:
    scorer = load_scorer(package)
    logits = scorer.logits(squares(3))
    assert (logits.shape, logits.dtype) == ((3, 7), np.float32)
    probabilities = scorer.probabilities(squares(3))
    assert probabilities.shape == (3, 7)
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(3))
    assert (probabilities >= 0).all()


def test_photos_are_judged_alike_together_and_alone(package: Path) -> None:
    scorer = load_scorer(package)
    together = scorer.probabilities(squares(4))
    alone = np.concatenate([scorer.probabilities(square[np.newaxis]) for square in squares(4)])
    assert together == pytest.approx(alone, abs=1e-6)


def test_threads_do_not_change_the_answer(package: Path) -> None:
    one, two = (load_scorer(package, threads=threads).probabilities(squares(2)) for threads in (1, 2))
    assert one == pytest.approx(two, abs=1e-6)


def test_temperature_and_biases_are_the_cards(tmp_path: Path) -> None:
    biases = [0.5, 0.0, -0.5, 0.0, 1.0, 0.0, 0.0]
    plain, warm = scorer_with(tmp_path / "1"), scorer_with(tmp_path / "2", temperature=2.0, biases=biases)
    logits = plain.logits(squares(2)).astype(np.float64)
    assert warm.probabilities(squares(2)) == pytest.approx(softmax(logits / 2 + np.array(biases)), abs=1e-12)


def test_the_malignant_probability_is_the_sum_over_the_cards_diagnoses(tmp_path: Path) -> None:
    scorer = scorer_with(tmp_path, malignant=["df", "mel"])
    probabilities = scorer.probabilities(squares(5))
    assert scorer.malignant(probabilities) == pytest.approx(probabilities[:, 3] + probabilities[:, 4])


def test_rounding_never_makes_more_than_certain(package: Path) -> None:
    scorer = load_scorer(package)
    third = np.float64(1) / 3 + 1e-16
    assert scorer.malignant(np.array([[third, third, 0, 0, third + 1e-9, 0, 0]]))[0] == 1.0


@given(numpy_strategies.arrays(np.float64, (2, 7), elements=st.floats(-1e6, 1e6)), st.floats(-1e6, 1e6))
def test_softmax_is_a_distribution_that_no_shift_changes(logits: NDArray[np.float64], shift: float) -> None:
    probabilities = softmax(logits)
    assert np.isfinite(probabilities).all()
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(2))
    assert softmax(logits + shift) == pytest.approx(probabilities, abs=1e-6)


def test_the_scorer_names_the_file_that_answers(package: Path) -> None:
    manifest = json.loads((package / "manifest.json").read_text(encoding="utf-8"))
    assert load_scorer(package).sha256 == manifest["sha256"]["model.onnx"]


@pytest.mark.parametrize("name", ["model.onnx", "card.json"])
def test_a_changed_file_is_refused(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path / "drawn")
    content = bytearray((folder / name).read_bytes())
    content[-2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ModelUnavailable, match=f"{name} of the model package 'drawn' is not the file in its manifest"):
        load_scorer(folder)


@pytest.mark.parametrize("name", ["model.onnx", "card.json", "manifest.json"])
def test_a_missing_file_is_refused_and_its_folder_is_not_told(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path / "drawn")
    (folder / name).unlink()
    with pytest.raises(ModelUnavailable, match=f"{name} of the model package 'drawn': No such file") as caught:
        load_scorer(folder)
    assert str(tmp_path) not in str(caught.value)


def _no_package(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


def _manifest(content: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / "manifest.json").write_text(content, encoding="utf-8")

    return change


def _card(content: str) -> Callable[[Path], None]:
    return lambda folder: write(folder, card_json=content) and None


def _model(content: bytes) -> Callable[[Path], None]:
    return lambda folder: write(folder, model=content) and None


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(_no_package, id="no folder"),
        pytest.param(_manifest("not JSON"), id="manifest is not JSON"),
        pytest.param(_manifest("[]"), id="manifest is a list"),
        pytest.param(_manifest("{}"), id="manifest without hashes"),
        pytest.param(_manifest('{"sha256": ["x"]}'), id="hashes are a list"),
        pytest.param(_manifest('{"sha256": {}}'), id="manifest without this file's hash"),
        pytest.param(_card("{}"), id="card without fields"),
        pytest.param(_card("not JSON"), id="card is not JSON"),
        pytest.param(_model(b""), id="empty network"),
        pytest.param(_model(b"not a network"), id="not a network"),
        pytest.param(_model(packages.network()[:200]), id="network cut short"),
    ],
)
def test_what_is_not_a_package_is_refused(tmp_path: Path, change: Callable[[Path], None]) -> None:
    folder = write(tmp_path / "drawn")
    change(folder)
    with pytest.raises(ModelUnavailable, match="drawn"):
        load_scorer(folder)


PLANE = Novelty(np.ones(3, np.float32), np.eye(3, dtype=np.float32)[:2], np.zeros(2, np.float32), 0.0)
RULE = NoveltyRule(refuse_above=2.0, components=2, phone_weight=0.0, chosen="here")


def with_plane(folder: Path, stored: bytes | None, rule: NoveltyRule | None = RULE) -> Path:
    """Write a package whose manifest names novelty.npz where there is one."""
    write(folder, card_json=card(novelty=rule).model_dump_json())
    if stored is not None:
        (folder / "novelty.npz").write_bytes(stored)
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        manifest["sha256"]["novelty.npz"] = hashlib.sha256(stored).hexdigest()
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def test_the_plane_of_the_novelty_is_read_with_the_package(tmp_path: Path) -> None:
    loaded = load_scorer(with_plane(tmp_path, PLANE.to_bytes()))
    assert loaded.novelty
    np.testing.assert_array_equal(loaded.novelty.axes, PLANE.axes)


@pytest.mark.parametrize(("has_plane", "has_rule"), [(True, False), (False, True)])
def test_a_plane_without_its_rule_or_a_rule_without_its_plane_is_refused(
    has_plane: bool, has_rule: bool, tmp_path: Path
) -> None:
    folder = with_plane(tmp_path, PLANE.to_bytes() if has_plane else None, RULE if has_rule else None)
    with pytest.raises(ModelUnavailable, match="only one of novelty"):
        load_scorer(folder)


def test_a_changed_a_broken_and_a_lost_plane_are_refused(tmp_path: Path) -> None:
    folder = with_plane(tmp_path / "changed", PLANE.to_bytes())
    (folder / "novelty.npz").write_bytes(PLANE.to_bytes() + b" ")
    with pytest.raises(ModelUnavailable, match=r"novelty.npz of .* is not the file in its manifest"):
        load_scorer(folder)
    (folder / "novelty.npz").unlink()
    with pytest.raises(ModelUnavailable, match=r"novelty.npz .* No such file"):
        load_scorer(folder)
    with pytest.raises(ModelUnavailable, match="not one that this version reads"):
        load_scorer(with_plane(tmp_path / "broken", b"not numbers"))


def test_several_outputs_come_from_one_pass(package: Path) -> None:
    loaded = load_scorer(package)
    (square,) = squares(1)
    found = loaded.outputs(square, ["logits", "texture", "activation"])
    np.testing.assert_allclose(found["logits"], loaded.logits(square[np.newaxis]), rtol=1e-5)
    np.testing.assert_allclose(found["activation"].mean(axis=(1, 2)), found["logits"], rtol=1e-3, atol=1e-3)
    assert found["texture"].shape == (1, 3)


def test_an_output_that_the_model_lacks_is_named(package: Path) -> None:
    loaded = load_scorer(package)
    assert loaded.has("texture")
    lacking = dataclasses.replace(
        loaded, session=SimpleNamespace(get_inputs=loaded.session.get_inputs, get_outputs=list)
    )
    assert not lacking.has("texture")
    with pytest.raises(ModelUnavailable, match="no output texture"):
        lacking.outputs(squares(1)[0], ["texture"])
