"""From `roll-back` to the pointer moved, in seconds: `python -m tests.registry.roll_back_speed`.

The shipped model is published twice under names of its own, promoted, and gone back from. Each time the target is
fetched, its hashes and signature are verified, and it is loaded and asked the drawn photos: once within a process that
has everything imported, and once as the command that a person types, from its start to its end. The folder lies on this
machine's disk; the bucket is moto's server on loopback, so a real one adds its distance.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moto.server import ThreadedMotoServer
from rich.console import Console
from rich.table import Table

from functions.common.signing import LocalSigner, new_local_key
from functions.common.storage import open_storage
from functions.registry.moves import promote, roll_back
from functions.registry.versions import publish
from functions.triage.scorer import SHIPPED_MODEL
from functions.triage.trial import trial

if TYPE_CHECKING:
    from collections.abc import Callable

_ROUNDS = 5
_TOLD: dict[str, Any] = {"who": "bench", "why": "to be timed"}
_SERVER = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "us-east-1"}


def measure(root: str, room: Path) -> tuple[list[float], list[float]]:
    """Return the seconds of each roll-back within this process, and as a command."""
    storage = open_storage(root)
    public = new_local_key(room / "signing.pem")
    for version in ("one", "two"):
        package = shutil.copytree(SHIPPED_MODEL, room / version)
        manifest = json.loads((package / "manifest.json").read_text("utf-8"))
        (package / "manifest.json").write_text(json.dumps({**manifest, "version": version}), "utf-8")
        publish(storage, package, LocalSigner(room / "signing.pem"))
    environment = {**os.environ, "REGISTRY_ROOT": root, "REGISTRY_PUBLIC_KEY": public.decode()}

    def within() -> None:
        check = trial(storage, public, Path(tempfile.mkdtemp(dir=room)))
        roll_back(storage, None, now=dt.datetime.now(dt.UTC), check=check, **_TOLD)

    def typed() -> None:
        command = [sys.executable, "-m", "functions", "registry", "roll-back", "--why", "to be timed"]
        subprocess.run(command, check=True, capture_output=True, env=environment)

    def timed(go_back: Callable[[], None]) -> float:
        promote(storage, "two", now=dt.datetime.now(dt.UTC), check=lambda _: None, **_TOLD)
        began = time.perf_counter()
        go_back()
        return time.perf_counter() - began

    promote(storage, "one", now=dt.datetime.now(dt.UTC), check=lambda _: None, **_TOLD)
    return [timed(within) for _ in range(_ROUNDS)], [timed(typed) for _ in range(_ROUNDS)]


def main() -> None:
    """Measure both kinds of storage and print a table."""
    table = Table("registry in", "within, median", "slowest", "command, median", "slowest", title="roll-back, seconds")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    os.environ.update(_SERVER)
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        os.environ["AWS_ENDPOINT_URL"] = f"http://{host}:{port}"
        import boto3

        boto3.client("s3").create_bucket(Bucket="models")
        for name in ("folder", "moto's S3"):
            with tempfile.TemporaryDirectory() as folder:
                root = f"{folder}/registry" if name == "folder" else "s3://models/registry"
                columns = measure(root, Path(folder))
            table.add_row(name, *(f"{of(column):.2f}" for column in columns for of in (statistics.median, max)))
    finally:
        server.stop()
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
