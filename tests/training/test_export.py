from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from training.errors import ExportDiffers
from training.export import _halve


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
