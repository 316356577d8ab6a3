"""The exported map is Grad-CAM of the Keras network: same weights, no gradients."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from functions.triage.explain import malignant_map
from functions.triage.scorer import softmax
from training.networks import BACKBONE, inception_v3

MALIGNANT, TEMPERATURE = [4, 1, 0], 1.3
BIASES = np.linspace(-0.4, 0.6, 7)


@pytest.fixture(scope="module")
def network() -> keras.Model:
    keras.utils.set_random_seed(3)
    return inception_v3(7)


def test_the_map_is_grad_cam_of_the_log_odds(network: keras.Model) -> None:
    """Selvaraju 2017, arXiv 1610.02391, equations 1 and 2, before the ReLU, times the number of places."""
    photo = np.random.default_rng(2).uniform(0, 255, (1, 139, 139, 3)).astype(np.float32)
    head = network.get_layer("logits")
    last = network.get_layer(BACKBONE)(network.get_layer("rescaling")(photo), training=False)
    with tf.GradientTape() as tape:
        tape.watch(last)
        logits = head(network.get_layer("pooled")(last))
        p = tf.nn.softmax(tf.cast(logits, tf.float64) / TEMPERATURE + BIASES)
        malignant = tf.reduce_sum(tf.gather(p, MALIGNANT, axis=1))
        log_odds = tf.math.log(malignant) - tf.math.log1p(-malignant)
    gradient = tape.gradient(log_odds, last).numpy().astype(np.float64)
    grad_cam = (last.numpy().astype(np.float64) * gradient.mean(axis=(1, 2), keepdims=True)).sum(axis=-1)[0]
    places = grad_cam.size
    assert places > 1

    activation = last.numpy()[0] @ keras.ops.convert_to_numpy(head.kernel)
    found = malignant_map(activation, softmax(logits.numpy() / TEMPERATURE + BIASES)[0], MALIGNANT, TEMPERATURE)
    assert np.abs(found).max() > 1e-3, "a map of nothing proves nothing"
    np.testing.assert_allclose(found, places * grad_cam, atol=1e-3 * np.abs(found).max())
