from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from training.errors import ExportDiffers
from training.export import _halve, with_activation

if TYPE_CHECKING:
    from collections.abc import Callable


def graph_with(weights: np.ndarray) -> onnx.ModelProto:
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, weights.shape[0]])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, weights.shape[1]])],
        [numpy_helper.from_array(weights, "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def test_large_arrays_that_float16_holds_are_stored_in_half_and_answer_the_same() -> None:
    weights = np.random.default_rng(0).normal(size=(64, 32)).astype(np.float16).astype(np.float32)
    whole, half = graph_with(weights), graph_with(weights)
    _halve(half)
    onnx.checker.check_model(half, full_check=True)
    assert len(half.SerializeToString()) < 0.6 * len(whole.SerializeToString())
    x = np.random.default_rng(1).normal(size=(3, 64)).astype(np.float32)
    answers = [
        onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})[0] for model in (whole, half)
    ]
    np.testing.assert_allclose(*answers, rtol=1e-6)


def test_a_network_that_was_not_rounded_first_is_refused() -> None:
    with pytest.raises(ExportDiffers, match="was the network rounded first"):
        _halve(graph_with(np.random.default_rng(0).normal(size=(64, 32)).astype(np.float32)))


def test_small_arrays_stay_as_they_are() -> None:
    graph = graph_with(np.full((4, 4), 1 / 3, np.float32))
    _halve(graph)
    assert graph.graph.initializer[0].data_type == TensorProto.FLOAT


def pooled_network(seed: int = 0) -> tuple[onnx.ModelProto, np.ndarray]:
    """Return a graph with the ends and the names of the real one, and its head's bias."""
    random = np.random.default_rng(seed)
    kernel, head, bias = (random.normal(size=shape).astype(np.float32) for shape in ((6, 3, 1, 1), (12, 4), (4,)))
    arrays = {"kernel": kernel, "head": head, "bias": bias, "places": np.array([1, 2], np.int64)}
    nodes = [
        helper.make_node("Transpose", ["photo"], ["first"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["first", "kernel"], ["left"]),
        helper.make_node("Relu", ["left"], ["right"]),
        helper.make_node("Concat", ["left", "right"], ["early"], name="net/backbone/mixed3_1/concat", axis=1),
        helper.make_node("Tanh", ["early"], ["late"], name="net/backbone/mixed10_1/concat"),
        helper.make_node("Transpose", ["late"], ["map"], perm=[0, 2, 3, 1]),
        helper.make_node("ReduceMean", ["map", "places"], ["mean"], keepdims=0),
        helper.make_node("MatMul", ["mean", "head"], ["product"]),
        helper.make_node("Add", ["product", "bias"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("photo", TensorProto.FLOAT, ["n", 8, 8, 3])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 4])],
        [numpy_helper.from_array(value, name) for name, value in arrays.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), bias


def test_the_map_is_exact_and_the_logits_are_what_they_were() -> None:
    plain, bias = pooled_network()
    extended = with_activation(plain)
    onnx.checker.check_model(extended, full_check=True)
    x = np.random.default_rng(1).normal(size=(3, 8, 8, 3)).astype(np.float32)
    sessions = [onnxruntime.InferenceSession(model.SerializeToString()) for model in (plain, extended)]
    (before,) = sessions[0].run(["logits"], {"photo": x})
    names = ["logits", "features", "activation", "texture"]
    logits, features, activation, texture = sessions[1].run(names, {"photo": x})
    np.testing.assert_allclose(logits, before, rtol=1e-5)
    assert (features.shape, activation.shape, texture.shape) == ((3, 12), (3, 8, 8, 4), (3, 12))
    np.testing.assert_allclose(activation.mean(axis=(1, 2)) + bias, logits, atol=1e-5)
    assert not np.allclose(features, texture), "the early map is not the last"
    assert len(plain.graph.output) == 1, "the graph that came in is as it was"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda nodes: setattr(nodes[3], "name", "net/backbone/mixed30/concat"), "0 layers mixed3"),
        (lambda nodes: setattr(nodes[6], "op_type", "ReduceMax"), "ends in ReduceMax where ReduceMean"),
        (lambda nodes: setattr(nodes[8], "op_type", "Sub"), "ends in Sub where Add"),
        (lambda nodes: nodes.pop(), "ends in nothing where Add"),
    ],
)
def test_a_graph_that_ends_otherwise_is_refused(change: Callable[[Any], Any], complaint: str) -> None:
    plain, _ = pooled_network()
    change(plain.graph.node)
    with pytest.raises(ExportDiffers, match=complaint):
        with_activation(plain)
