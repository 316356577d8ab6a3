"""Runs in an image: start AWS's emulator with the runtime, send it events, write its answers.

In: {"runtime": command, "events": [...]} on standard input, the emulator's path in EMULATOR. Out: a list of
{"status", "answer", "said"}. Only Python's own library: the image has no more than the product takes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

FRONT, BACK = "127.0.0.1:9001", "127.0.0.1:9002"
URL = f"http://{FRONT}/2015-03-31/functions/function/invocations"
PATIENCE_S = 300
LOG = Path("/tmp/said.txt")  # noqa: S108 - the one folder that is to be written


def main() -> None:
    asked = json.load(sys.stdin)
    with LOG.open("wb") as log:
        addresses = ("--runtime-interface-emulator-address", FRONT, "--runtime-api-address", BACK)
        emulator = subprocess.Popen(
            [os.environ["EMULATOR"], *addresses, *asked["runtime"]], stdout=log, stderr=subprocess.STDOUT
        )
    answers = [invoke(event, emulator) for event in asked["events"]]
    emulator.kill()
    emulator.wait()
    json.dump(answers, sys.stdout)


def invoke(event: dict[str, object], emulator: subprocess.Popen[bytes]) -> dict[str, object]:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            request = urllib.request.Request(URL, json.dumps(event).encode())
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:  # noqa: S310 - the address is above
                status, body = response.status, response.read()
        except urllib.error.HTTPError as error:
            status, body = error.code, error.read()
        except urllib.error.URLError:
            if time.monotonic() > deadline or emulator.poll() is not None:
                raise SystemExit(LOG.read_text("utf-8", "replace")) from None
            time.sleep(0.02)
            continue
        try:
            answer = json.loads(body)
        except ValueError:
            answer = {"errorType": "text", "errorMessage": body.decode("utf-8", "replace")}
        return {"status": status, "answer": answer, "said": LOG.read_text("utf-8", "replace")}


if __name__ == "__main__":
    main()
