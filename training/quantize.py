"""The network in eight bits: static quantisation of a float32 ONNX graph, and the rule by which it may serve.

Activations are unsigned and kernels signed (U8S8), a scale a channel, the faster of onnxruntime's pairs. Kernels
use seven of their eight bits: processors without VNNI add two products in 16 bits, which then cannot overflow,
so that the file answers the same on every x86 processor (onnxruntime, "Quantize ONNX Models", U8S8 data format).
"""

from __future__ import annotations

import contextlib
import copy
import io
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantType
from onnxruntime.quantization.calibrate import CalibrationMethod, TensorsData, create_calibrator
from onnxruntime.quantization.qdq_quantizer import QDQQuantizer
from onnxruntime.quantization.shape_inference import quant_pre_process
from sklearn.metrics import roc_auc_score

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_OPERATIONS = ["Conv", "Relu", "Concat", "AveragePool", "MaxPool", "Add", "Mul", "Transpose"]
_LARGEST_KERNEL_VALUE = 64  # of seven signed bits, as onnxruntime's reduce_range takes them
_INPUTS_WITH_BIAS = 3
_BATCH = 8
# Share of an activation's values, on either side, that may be cut off; beyond, one rare value would cost all others
# their resolution.
_PERCENTILE = 99.999
_HISTOGRAM_BINS = 4096

# What a faster file may cost (against float32, on the same photos).
AUROC_FALL = 0.003
PROBABILITY_MOVE = 0.02
SHARE_WITHIN = 0.99


@dataclass(frozen=True)
class Verdict:
    """How far a stored form's answers lie from float32's."""

    auroc_fall: float
    share_within: float  # of photos whose P(malignant) moves by at most `PROBABILITY_MOVE`
    largest_move: float

    @property
    def may_serve(self) -> bool:
        """Whether it is as good as float32 by the rule above."""
        return self.auroc_fall <= AUROC_FALL and self.share_within >= SHARE_WITHIN


def judged_form(reference: NDArray[np.float64], found: NDArray[np.float64], is_malignant: NDArray[np.bool_]) -> Verdict:
    """Compare P(malignant), (n,), of a stored form with float32's."""
    move = np.abs(found - reference)
    return Verdict(
        auroc_fall=float(roc_auc_score(is_malignant, reference) - roc_auc_score(is_malignant, found)),
        share_within=float((move <= PROBABILITY_MOVE).mean()),
        largest_move=float(move.max()),
    )


def quantized(plain: onnx.ModelProto, photos: NDArray[np.uint8]) -> onnx.ModelProto:
    """Return the graph in eight bits.

    Args:
        plain: float32, input `photo` (n, size, size, 3) in 0..255.
        photos: uint8 (n, size, size, 3), training photos from which the ranges are read; 48 are enough.

    """
    with tempfile.TemporaryDirectory() as folder:
        source, prepared = Path(folder) / "plain.onnx", Path(folder) / "prepared.onnx"
        onnx.save(plain, source)
        quant_pre_process(str(source), str(prepared))
        graph = onnx.load(prepared)
        ranges = _ranges(prepared, photos, Path(folder))
    _take_back_rounding(graph, photos)
    quantizer = QDQQuantizer(
        graph,
        True,
        True,
        QuantType.QInt8,
        QuantType.QUInt8,
        ranges,
        [],
        [],
        _OPERATIONS,
        {},
    )
    quantizer.quantize_model()
    quantizer.model.topological_sort()
    result: onnx.ModelProto = quantizer.model.model
    onnx.checker.check_model(result)
    return result


def float32_graph(file: Path) -> onnx.ModelProto:
    """Return a stored graph with its kernels in float32 again, as the exporter gave it."""
    graph = onnx.load(file)
    arrays = {array.name: array for array in graph.graph.initializer}
    for node in list(graph.graph.node):
        half = arrays.get(node.input[0]) if node.op_type == "Cast" else None
        if half is not None and half.data_type == TensorProto.FLOAT16:
            value = numpy_helper.to_array(half).astype(np.float32)
            half.CopyFrom(numpy_helper.from_array(value, node.output[0]))
            graph.graph.node.remove(node)
    return graph


def overflows_without_vnni(graph: onnx.ModelProto) -> list[str]:
    """Return the kernels of which two neighbouring values, times 255, do not fit into 16 bits."""
    limit = np.iinfo(np.int16).max // np.iinfo(np.uint8).max
    return [
        array.name
        for array in graph.graph.initializer
        if array.data_type == TensorProto.INT8
        and 2 * int(np.abs(numpy_helper.to_array(array).astype(np.int16)).max(initial=0)) > limit
    ]


class _Photos(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no types
    def __init__(self, photos: NDArray[np.uint8]) -> None:
        # The histograms take batches of one size only.
        batch = min(_BATCH, len(photos))
        starts = range(0, len(photos) - batch + 1, batch)
        self._batches = iter({"photo": photos[start : start + batch].astype(np.float32)} for start in starts)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        return next(self._batches, None)


def _ranges(prepared: Path, photos: NDArray[np.uint8], folder: Path) -> TensorsData:
    calibrator = create_calibrator(
        str(prepared),
        None,
        augmented_model_path=str(folder / "augmented.onnx"),
        calibrate_method=CalibrationMethod.Percentile,
        extra_options={"percentile": _PERCENTILE, "num_bins": _HISTOGRAM_BINS},
    )
    with contextlib.redirect_stdout(io.StringIO()):  # it prints what it does, among a command's data
        calibrator.collect_data(_Photos(photos))
        found = {name: data.range_value for name, data in calibrator.compute_data().items()}
    ranges = {name: (np.float32(min(low, 0)), np.float32(high)) for name, (low, high) in found.items()}
    return TensorsData(CalibrationMethod.MinMax, ranges)


def _take_back_rounding(graph: onnx.ModelProto, photos: NDArray[np.uint8]) -> None:
    """Subtract from each bias what the rounding of its kernel adds on average (Nagel 2019, arXiv 1906.04721, 4.2)."""
    convolutions = [node for node in graph.graph.node if node.op_type == "Conv"]
    for node in convolutions:
        if len(node.input) < _INPUTS_WITH_BIAS:
            kernel = next(array for array in graph.graph.initializer if array.name == node.input[1])
            bias = numpy_helper.from_array(np.zeros(kernel.dims[0], np.float32), f"{node.input[1]}/bias")
            graph.graph.initializer.append(bias)
            node.input.append(bias.name)
    arrays = {array.name: array for array in graph.graph.initializer}
    inputs = sorted({node.input[0] for node in convolutions})
    mean_of = dict(zip(inputs, _channel_means(graph, inputs, photos), strict=True))
    for node in convolutions:
        kernel = numpy_helper.to_array(arrays[node.input[1]]).astype(np.float64)
        largest = np.abs(kernel).max(axis=(1, 2, 3), keepdims=True)
        scale = np.where(largest > 0, largest, 1.0) / _LARGEST_KERNEL_VALUE
        rounding = np.round(kernel / scale) * scale - kernel
        shift = (rounding.sum(axis=(2, 3)) * mean_of[node.input[0]]).sum(axis=1)
        bias = numpy_helper.to_array(arrays[node.input[2]])
        arrays[node.input[2]].CopyFrom(numpy_helper.from_array((bias - shift).astype(np.float32), node.input[2]))


def _channel_means(
    graph: onnx.ModelProto, tensors: Sequence[str], photos: NDArray[np.uint8]
) -> list[NDArray[np.float64]]:
    """Return the mean of each channel of each tensor (n, channels, height, width) over the photos and places."""
    watched = copy.deepcopy(graph)
    watched.graph.initializer.append(numpy_helper.from_array(np.array([0, 2, 3], np.int64), "places"))
    outputs = [f"{tensor}/mean" for tensor in tensors]
    for tensor, output in zip(tensors, outputs, strict=True):
        watched.graph.node.append(helper.make_node("ReduceMean", [tensor, "places"], [output], keepdims=0))
        watched.graph.output.append(helper.make_tensor_value_info(output, TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(watched.SerializeToString(), providers=["CPUExecutionProvider"])
    batches = [photos[start : start + _BATCH] for start in range(0, len(photos), _BATCH)]
    sums = [np.zeros(1)] * len(tensors)
    for batch in batches:
        found = session.run(outputs, {"photo": batch.astype(np.float32)})
        sums = [sum_ + len(batch) * value.astype(np.float64) for sum_, value in zip(sums, found, strict=True)]
    return [sum_ / len(photos) for sum_ in sums]
