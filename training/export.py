"""The trained network as one ONNX file that answers as the network does, stored in half the space."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import keras
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from functions.triage.scorer import softmax
from training.errors import ExportDiffers
from training.networks import BACKBONE

if TYPE_CHECKING:
    from numpy.typing import NDArray

# The largest difference of a probability that counts as the same answer.
PARITY = 1e-4
# Smaller arrays (biases, the rescaling) stay in float32: they weigh nothing and add up in full precision.
_SMALLEST_HALVED = 1024
_HALF_RELATIVE_TOLERANCE = 1e-5
_TEXTURE_LAYER = re.compile(r"(?:^|/)mixed3(?:_\d+)?(?:/|$)")


def round_to_half(model: keras.Model) -> None:
    """Round the network's kernels to what float16 holds once each batch normalisation is folded into them.

    The exporter multiplies each kernel by its batch normalisation's 1 / sqrt(variance + epsilon). Rounding
    that product here, before any figure is taken, makes the network, the exported graph and the stored file
    one and the same model.
    """
    for layer in model.get_layer(BACKBONE).layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            convolution = layer.input._keras_history.operation  # noqa: SLF001 - Keras's documented graph walk
            scale = 1.0 / np.sqrt(keras.ops.convert_to_numpy(layer.moving_variance).astype(np.float64) + layer.epsilon)
            folded = keras.ops.convert_to_numpy(convolution.kernel).astype(np.float64) * scale
            convolution.kernel.assign((folded.astype(np.float16).astype(np.float64) / scale).astype(np.float32))
    head = model.get_layer("logits")
    head.kernel.assign(keras.ops.convert_to_numpy(head.kernel).astype(np.float16).astype(np.float32))


def export(model: keras.Model, size: int, photos: NDArray[np.uint8], target: Path) -> float:
    """Write the network as ONNX with kernels stored in float16, and prove that it answers the same.

    Args:
        model: a float32 network that `round_to_half` has rounded; 0..255 in, logits out.
        size: side of the square input in pixels.
        photos: uint8 (n, size, size, 3), real photos for the proof.
        target: the file to write.

    Returns:
        The largest |difference| of a probability between the file and the network.

    Raises:
        ExportDiffers: when it is above `PARITY`, or a kernel is not what float16 holds; nothing is written.

    """
    graph = _exported(model, size)
    _halve(graph)
    return _written(with_activation(graph), model, photos, target)


def export_plain(model: keras.Model, size: int, photos: NDArray[np.uint8], target: Path) -> float:
    """Write any network as ONNX in float32, as the exporter makes it, and prove that it answers the same.

    Arguments, result and refusal are those of `export`; the network need not be rounded, nor end in pooling.
    """
    return _written(_exported(model, size), model, photos, target)


def _exported(model: keras.Model, size: int) -> onnx.ModelProto:
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.onnx"
        signature = [keras.InputSpec(shape=(None, size, size, 3), dtype="float32", name="photo")]
        model.export(str(plain), format="onnx", verbose=False, opset_version=18, input_signature=signature)
        graph = onnx.load(plain)
    _name_ends(graph)
    return graph


def _written(graph: onnx.ModelProto, model: keras.Model, photos: NDArray[np.uint8], target: Path) -> float:
    onnx.checker.check_model(graph, full_check=True)
    stored = graph.SerializeToString()
    difference = _difference(stored, model, photos)
    if not difference <= PARITY:
        raise ExportDiffers(
            f"the ONNX file differs from the network by {difference:.2e} in a probability (<= {PARITY})"
        )
    target.write_bytes(stored)
    return difference


def _name_ends(graph: onnx.ModelProto) -> None:
    """Name the input `photo`, the output `logits` and the batch dimension `n`: the exporter's names vary."""
    (entry,), (end,) = graph.graph.input, graph.graph.output
    names = {entry.name: "photo", end.name: "logits"}
    for node in graph.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    entry.name, end.name = "photo", "logits"
    for value in (entry, end):
        value.type.tensor_type.shape.dim[0].dim_param = "n"
    graph.graph.name = "dermacast"
    graph.doc_string = ""
    del graph.graph.value_info[:]


def _halve(graph: onnx.ModelProto) -> None:
    """Store each large float32 array as float16 with a cast behind it, which the runtime folds when it loads."""
    casts = []
    for array in graph.graph.initializer:
        value = numpy_helper.to_array(array)
        if value.dtype != np.float32 or value.size < _SMALLEST_HALVED:
            continue
        half = value.astype(np.float16)
        if not np.allclose(half.astype(np.float32), value, rtol=_HALF_RELATIVE_TOLERANCE, atol=1e-8):
            worst = float(np.abs(half.astype(np.float32) - value).max())
            raise ExportDiffers(f"{array.name}: float16 differs by {worst:.2e}; was the network rounded first?")
        name = array.name
        array.CopyFrom(numpy_helper.from_array(half, f"{name}/half"))
        casts.append(helper.make_node("Cast", [f"{name}/half"], [name], to=TensorProto.FLOAT))
    for position, node in enumerate(casts):
        graph.graph.node.insert(position, node)


def with_activation(graph: onnx.ModelProto) -> onnx.ModelProto:
    """Return the graph with three more outputs beside `logits`: what lies behind them, and where.

    `features`, float32 (n, channels), is the last feature map averaged over its places, the input of the head.
    `activation`, float32 (n, height, width, classes), is the head's kernel applied at each place, without the bias:
    the class activation map (Zhou 2016, arXiv 1512.04150, section 2). Its mean over the places, plus the bias, is the
    logits, so it is exact, needs no gradients, and costs one small matrix product. `texture`, float32 (n, 768), is the
    early feature map mixed3 averaged over its places: what kind of surface the photo shows, before the network has
    turned to diagnoses; what is no skin stands out there, and hardly in `features` (`training/novelty.py`).

    Args:
        graph: InceptionV3 with its layers' names, ending in a mean over the places of a channels-last map, a matrix
            product and an added bias, as `networks` builds it; before any quantisation. It is not changed.

    Raises:
        ExportDiffers: when it ends otherwise.

    """
    found = onnx.ModelProto()
    found.CopyFrom(graph)
    early = [node for node in found.graph.node if node.op_type == "Concat" and _TEXTURE_LAYER.search(node.name)]
    if len(early) != 1:
        raise ExportDiffers(f"the graph has {len(early)} layers mixed3 where one was expected: InceptionV3")
    made_by = {name: node for node in found.graph.node for name in node.output}
    add = _ending(made_by.get("logits"), "Add")
    product = _ending(made_by.get(add.input[0]), "MatMul")
    mean = _ending(made_by.get(product.input[0]), "ReduceMean")
    pooled = mean.output[0]
    for node in found.graph.node:
        node.input[:] = ["features" if name == pooled else name for name in node.input]
        node.output[:] = ["features" if name == pooled else name for name in node.output]
    found.graph.node.extend(
        [
            helper.make_node("MatMul", [mean.input[0], product.input[1]], ["activation"], name="activation"),
            helper.make_node("GlobalAveragePool", [early[0].output[0]], ["texture_map"], name="texture_map"),
            helper.make_node("Flatten", ["texture_map"], ["texture"], name="texture"),
        ]
    )
    shapes: dict[str, list[str | int | None]] = {
        "features": ["n", None],
        "activation": ["n", None, None, None],
        "texture": ["n", None],
    }
    del found.graph.output[1:]
    found.graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()
    )
    return found


def _ending(node: onnx.NodeProto | None, kind: str) -> onnx.NodeProto:
    if node is None or node.op_type != kind:
        seen = "nothing" if node is None else node.op_type
        raise ExportDiffers(f"the graph ends in {seen} where {kind} was expected: pooling and one linear layer")
    return node


def _difference(stored: bytes, model: keras.Model, photos: NDArray[np.uint8]) -> float:
    session = onnxruntime.InferenceSession(stored, providers=["CPUExecutionProvider"])
    x = photos.astype(np.float32)
    (found,) = session.run(["logits"], {"photo": x})
    expected = np.asarray(model.predict(x, verbose=0, batch_size=16))
    return float(np.abs(softmax(found) - softmax(expected)).max())
