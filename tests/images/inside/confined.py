"""Runs in an image: what of the world can be reached and written, as JSON."""
# ruff: noqa: S108 - places in the sandbox, whose /tmp is its own

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path

import functions


def failure_of(path: str) -> str | None:
    try:
        Path(path).write_bytes(b"")
    except OSError as error:
        return error.strerror
    return None


def connected() -> bool:
    try:
        socket.create_connection(("192.0.2.1", 443), timeout=1)
    except OSError as error:
        return "unreachable" not in str(error)
    return True


installed = str(Path(functions.__file__).parent)
json.dump(
    {
        "uid": os.getuid(),
        "written": [
            path for path in ("/tmp/x", "/opt/x", "/x", "/dev/shm/x", f"{installed}/x") if failure_of(path) is None
        ],
        "connected": connected(),
        "inherited": sorted(os.environ),
        "installed": installed,
    },
    sys.stdout,
)
