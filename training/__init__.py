"""Labelled photos in, a candidate model out: `model.onnx`, `card.json` and a report.

In comes a manifest in ISIC columns with its photos, in a SageMaker room or a folder like one; out goes
a model package that `functions.triage` can serve. It judges with the very pixels and scorer that serve,
and it refuses a split in which a lesion, a patient or a near-duplicate lies on both sides.
"""

import functions  # noqa: F401 - turns onnxruntime's telemetry off before anything here imports it
