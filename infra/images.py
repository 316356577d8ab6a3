#!/usr/bin/env python3
"""Build the three images without a container engine, run them as Lambda and SageMaker do, and write down their sizes.

buildah builds (chroot isolation, no daemon), on a Debian base that mmdebstrap makes; tests/images runs what was built
in bubblewrap. An image whose inputs are those of `infra/images.json` is left alone: it was built and run from just
these. Where something that this takes is missing, it says so and does nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
RECORD = ROOT / "infra" / "images.json"
IMAGES = ("functions", "forecasting", "training")
PACKAGES = {"buildah": "buildah", "bwrap": "bubblewrap", "mmdebstrap": "mmdebstrap"}  # of Debian, by program
# Relative to the root: what goes into every image, and what judges it.
INPUTS = ("pyproject.toml", "constraints.txt", ".dockerignore", "functions", "training", "forecasting")
CACHE = ROOT / ".cache" / "images"
BASE = "localhost/dermacast-base"
# Of the machine that builds: a proxy's own authority, where there is one, is in it.
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
SITE_PACKAGES = "opt/venv/lib/python*/site-packages"
GOAL_MB = {"functions": 450}
_SHOWN = 5


@dataclass(frozen=True)
class Record:
    """What one image was built from, and how large it is above its base, in MB of 1,000,000 bytes."""

    inputs_sha256: str
    above_base_mb: float
    largest_mb: dict[str, float]


class Impossible(Exception):
    """Images cannot be built here; the message says why."""


class Builder:
    """buildah with a storage of its own, below the project's cache."""

    def __init__(self) -> None:
        """Find a storage driver that works here.

        Raises:
            Impossible: when a program or a right is missing.

        """
        missing = [package for program, package in PACKAGES.items() if shutil.which(program) is None]
        if missing:
            raise Impossible(f"this takes Debian's {', '.join(missing)}")
        if os.geteuid() != 0:
            raise Impossible("buildah's chroot isolation and mmdebstrap take root")
        complaints = []
        for driver in ("overlay", "vfs"):  # overlay is a kernel's right that some containers lack; vfs copies instead
            folder = CACHE / driver
            storage = ["--root", f"{folder}/storage", "--runroot", f"{folder}/run", "--storage-driver", driver]
            self._command = ["buildah", *storage]
            folder.mkdir(parents=True, exist_ok=True)
            try:
                scratch = self.says("from", "scratch")
                self.says("mount", scratch)
                self.says("rm", scratch)
            except subprocess.CalledProcessError as error:
                complaints.append(f"{driver}: {error.stderr.strip()[-200:]}")
            else:
                return
        raise Impossible(f"buildah can mount nothing here; {'; '.join(complaints)}")

    def says(self, *words: str) -> str:
        """Run buildah and return what it writes."""
        done = subprocess.run([*self._command, *words], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def base(self) -> None:
        """Make the base, where it is not there yet."""
        if self.says("images", "--quiet", "--filter", f"reference={BASE}"):
            return
        say("making a Debian base with mmdebstrap ...")
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            packed = f"{folder}/base.tar"
            made = ("mmdebstrap", "--quiet", "--mode=root", "--variant=minbase")
            include = "--include=python3,python3-venv,ca-certificates"
            subprocess.run([*made, include, "bookworm", packed], check=True)
            container = self.says("from", "scratch")
            self.says("add", "--quiet", container, packed)
        paths = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        self.says("config", "--env", f"PATH={paths}", container)
        self.says("commit", "--quiet", "--rm", container, BASE)

    def build(self, image: str) -> None:
        """Build an image from its Dockerfile."""
        trusted = ["--volume", f"{CERTIFICATES}:{CERTIFICATES}:ro"] if CERTIFICATES.is_file() else []
        subprocess.run(
            [
                *self._command,
                *("bud", "--quiet", "--isolation", "chroot", "--layers=false", "--build-arg", f"BASE={BASE}"),
                *trusted,
                *("--file", f"infra/{image}.Dockerfile", "--tag", f"localhost/dermacast-{image}", "."),
            ],
            cwd=ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def close(self, containers: list[str]) -> None:
        """Remove containers and what no image needs, and leave nothing mounted, so that the cache can be removed."""
        if containers:
            self.says("rm", *containers)
        self.says("rmi", "--prune")
        for driver in ("overlay", "vfs"):
            # buildah mounts the folder onto itself and leaves it so; where it did not, there is nothing to unmount.
            subprocess.run(["umount", f"{CACHE}/{driver}/storage/{driver}"], check=False, capture_output=True)  # noqa: S607

    def mounted(self, image: str) -> tuple[str, Path]:
        """Mount an image; return the container to remove afterwards, and the folder."""
        container = self.says("from", "--pull=false", image)
        return container, Path(self.says("mount", container))


def main() -> int:
    """Build what changed, run it, and keep the record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", nargs="*", metavar="IMAGE", help=f"of {', '.join(IMAGES)}; all three by default")
    parser.add_argument("--all", action="store_true", help="also build what has not changed")
    asked = parser.parse_args()
    if unknown := sorted(set(asked.images) - set(IMAGES)):
        parser.error(f"there is no image {', '.join(unknown)}")
    wanted = asked.images or IMAGES
    known = (
        {name: Record(**one) for name, one in json.loads(RECORD.read_text("utf-8")).items()} if RECORD.exists() else {}
    )
    hashes = {image: inputs_sha256(image) for image in wanted}
    changed = [one for one in wanted if asked.all or one not in known or known[one].inputs_sha256 != hashes[one]]
    for image in wanted:
        if image not in changed:
            say(f"{image}: built and run from just these inputs before")
            tell(image, known[image])
    if not changed:
        return 0
    try:
        builder = Builder()
    except Impossible as reason:
        say(f"skipped {', '.join(changed)}, because {reason}")
        return 0
    return built(builder, changed, known, hashes)


def built(builder: Builder, changed: list[str], known: dict[str, Record], hashes: dict[str, str]) -> int:
    """Build images, measure and run them; return the exit status."""
    builder.base()
    containers, roots, found = [], {}, dict(known)
    try:
        container, base = builder.mounted(BASE)
        containers.append(container)
        base_bytes = size(base)
        for image in changed:
            started = time.monotonic()
            builder.build(image)
            name = f"localhost/dermacast-{image}"
            container, root = builder.mounted(name)
            containers.append(container)
            config = json.loads(builder.says("inspect", "--type", "image", name))["OCIv1"]["config"]
            roots[image] = {"root": str(root), "env": config["Env"], "entrypoint": config["Entrypoint"]}
            found[image] = Record(hashes[image], round((size(root) - base_bytes) / 1e6, 1), largest(root))
            say(f"{image}: built in {time.monotonic() - started:.0f} s")
            tell(image, found[image])
        over = [one for one in changed if found[one].above_base_mb > GOAL_MB.get(one, float("inf"))]
        if over:
            say(f"too large: {', '.join(over)}")
            return 1
        tests = [sys.executable, "-m", "pytest", "tests/images", "-rs", "--durations=0"]
        environment = {**os.environ, "DERMACAST_IMAGES": json.dumps(roots)}
        if subprocess.run(tests, cwd=ROOT, env=environment, check=False).returncode != 0:
            return 1
    finally:
        builder.close(containers)
    RECORD.write_text(json.dumps({one: asdict(found[one]) for one in IMAGES if one in found}, indent=1) + "\n", "utf-8")
    return 0


def inputs_sha256(image: str) -> str:
    """Return the hash of all files that an image is made from and judged by; ignored files are none."""
    paths = (*INPUTS, f"infra/{image}.Dockerfile", "infra/images.py", "tests/images")
    listed = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *paths)
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    total = hashlib.sha256()
    for name in sorted(set(filter(None, names))):
        if (ROOT / name).is_file():
            total.update(f"{name}\0{hashlib.sha256((ROOT / name).read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def size(path: Path) -> int:
    """Return the bytes of a file, or of all files below a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.lstat().st_size for file in files if file.is_symlink() or file.is_file())


def largest(root: Path) -> dict[str, float]:
    """Return the largest parts of what is installed, a library's own folder of shared objects counted with it."""
    parts: dict[str, int] = {}
    for folder in root.glob(SITE_PACKAGES):
        for part in folder.iterdir():
            name = part.name.removesuffix(".libs")
            parts[name] = parts.get(name, 0) + size(part)
    ranked = sorted(parts.items(), key=lambda one: -one[1])[:_SHOWN]
    return {name: round(count / 1e6, 1) for name, count in ranked}


def tell(image: str, record: Record) -> None:
    """Say an image's size and its largest parts."""
    goal = f" (goal: at most {GOAL_MB[image]})" if image in GOAL_MB else ""
    parts = ", ".join(f"{name} {count:g}" for name, count in record.largest_mb.items())
    say(f"  {record.above_base_mb:g} MB above its base{goal}; the largest parts: {parts}")


def say(words: str) -> None:
    """Write a line for the person who waits."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
