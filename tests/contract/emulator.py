"""The real Lambda runtime on this machine: AWS's emulator of its interface, and awslambdaric with our handler.

The emulator is one program inside the wheel of aws-sam-cli; pip fetches the wheel, only that program is kept, and its
hash is checked. Nothing is installed.
"""

from __future__ import annotations

import functools
import hashlib
import os
import platform
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache"
WHEEL = "aws-sam-cli==1.170.0"
_MACHINES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
_SHA256 = {
    "x86_64": "6b1e686e62ab2baf5759c412c4864276ef2a88b094fca53ec070637ccba9b9a5",
    "arm64": "ec2e5d09633d853834c008b1ef264bf834b258a94d551d2b2074966494b39a21",
}
HANDLER = "functions.triage.handler.handler"
MEMORY_MB = 1769
PATIENCE_S = 60


class EmulatorAbsent(Exception):
    """The emulator cannot be had here; the message says why."""


@functools.cache
def emulator_program() -> Path:
    """Return the path of the emulator, fetched once.

    Raises:
        EmulatorAbsent: when there is none for this machine, or the wheel cannot be had.

    """
    machine = _MACHINES.get(platform.machine().lower())
    if platform.system() != "Linux" or machine is None:
        raise EmulatorAbsent(f"there is no emulator for {platform.system()} on {platform.machine()}")
    name = f"aws-lambda-rie-{machine}"
    program = CACHE / name
    if not program.is_file():
        _fetch(name, program)
    found = hashlib.sha256(program.read_bytes()).hexdigest()
    if found != _SHA256[machine]:
        program.unlink()
        raise EmulatorAbsent(f"{name} of {WHEEL} has the hash {found}, not {_SHA256[machine]}")
    if not os.access(program, os.X_OK):
        raise EmulatorAbsent(f"{program.relative_to(ROOT)} cannot be executed")
    return program


def _fetch(name: str, program: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet"]
        fetched = subprocess.run(
            [*pip, "--no-deps", "--only-binary=:all:", WHEEL, "--dest", folder],
            capture_output=True,
            text=True,
            check=False,
        )
        wheels = list(Path(folder).glob("*.whl"))
        if fetched.returncode != 0 or not wheels:
            raise EmulatorAbsent(f"pip cannot fetch {WHEEL}: {fetched.stderr.strip()[-300:]}")
        with zipfile.ZipFile(wheels[0]) as wheel:
            content = wheel.read(f"samcli/local/rapid/{name}")
    program.parent.mkdir(exist_ok=True)
    partial = program.with_suffix(".partial")
    partial.write_bytes(content)
    partial.chmod(0o755)
    partial.replace(program)


@dataclass
class Emulator:
    """A running emulator; one event at a time, as two at once crash it."""

    process: subprocess.Popen[bytes]
    address: str
    log: Path
    lock: threading.Lock = field(default_factory=threading.Lock)

    def invoke(self, event: dict[str, Any]) -> dict[str, Any]:
        """Return the handler's answer to an event.

        Raises:
            AssertionError: when the runtime answers for the handler: errors come as HTTP 200 with an `errorType`.

        """
        with self.lock:
            url = f"{self.address}/2015-03-31/functions/function/invocations"
            response = httpx2.post(url, json=event, timeout=PATIENCE_S)
        try:
            answer: dict[str, Any] = response.json()
        except ValueError:
            answer = {"errorType": "text", "errorMessage": response.text}  # a timeout, for one
        assert "errorType" not in answer, f"{answer}\n{self.said()}"
        return answer

    def said(self) -> str:
        """Return what the emulator and the runtime have written."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def init_ms(self) -> list[float]:
        """Return how long each start of the runtime took; REPORT's own `Init Duration` is not it."""
        return [float(found) for found in re.findall(r"INIT REPORT\(durationMs: ([\d.]+)\)", self.said())]

    def durations_ms(self) -> list[float]:
        """Return how long each event took, from the runtime's REPORT lines; the first has the start in it."""
        return [float(found) for found in re.findall(r"\tDuration: ([\d.]+) ms", self.said())]

    def peak_memory_mib(self) -> float:
        """Return the most memory that the runtime's process has held at once."""
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                fields = dict(line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines())
            except OSError:  # gone meanwhile
                continue
            if fields["PPid"].strip() == str(self.process.pid) and "VmHWM" in fields:
                return int(fields["VmHWM"].split()[0]) / 1024
        raise LookupError("the runtime is not running")


@contextmanager
def emulator(**environment: str) -> Iterator[Emulator]:
    """Run the handler in the real runtime while the body runs; the runtime itself starts with the first event.

    Args:
        environment: the function's variables.

    """
    program = emulator_program()
    front, back = _free_ports(2)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.txt"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [
                    str(program),
                    *("--runtime-interface-emulator-address", f"127.0.0.1:{front}"),
                    *("--runtime-api-address", f"127.0.0.1:{back}"),
                    *(sys.executable, "-m", "awslambdaric", HANDLER),
                ],
                cwd=ROOT,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={
                    **os.environ,
                    # What Lambda sets and the emulator does not.
                    "AWS_REGION": "eu-central-1",
                    "LAMBDA_TASK_ROOT": str(ROOT),
                    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(MEMORY_MB),
                    "AWS_LAMBDA_FUNCTION_TIMEOUT": "30",
                    **environment,
                },
            )
        try:
            _wait_for(front, process)
            yield Emulator(process, f"http://127.0.0.1:{front}", log)
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def _free_ports(count: int) -> list[int]:
    servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [server.getsockname()[1] for server in servers]
    finally:
        for server in servers:
            server.close()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.01)
        else:
            return
    raise EmulatorAbsent(f"the emulator does not listen (exit status {process.poll()})")
