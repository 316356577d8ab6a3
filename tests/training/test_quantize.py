from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from training.quantize import judged_form, overflows_without_vnni, quantized

SIZE = 24


def network(seed: int = 0) -> onnx.ModelProto:
    """Two convolutions, a pooling and a head, with kernels in which a few values stand out, as in real ones."""
    random = np.random.default_rng(seed)

    def array(name: str, *shape: int) -> onnx.TensorProto:
        value = random.normal(0, 1 / np.sqrt(np.prod(shape[1:]) or 1), shape)
        value.flat[0] *= 6
        return numpy_helper.from_array(value.astype(np.float32), name)

    arrays = [array("k1", 8, 3, 3, 3), array("b1", 8), array("k2", 12, 8, 3, 3), array("b2", 12), array("head", 12, 4)]
    arrays.append(numpy_helper.from_array(np.float32(1 / 127.5), "scale"))
    nodes = [
        helper.make_node("Mul", ["photo", "scale"], ["scaled"], "rescaling"),
        helper.make_node("Transpose", ["scaled"], ["first"], "turn", perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["first", "k1", "b1"], ["c1"], "conv1"),
        helper.make_node("Relu", ["c1"], ["r1"], "relu1"),
        helper.make_node("Conv", ["r1", "k2", "b2"], ["c2"], "conv2"),
        helper.make_node("Relu", ["c2"], ["r2"], "relu2"),
        helper.make_node("GlobalAveragePool", ["r2"], ["pooled"], "pool"),
        helper.make_node("Flatten", ["pooled"], ["flat"], "flatten"),
        helper.make_node("MatMul", ["flat", "head"], ["logits"], "head"),
    ]
    photo = helper.make_tensor_value_info("photo", TensorProto.FLOAT, ["n", SIZE, SIZE, 3])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 4])
    graph = helper.make_graph(nodes, "small", [photo], [logits], arrays)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def logits_of(model: onnx.ModelProto, photos: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"photo": photos.astype(np.float32)})[0]


@pytest.fixture(scope="module")
def photos() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (16, SIZE, SIZE, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def eight_bits(photos: np.ndarray) -> onnx.ModelProto:
    return quantized(network(), photos)


def test_eight_bits_answer_nearly_as_float32_and_without_a_shift(
    eight_bits: onnx.ModelProto, photos: np.ndarray
) -> None:
    expected, found = logits_of(network(), photos), logits_of(eight_bits, photos)
    assert not np.array_equal(found, expected)
    spread = expected.std(axis=0).mean()
    assert np.abs(found - expected).max() < max(spread, 0.05 * np.abs(expected).max())
    # What the rounding of the kernels adds on average was taken back.
    assert np.abs((found - expected).mean(axis=0)).max() < 0.02 * np.abs(expected).max()


def test_every_convolution_is_in_eight_bits(eight_bits: onnx.ModelProto) -> None:
    kernels = [array for array in eight_bits.graph.initializer if array.data_type == TensorProto.INT8]
    assert [len(array.dims) for array in kernels].count(4) == 2


def test_no_sum_overflows_on_processors_without_vnni(eight_bits: onnx.ModelProto) -> None:
    assert overflows_without_vnni(eight_bits) == []
    wide = numpy_helper.from_array(np.array([[[[127, 127]]]], np.int8), "wide")
    eight_bits = onnx.ModelProto.FromString(eight_bits.SerializeToString())
    eight_bits.graph.initializer.append(wide)
    assert overflows_without_vnni(eight_bits) == ["wide"]


def test_an_unused_channel_and_an_absent_bias_do_no_harm(photos: np.ndarray) -> None:
    model = network()
    del next(node for node in model.graph.node if node.name == "conv2").input[2]
    kernel = next(array for array in model.graph.initializer if array.name == "k1")
    value = numpy_helper.to_array(kernel).copy()
    value[3] = 0
    kernel.CopyFrom(numpy_helper.from_array(value, "k1"))
    assert np.isfinite(logits_of(quantized(model, photos[:13]), photos)).all()


def test_a_form_may_serve_when_order_and_values_stay() -> None:
    truth = np.arange(1000) % 4 == 0
    reference = np.where(truth, 0.6, 0.2) + np.linspace(0, 0.3, 1000)
    near = reference + 0.015
    assert judged_form(reference, near, truth).may_serve
    far = near.copy()
    far[:11] += 0.05  # more than one in a hundred
    verdict = judged_form(reference, far, truth)
    assert not verdict.may_serve
    assert verdict.share_within == pytest.approx(0.989)
    assert verdict.largest_move == pytest.approx(0.065)
    reversed_order = judged_form(reference, 0.5 + 1e-4 * (0.5 - reference), truth)
    assert reversed_order.auroc_fall > 0.003
    assert not reversed_order.may_serve
