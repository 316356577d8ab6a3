"""Whether known faults are in the pinned packages: `make audit`.

pip-audit asks PyPI's advisories. Where they cannot be had, that is said, and the pins are listed with their release
dates, oldest first, so that a person can look.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

ROOT = Path(__file__).parents[1]
PINS = ROOT / "constraints.txt"
_INDEX = "https://pypi.org/simple"
_PATIENCE_S = 20


def pins(text: str) -> list[tuple[str, str]]:
    """Return each pinned name with its version; some have several, for different Pythons."""
    return re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE)


def findings(report: dict[str, Any]) -> tuple[list[str], int]:
    """Return a sentence for each known fault, and how many packages could be asked about."""
    told, asked = [], 0
    for package in report["dependencies"]:
        if "vulns" not in package:
            continue
        asked += 1
        for fault in package["vulns"]:
            mended = ", ".join(fault.get("fix_versions") or ["no version"])
            told.append(f"{package['name']} {package['version']}: {fault['id']}, mended in {mended}")
    return told, asked


def released(files: list[dict[str, Any]], name: str, version: str) -> dt.date | None:
    """Return the day on which the first file of a version was put into an index (PEP 700)."""
    own = re.compile(rf"^{re.sub('[-_.]+', '[-_.]+', name)}-{re.escape(version)}(-|\.tar|\.zip)", re.IGNORECASE)
    days = [file["upload-time"] for file in files if own.match(file["filename"]) and file.get("upload-time")]
    return dt.date.fromisoformat(min(days)[:10]) if days else None


def _date_of(pin: tuple[str, str]) -> tuple[dt.date | None, str]:
    name, version = pin
    request = Request(  # noqa: S310 - https
        f"{_INDEX}/{name.lower()}/", headers={"Accept": "application/vnd.pypi.simple.v1+json"}
    )
    try:
        with urlopen(request, timeout=_PATIENCE_S) as answer:  # noqa: S310 - the index's address
            files = json.load(answer)["files"]
    except (OSError, ValueError):
        return None, f"{name} {version}"
    return released(files, name, version), f"{name} {version}"


def main() -> int:
    """Return 1 where a known fault is found."""
    program = ROOT / ".venv" / "sbom" / "bin" / "pip-audit"
    words = ["--requirement", str(PINS), "--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off"]
    done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
    report = json.loads(done.stdout) if done.stdout.startswith("{") else {"dependencies": []}
    told, asked = findings(report)
    every = pins(PINS.read_text("utf-8"))
    if told:
        sys.stdout.write("\n".join(told) + f"\n{len(told)} known faults in {asked} of {len(every)} packages\n")
        return 1
    if asked:
        sys.stdout.write(f"no known fault in {asked} of {len(every)} packages\n")
        return 0
    sys.stdout.write(f"Nothing was checked: the advisories cannot be had here. {len(every)} pins, oldest first:\n")
    with ThreadPoolExecutor(8) as pool:
        dated = sorted(pool.map(_date_of, every), key=lambda one: (one[0] is not None, one[0] or dt.date.min))
    sys.stdout.writelines(f"{day or 'unknown   '}  {pin}\n" for day, pin in dated)
    return 0


if __name__ == "__main__":
    sys.exit(main())
