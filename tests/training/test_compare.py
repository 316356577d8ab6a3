from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING

import keras
import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from tests.training.photos import draw_set
from training import architectures
from training.architectures import ARCHITECTURES, Architecture, Start
from training.compare import by_origin, compare, figures_of
from training.convolutional import CnnShape, tuned_cnn
from training.fit import Fitting, Phase
from training.options import parsed_networks, parsed_preset
from training.protocols import PROTOCOLS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from training.compare import Comparison

TOY = Architecture(
    "toy",
    lambda classes, _size, _start: tuned_cnn(classes, CnnShape(1, 8, 3, 5)),
    Fitting(
        phases=(Phase("whole", 32, 2, 1e-2, 0.1, "all"),),
        batch=49,
        warm_up_steps=1,
        ema_momentum=0.5,
        averaged_epochs=1,
    ),
)


@contextlib.contextmanager
def silent(_title: str, _total: int) -> Iterator[Callable[[int], None]]:
    yield lambda _done: None


def run(data: Path, room: Path, *, networks: tuple[str, ...] = ("toy",), may_train: bool = True) -> Comparison:
    return compare(
        PROTOCOLS["folds"],
        networks,
        data=data,
        room=room,
        package=room / "no package",
        weights=None,
        minutes=60,
        may_train=may_train,
        say=lambda _line: None,
        bar=silent,
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_set(tmp_path_factory.mktemp("set") / "data", lesions=63, folds=9)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Iterator[Path]:
    room = tmp_path_factory.mktemp("room")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(architectures.ARCHITECTURES, "toy", TOY)
        run(data, room)
        yield room


def test_a_trained_network_is_judged_through_its_file(data: Path, room: Path) -> None:
    found = run(data, room, may_train=False)
    (judged,) = found.judged
    assert judged.trained.title == "toy"
    assert (judged.trained.size, len(judged.trained.history)) == (32, 2)
    assert judged.trained.minutes > 0
    assert judged.trained.parameters == TOY.build(7, 32, Start()).count_params()
    assert judged.milliseconds > 0
    assert judged.megabytes > 0
    assert set(judged.figures.auc) == {"malignant", "mel", "bcc", "macro"}
    assert (room / "folds" / "toy" / "model.onnx").exists()


def test_images_and_lesions_are_counted_apart(data: Path, room: Path) -> None:
    counts = run(data, room).counts
    assert {name: (count.photos, count.lesions, count.positive) for name, count in counts.items()} == {
        "train": (98, 49, 42),
        "choose": (14, 7, 6),
        "test": (14, 7, 6),
    }


def test_what_is_trained_is_not_trained_again_and_what_is_judged_not_scored_again(
    data: Path, room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = run(data, room)

    def never(*_arguments: object, **_settings: object) -> None:
        raise AssertionError

    monkeypatch.setattr("training.fit.fit", never)
    monkeypatch.setattr("training.compare.answers_of", never)
    assert run(data, room).judged[0].figures == before.judged[0].figures


def test_a_network_that_cannot_be_judged_is_absent_with_its_reason(data: Path, room: Path) -> None:
    found = run(data, room, networks=("toy", "resnet50"), may_train=False)
    assert found.absent == {"resnet50": "not trained yet"}
    found = run(data, room, networks=("tuned_cnn",))
    assert found.absent == {"tuned_cnn": "no search has found its shape yet: python -m training tune"}


def test_the_figures_are_what_scikit_learn_says() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 7, 300)
    probabilities = random.dirichlet(np.ones(7), 300)
    found = figures_of(probabilities, labels, np.arange(300).astype(str), PROTOCOLS["folds"])
    truth = np.isin(labels, [0, 1, 4])
    score = probabilities[:, [0, 1, 4]].sum(axis=1)
    assert found.auc["malignant"].value == pytest.approx(roc_auc_score(truth, score))
    assert found.auc["bcc"].value == pytest.approx(roc_auc_score(labels == 1, probabilities[:, 1]))
    assert found.auc["macro"].value == pytest.approx(roc_auc_score(labels, probabilities, multi_class="ovr"))
    assert found.ap == pytest.approx(average_precision_score(truth, score))
    assert found.accuracy == pytest.approx((probabilities.argmax(axis=1) == labels).mean())
    assert found.brier == pytest.approx(((score - truth) ** 2).mean())


def test_a_question_of_two_classes_has_one_auroc() -> None:
    p = np.linspace(0.01, 0.99, 40)
    found = figures_of(
        np.stack([1 - p, p], axis=1), (p > 0.5).astype(int), np.arange(40).astype(str), PROTOCOLS["augmented"]
    )
    assert list(found.auc) == ["mel"]
    assert found.accuracy == found.auc["mel"].value == 1
    assert found.pauc_80 == pytest.approx(0.2)


def test_an_origin_with_too_few_of_a_kind_has_no_figure() -> None:
    random = np.random.default_rng(0)
    origins = np.array(["large"] * 60 + ["small"] * 20)
    truth = np.arange(80) % 4 == 0
    found = by_origin(random.random(80), truth, np.arange(80).astype(str), origins)
    assert set(found) == {"large"}


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_every_network_has_one_input_the_photo(name: str) -> None:
    if name in {"inception_v3", "resnet50"}:
        pytest.skip("slow to build; test_networks.py looks at its input")
    network = ARCHITECTURES[name].build(7, 160, Start(shape=CnnShape(2, 32, 3, 3)))
    assert [entry.name for entry in network.inputs] == ["photo"]
    assert network.inputs[0].shape[-1] == 3
    assert network.output_shape == (None, 7)
    assert isinstance(network, keras.Model)


def test_a_network_starts_from_the_weights_that_are_at_hand(tmp_path: Path) -> None:
    lite, resnet = ARCHITECTURES["efficientnet_lite0"], ARCHITECTURES["resnet50"]
    assert lite.start(str(tmp_path), None) == Start()
    (tmp_path / "efficientnet_lite0.fp16.npz").touch()
    assert lite.start(str(tmp_path), None).weights == tmp_path / "efficientnet_lite0.fp16.npz"
    assert resnet.start(str(tmp_path), None) == Start()
    assert resnet.start("imagenet", None) == Start("imagenet")
    assert lite.start("imagenet", None) == Start()


def test_unknown_names_are_refused_with_those_that_are_known() -> None:
    from training.errors import RoomInvalid

    with pytest.raises(RoomInvalid, match="preset 'paper': expected one of folds, folio, augmented, without-isic"):
        parsed_preset("paper")
    with pytest.raises(RoomInvalid, match="vgg16, lenet: expected some of inception_v3"):
        parsed_networks("vgg16,resnet50,lenet", PROTOCOLS["folds"])
    assert parsed_networks(None, PROTOCOLS["folio"]) == ("custom_cnn",)
    assert parsed_networks("resnet50, tuned_cnn", PROTOCOLS["folds"]) == ("resnet50", "tuned_cnn")


def test_a_preset_changes_size_batch_and_augmentation_and_nothing_else() -> None:
    folio = PROTOCOLS["folio"].settings(ARCHITECTURES["custom_cnn"])
    own = ARCHITECTURES["custom_cnn"].settings
    assert dataclasses.replace(folio, phases=own.phases, batch=own.batch, augmentation=own.augmentation) == own
