"""An image's files as Lambda gives them to a program: only /tmp to write, no network, no rights, nothing inherited."""
# ruff: noqa: S108 - places in the sandbox, whose /tmp is its own

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.contract.emulator import EmulatorAbsent, emulator_program

INSIDE = Path(__file__).parent / "inside"
# Lambda's own smallest size of /tmp (developer guide, "Lambda quotas").
TMP_BYTES = 512 * 1024 * 1024
UID = 1000
_LIMIT_S = 600
_ONE_CPU_MB = 1769


@dataclass(frozen=True)
class Image:
    """Where an image is mounted, and what it says of itself."""

    root: Path
    env: tuple[str, ...]
    entrypoint: tuple[str, ...]

    def run(
        self,
        *command: str,
        given: str = "",
        binds: dict[Path, str] | None = None,
        env: dict[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the image as the user 1000; `binds` are folders that it may write."""
        settings = dict(one.split("=", 1) for one in self.env) | (env or {})
        return subprocess.run(
            [
                *(
                    "bwrap",
                    "--ro-bind",
                    str(self.root),
                    "/",
                    "--dev",
                    "/dev",
                    "--remount-ro",
                    "/dev",
                    "--proc",
                    "/proc",
                ),
                *(
                    "--perms",
                    "1777",
                    "--size",
                    str(TMP_BYTES),
                    "--tmpfs",
                    "/tmp",
                    "--ro-bind",
                    str(INSIDE),
                    "/tmp/inside",
                ),
                *(word for folder, place in (binds or {}).items() for word in ("--bind", str(folder), place)),
                *("--unshare-net", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent"),
                *("--new-session", "--clearenv", "--chdir", "/opt"),
                *(word for name, value in settings.items() for word in ("--setenv", name, value)),
                # Not a namespace's user: files keep their owner, so that what only root may read stays shut.
                *("setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", "--no-new-privs"),
                *("--bounding-set=-all", "--inh-caps=-all", *command),
            ],
            input=given,
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )

    def invoke(
        self,
        handler: str,
        *events: dict[str, Any],
        binds: dict[Path, str] | None = None,
        env: dict[str, str] | None = None,
        entrypoint: tuple[str, ...] | None = None,
    ) -> list[dict[str, Any]]:
        """Return the answers of AWS's emulator to events, one after the other, from one start of the runtime."""
        try:
            program = emulator_program()
        except EmulatorAbsent as reason:
            pytest.skip(str(reason))
        asked = {"runtime": [*(entrypoint or self.entrypoint), handler], "events": events}
        set_by_lambda = {
            "AWS_REGION": "eu-central-1",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(_ONE_CPU_MB),
            "AWS_LAMBDA_FUNCTION_TIMEOUT": "300",
            "LAMBDA_TASK_ROOT": "/opt",
        }
        done = self.run(
            *("python", "/tmp/inside/ask.py"),
            given=json.dumps(asked),
            binds={program.parent: "/tmp/emulator", **(binds or {})},
            env={**set_by_lambda, "EMULATOR": f"/tmp/emulator/{program.name}", **(env or {})},
        )
        assert done.returncode == 0, done.stderr
        answers: list[dict[str, Any]] = json.loads(done.stdout)
        return answers


def image(name: str) -> Image:
    """Return an image that `make images` has just built, or skip."""
    built = json.loads(os.environ.get("DERMACAST_IMAGES", "{}"))
    if name not in built:
        pytest.skip(f"the {name} image is not built here: make images")
    found = built[name]
    return Image(Path(found["root"]), tuple(found["env"]), tuple(found["entrypoint"]))


def writable(folder: Path) -> Path:
    """Let the sandbox's user write a folder and all below it."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, UID, UID)
    return folder
