"""One machine's part of a toy training, as a process of its own: `python -m tests.contract.joint_fit ROOM`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import keras
import numpy as np

from training.fit import Fitting, Phase, fit
from training.job import Room
from training.workers import ALONE, joined


def toy() -> keras.Model:
    """Return a network in which the photos of a batch meet: it normalises by all of them."""
    photo = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(8, 3, use_bias=False)(keras.layers.Rescaling(1 / 127.5, offset=-1)(photo))
    x = keras.layers.ReLU()(keras.layers.BatchNormalization()(x))
    return keras.Model(photo, keras.layers.Dense(3, name="logits")(keras.layers.GlobalAveragePooling2D()(x)))


def main() -> None:
    room = Room(Path(sys.argv[1]))
    resources = room.resources()
    together = joined(resources) if len(resources.hosts) > 1 else ALONE
    random = np.random.default_rng(0)
    labels = np.arange(80) % 3
    colours = np.array([[200, 60, 60], [60, 200, 60], [60, 60, 200]])[labels]
    photos = (colours[:, np.newaxis, np.newaxis] + random.integers(-60, 60, (80, 24, 24, 3))).clip(0, 255)
    settings = Fitting(
        phases=(Phase("first", 16, 1, 1e-2, 1.0, "all"), Phase("then", 24, 2, 1e-2, 0.1, "all")),
        batch=16,
        warm_up_steps=2,
        ema_momentum=0.5,
        precision="float32",
    )
    model, history = fit(
        toy,
        photos.astype(np.uint8),
        labels,
        [0],
        (np.arange(64), np.arange(64, 80)),
        settings,
        room.checkpoints,
        lambda _line: None,
        on_step=room.alive.touch,
        together=together,
    )
    weights = [keras.ops.convert_to_numpy(variable) for variable in model.trainable_variables]
    np.savez(room.base / "weights.npz", *weights)
    (room.base / "history.json").write_text(json.dumps(history), encoding="utf-8")


if __name__ == "__main__":
    main()
