"""What is in each image, as CycloneDX: `make sbom` writes build/sbom/<image>.cdx.json.

Run by the Python that cyclonedx-bom is installed in. The packages are those that the image's recipe would install now;
their licences and addresses come from the development environment, which holds the same versions.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion  # type: ignore[import-not-found]  # it has an environment of its own
from cyclonedx.validation.json import JsonStrictValidator  # type: ignore[import-not-found]

ROOT = Path(__file__).parents[1]
PYTHON = ROOT / ".venv" / "bin" / "python"
TARGET = ROOT / "build" / "sbom"
# The extra that each image installs.
IMAGES = {"functions": "serve", "training": "train", "forecasting": "forecast"}


def packages(extra: str) -> dict[str, str]:
    """Return the versions that an image's recipe would install, by normalised name."""
    words = ["--quiet", "--no-header", "--no-annotate", "--constraint", "constraints.txt", "--extra", extra]
    done = subprocess.run(
        [PYTHON, "-m", "uv", "pip", "compile", *words, "pyproject.toml"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr)
    return {normalised(name): version for name, version in re.findall(r"^([\w.-]+)==(\S+)", done.stdout, re.MULTILINE)}


def environment() -> dict[str, Any]:
    """Return the document of the development environment."""
    program = Path(sys.executable).with_name("cyclonedx-py")
    words = ["environment", str(PYTHON), "--pyproject", "pyproject.toml", "--output-reproducible", "--sv", "1.6"]
    done = subprocess.run([program, *words], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def part(document: dict[str, Any], image: str, wanted: dict[str, str]) -> dict[str, Any]:
    """Return the document of an image: of the environment's, its packages and what they need of each other.

    Raises:
        SystemExit: the environment does not hold what the image would.

    """
    kept = [one for one in document["components"] if wanted.get(normalised(one["name"])) == one["version"]]
    if missing := wanted.keys() - {normalised(one["name"]) for one in kept}:
        sys.exit(f"{image}: not in .venv in the pinned version: {', '.join(sorted(missing))}. `make env` installs them")
    root = {**document["metadata"]["component"], "name": f"dermacast-{image}"}
    refs = {one["bom-ref"] for one in kept} | {root["bom-ref"]}
    dependencies = [
        {**one, "dependsOn": [ref for ref in one.get("dependsOn", []) if ref in refs]}
        for one in document["dependencies"]
        if one["ref"] in refs
    ]
    return {
        **document,
        "metadata": {**document["metadata"], "component": root},
        "components": kept,
        "dependencies": dependencies,
    }


def normalised(name: str) -> str:
    """Return a package's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> None:
    """Write and check one document an image."""
    whole = environment()
    TARGET.mkdir(parents=True, exist_ok=True)
    for image, extra in IMAGES.items():
        text = json.dumps(part(whole, image, packages(extra)), indent=1) + "\n"
        if errors := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
            sys.exit(f"{image}: {errors}")
        file = TARGET / f"{image}.cdx.json"
        file.write_text(text, "utf-8")
        components = json.loads(text)["components"]
        licensed = sum(bool(one.get("licenses")) for one in components)
        sys.stdout.write(f"{file.relative_to(ROOT)}: {len(components)} packages, {licensed} with a licence\n")


if __name__ == "__main__":
    main()
