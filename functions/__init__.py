"""What Lambda runs: rooms that answer in milliseconds.

In come HTTP requests, as events of API Gateway or over a local port; out go JSON, pages and problem
documents. Nothing here imports TensorFlow, pandas, Prophet or matplotlib, and nothing here writes a
photo to a disk.
"""

import os

# onnxruntime reports its use to its maker, under an id of the machine, unless this is set before its import.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
