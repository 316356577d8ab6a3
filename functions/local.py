"""Every room behind one loopback port, for trying things out: `make serve`."""

from __future__ import annotations

import os
import socket
import sys

import uvicorn

from functions.triage.routes import create_app
from functions.triage.scorer import load_scorer
from functions.triage.settings import TriageSettings

HOST = "127.0.0.1"


def serve(port: int) -> None:
    """Serve until interrupted, and say where.

    Args:
        port: 0 for any free one.

    Raises:
        OSError: when the port is taken.

    """
    settings = TriageSettings()
    loaded = load_scorer(settings.model_dir, threads=settings.threads or os.cpu_count() or 1)
    listener = socket.create_server((HOST, port))
    address = f"http://{HOST}:{listener.getsockname()[1]}"
    print(
        f"dermacast, model {loaded.card.version}\n"
        f"  the page       {address}/\n"
        f"  the documents  {address}/docs\n"
        f"  by hand        curl -H 'Content-Type: image/jpeg' --data-binary @photo.jpg {address}/v1/predictions\n"
        "Ctrl-C ends it.",
        file=sys.stderr,
        flush=True,
    )
    config = uvicorn.Config(create_app(lambda: loaded, settings), log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])
