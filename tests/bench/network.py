"""The network alone, one photo and one thread, on every runtime at hand; and how fast training learns.

    python -m tests.bench.network

Each runtime works in a process of its own, one after another, so that none takes threads or memory from the next.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
from rich.console import Console
from rich.table import Table

from functions.triage.scorer import SHIPPED_MODEL, load_scorer
from tests.bench.pixels import noisy_photo
from training.quantize import float32_graph, quantized

ROOT = Path(__file__).parents[2]
ROUNDS = 40
STEPS = 6
BATCH = 32
FASTER_THAN_PLAIN_GOAL = 3.0
BESIDE_OPENVINO_GOAL = 1.2
TRAINING_GOAL = 2.0

_TIMED = """
import json, sys, time
import numpy as np
x = np.load(sys.argv[1]).astype("float32")
{prepare}
def once():
    {once}
for _ in range(5):
    once()
taken = []
for _ in range({rounds}):
    began = time.perf_counter()
    once()
    taken.append(1e3 * (time.perf_counter() - began))
print(json.dumps(taken))
"""
_ONNXRUNTIME = """
import onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession({file!r}, options, providers=["CPUExecutionProvider"])
"""
_OPENVINO = """
import openvino
core = openvino.Core()
settings = {{"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}}
network = core.compile_model({file!r}, "CPU", settings)
"""
_KERAS = """
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow as tf
tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)
from training.networks import inception_v3
network = inception_v3(7)
"""
_LITERT = """
from ai_edge_litert.interpreter import Interpreter
interpreter = Interpreter({file!r}, num_threads=1)
entry = interpreter.get_input_details()[0]["index"]
interpreter.resize_tensor_input(entry, x.shape)
interpreter.allocate_tensors()
end = interpreter.get_output_details()[0]["index"]
"""
_TO_LITERT = """
import os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow as tf
from training.networks import inception_v3
network = inception_v3(7)
size = int(sys.argv[1])
called = tf.function(lambda photo: network(photo), input_signature=[tf.TensorSpec((1, size, size, 3), tf.float32)])
converter = tf.lite.TFLiteConverter.from_concrete_functions([called.get_concrete_function()], network)
open(sys.argv[2], "wb").write(converter.convert())
"""

# Both learn all layers of the same network from the same photos; steps after the first, which only traces.
_LEARNING = """
import json, os, sys, time
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras, numpy as np
from training.networks import inception_v3
size, batch, steps = map(int, sys.argv[1:4])
random = np.random.default_rng(0)
photos = random.integers(0, 256, (batch * (steps + 1), 256, 256, 3), dtype=np.uint8)
labels = random.integers(0, 7, len(photos))
class Clock(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        ends.append(time.perf_counter())
ends = []
{fit}
print(json.dumps([1e3 * (after - before) for before, after in zip(ends, ends[1:])]))
"""
_OURS = """
from training.augment import training_batches
from training.fit import Fitting, Phase, _begin, _step_of, precision_policy
from training.workers import ALONE
keras.mixed_precision.set_dtype_policy(precision_policy("auto"))
network = inception_v3(7)
_begin(network, Phase("all", size, 1, 1e-4, 1.0, "all"), Fitting(), steps)
step = _step_of(network, ALONE)
batches = training_batches(photos, labels, np.ones(len(labels), "float32"), np.arange(len(labels)),
                           size=size, batch=batch, seed=0, how=Fitting().augmentation)
for each in batches:
    float(step(*each)[0])
    ends.append(time.perf_counter())
"""
_PLAIN = """
from PIL import Image
from tensorflow.keras.preprocessing.image import ImageDataGenerator
network = inception_v3(7)
network.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
generator = ImageDataGenerator(rotation_range=180, width_shift_range=.12, height_shift_range=.12,
                               zoom_range=.3, horizontal_flip=True, vertical_flip=True,
                               fill_mode="reflect", brightness_range=(.8, 1.2))
resized = np.stack([np.asarray(Image.fromarray(photo).resize((size, size))) for photo in photos])
network.fit(generator.flow(resized, labels, batch_size=batch), epochs=1, verbose=0, callbacks=[Clock()])
"""


def runtimes() -> Table:
    """Time one photo through this Scorer and its peers."""
    card = load_scorer().card
    with tempfile.TemporaryDirectory() as folder_name:
        folder = Path(folder_name)
        photos = np.stack([_photo(card.input_size) for _ in range(8)])
        one = folder / "photo.npy"
        np.save(one, photos[:1])
        plain, eight = folder / "plain.onnx", folder / "eight.onnx"
        graph = float32_graph(SHIPPED_MODEL / "model.onnx")
        onnx.save(graph, plain)
        onnx.save(quantized(graph, photos), eight)
        lite = folder / "network.tflite"
        _run(_TO_LITERT, str(card.input_size), str(lite))
        name = {"file": str(plain)}
        ours = "from functions.triage.scorer import load_scorer\nscorer = load_scorer()\nx = x.astype('uint8')"
        run_onnx, run_openvino = "session.run(['logits'], {'photo': x})", "network(x)"
        measured = {
            "onnxruntime, float32, as it comes": _timed(_ONNXRUNTIME.format(**name), run_onnx, one),
            "this Scorer, the file that ships": _timed(ours, "scorer.logits(x)", one),
            "onnxruntime, our 8 bits": _timed(_ONNXRUNTIME.format(file=str(eight)), run_onnx, one),
            "Keras predict": _timed(_KERAS, "network.predict(x, verbose=0)", one),
            "LiteRT, float32": _timed(
                _LITERT.format(file=str(lite)),
                "interpreter.set_tensor(entry, x); interpreter.invoke(); interpreter.get_tensor(end)",
                one,
            ),
            "OpenVINO, float32": _timed(_OPENVINO.format(**name), run_openvino, one),
            "OpenVINO, our 8 bits": _timed(_OPENVINO.format(file=str(eight)), run_openvino, one),
        }
    reference = statistics.median(measured["onnxruntime, float32, as it comes"])
    table = Table(
        "runtime",
        "median ms",
        "least ms",
        "times as fast as onnxruntime float32",
        title=f"The network, one photo of {card.input_size} pixels, one thread "
        f"(goal: {FASTER_THAN_PLAIN_GOAL:g} times, and at most {BESIDE_OPENVINO_GOAL:g} of OpenVINO's 8 bits)",
    )
    for runtime, taken in measured.items():
        median = statistics.median(taken)
        table.add_row(runtime, f"{median:.1f}", f"{min(taken):.1f}", f"{reference / median:.2f}")
    return table


def learning() -> Table:
    """Time full fine-tuning beside a plain Keras loop of the same network, size and batch."""
    size = load_scorer().card.input_size
    table = Table(
        "loop",
        "photos a second",
        "times as fast",
        title=f"Learning, all layers, {size} pixels, batches of {BATCH} (goal: {TRAINING_GOAL:g} times)",
    )
    speeds = {
        name: BATCH
        / (
            statistics.median(json.loads(_run(_LEARNING.replace("{fit}", fit), str(size), str(BATCH), str(STEPS)))[1:])
            / 1e3
        )
        for name, fit in (("Keras, float32, ImageDataGenerator", _PLAIN), ("training.fit", _OURS))
    }
    reference = next(iter(speeds.values()))
    for name, speed in speeds.items():
        table.add_row(name, f"{speed:.1f}", f"{speed / reference:.2f}")
    return table


def _photo(size: int) -> np.ndarray:
    return np.asarray(noisy_photo(size, size))


def _timed(prepare: str, once: str, photo: Path) -> list[float]:
    code = _TIMED.replace("{prepare}", prepare).replace("{once}", once).replace("{rounds}", str(ROUNDS))
    return list(json.loads(_run(code, str(photo))))


def _run(code: str, *arguments: str) -> str:
    quiet = {**os.environ, "ORT_DISABLE_TELEMETRY": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "OPENVINO_TELEMETRY": "0"}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False, cwd=ROOT, env=quiet
    )
    if done.returncode:
        raise RuntimeError(f"a runtime could not be timed:\n{done.stderr[-2000:]}")
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""


if __name__ == "__main__":
    console = Console(width=110)
    console.print(runtimes())
    console.print(learning())
