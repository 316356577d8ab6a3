"""`python -m functions serve` as a person starts it, on a free port."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_S = 60


@dataclass(frozen=True)
class Served:
    """A running server."""

    process: subprocess.Popen[str]
    port: int
    greeting: str

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def served(out: IO[str] | None = None, *arguments: str, **environment: str) -> Iterator[Served]:
    """Serve while the body runs.

    Args:
        out: takes standard output; nobody reads it otherwise, and a full pipe would stop the server.
        arguments: of the command, besides the port.
        environment: variables besides those of this process.

    """
    process = subprocess.Popen(
        [sys.executable, "-m", "functions", "serve", "--port", "0", *arguments],
        stdout=subprocess.DEVNULL if out is None else out,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    assert process.stderr is not None
    greeting = ""
    try:
        for line in process.stderr:
            greeting += line
            if "Ctrl-C" in line:
                break
        found = re.search(r"http://127\.0\.0\.1:(\d+)/\n", greeting)
        assert found, greeting
        yield Served(process, int(found[1]), greeting)
    finally:
        process.terminate()
        process.wait(PATIENCE_S)
        process.stderr.close()
