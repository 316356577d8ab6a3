from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import keras
import numpy as np
import pytest
from moto import mock_aws

from training.errors import WeightsInvalid
from training.networks import BACKBONE, backbone_of, inception_v3, resnet50, set_trainable
from training.weights import local_weights

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    return inception_v3(7)


def test_pixels_go_in_as_they_are_and_logits_come_out(network: keras.Model) -> None:
    assert network.input_shape == (None, None, None, 3)
    assert network.output_shape == (None, 7)
    assert [layer.name for layer in network.layers if layer.name == "rescaling"]
    assert network.count_params() == 21_802_784 + 2048 * 7 + 7


@pytest.mark.parametrize(("first", "learning"), [(None, 2), ("all", 188 + 2)])
def test_the_head_alone_or_everything_learns(network: keras.Model, first: str | None, learning: int) -> None:
    set_trainable(network, first)
    assert len(network.trainable_variables) == learning


def test_layers_before_the_named_one_are_frozen(network: keras.Model) -> None:
    set_trainable(network, "mixed2")
    frozen = [layer.name for layer in network.get_layer(BACKBONE).layers if not layer.trainable]
    assert "mixed1" in frozen
    assert "mixed2" not in frozen
    with pytest.raises(ValueError, match="no layer 'mixed99'"):
        set_trainable(network, "mixed99")


def test_weights_come_from_an_array_file_in_the_order_of_the_variables(network: keras.Model, tmp_path: Path) -> None:
    variables = network.get_layer(BACKBONE).variables
    arrays = {f"a{k}": keras.ops.convert_to_numpy(v).astype(np.float16) for k, v in enumerate(variables)}
    np.savez(tmp_path / "whole.npz", **arrays)
    loaded = inception_v3(7, weights=tmp_path / "whole.npz").get_layer(BACKBONE).variables
    for found, stored in zip(loaded, arrays.values(), strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(found), stored.astype(np.float32))

    np.savez(tmp_path / "short.npz", **dict(list(arrays.items())[:-1]))
    with pytest.raises(WeightsInvalid, match="375 arrays, but the network has 376"):
        inception_v3(7, weights=tmp_path / "short.npz")
    np.savez(tmp_path / "misfit.npz", **{**arrays, "a0": np.zeros((1, 1, 3, 32))})
    with pytest.raises(WeightsInvalid, match=r"a0 has shape \(1, 1, 3, 32\)"):
        inception_v3(7, weights=tmp_path / "misfit.npz")


def test_resnet_takes_the_pixels_that_its_weights_were_made_for(tmp_path: Path) -> None:
    network = resnet50(7)
    assert network.count_params() == 23_587_712 + 2048 * 7 + 7
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.float32)
    prepared = keras.Model(network.input, network.get_layer("rescaling").output)
    expected = keras.applications.resnet50.preprocess_input(pixels.copy())
    np.testing.assert_allclose(keras.ops.convert_to_numpy(prepared(pixels)), expected, atol=1e-4)
    network.save(tmp_path / "network.keras")
    again = keras.saving.load_model(tmp_path / "network.keras")
    np.testing.assert_array_equal(again(pixels), network(pixels))
    assert backbone_of(again).name == "resnet50"


def test_a_file_that_is_not_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "weights.h5").write_bytes(b"no")
    with pytest.raises(WeightsInvalid, match="cannot load these weights"):
        inception_v3(7, weights=tmp_path / "weights.h5")
    with pytest.raises(WeightsInvalid, match="no such file"):
        local_weights(str(tmp_path / "absent.npz"), tmp_path)


def test_weights_are_fetched_from_s3_once_whole_or_not_at_all(tmp_path: Path) -> None:
    assert local_weights("imagenet", tmp_path) == "imagenet"
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="weights", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        s3.put_object(Bucket="weights", Key="starts/inception.npz", Body=b"content")
        fetched = local_weights("s3://weights/starts/inception.npz", tmp_path / "weights")
        assert str(fetched) == str(tmp_path / "weights" / "inception.npz")
        assert (tmp_path / "weights" / "inception.npz").read_bytes() == b"content"
        with pytest.raises(WeightsInvalid, match=r"s3://weights/absent\.npz: cannot be fetched"):
            local_weights("s3://weights/absent.npz", tmp_path / "weights")
    assert [file.name for file in (tmp_path / "weights").iterdir()] == ["inception.npz"]
