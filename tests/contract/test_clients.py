"""Clients of mobile teams against a running server: a typed one made from the document, and those of docs/mobile.md."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import uvicorn

from functions.triage.golden import drawn_photos
from functions.triage.routes import create_app
from functions.triage.settings import TriageSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from functions.triage.scorer import Scorer

ROOT = Path(__file__).parents[2]
SOURCE = Path(__file__).parent / "client"
BUILT = ROOT / ".cache" / "client"
GUIDE = ROOT / "docs" / "mobile.md"


@pytest.fixture(scope="module")
def address(scorer: Scorer) -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    app = create_app(lambda: scorer, TriageSettings())
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)
    listener.close()


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photo") / "photo.png"
    path.write_bytes(drawn_photos()["large uneven spot"])
    return path


@pytest.fixture(scope="module")
def node() -> str:
    """Return node, with what the typed client needs beside it."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("no npm and node to make a TypeScript client with")
    BUILT.mkdir(parents=True, exist_ok=True)
    for file in SOURCE.iterdir():
        shutil.copyfile(file, BUILT / file.name)
    done = subprocess.run(
        [npm, "install", "--no-audit", "--no-fund"], cwd=BUILT, capture_output=True, text=True, timeout=180, check=False
    )
    if done.returncode:
        pytest.skip(f"npm cannot fetch the compiler: {done.stderr.strip().splitlines()[-1:]}")
    return node


def test_a_typed_client_is_made_compiled_and_answered(node: str, address: str, photo: Path) -> None:
    bin_ = BUILT / "node_modules" / ".bin"
    made = [bin_ / "openapi-typescript", ROOT / "openapi.json", "-o", BUILT / "schema.d.ts"]
    subprocess.run(made, cwd=BUILT, check=True, capture_output=True, timeout=120)
    compiled = subprocess.run([bin_ / "tsc"], cwd=BUILT, capture_output=True, text=True, timeout=120, check=False)
    assert compiled.returncode == 0, compiled.stdout
    ran = subprocess.run(
        [node, BUILT / "built" / "client.js", address, photo], capture_output=True, text=True, timeout=60, check=True
    )
    told = json.loads(ran.stdout)
    assert told["lang"] == "es"
    assert told["flags"] == ["changing"]
    assert told["band"] in {"low", "watch", "urgent", "unsure"}
    assert told["refusal"] == "photo_format_unsupported"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)


def test_the_guide_shows_each_language() -> None:
    for language in ("sh", "js", "swift", "kotlin"):
        assert blocks(language), language


def test_the_guides_curl_is_answered(address: str, photo: Path) -> None:
    for block in blocks("sh"):
        command = block.replace("https://SERVICE", address).replace("photo.jpg", str(photo))
        command = command.replace("image/jpeg", "image/png")
        ran = subprocess.run(["sh", "-ec", command], capture_output=True, text=True, timeout=60, check=True)
        assert json.loads(ran.stdout)["advice"]["headline"]


def test_the_guides_javascript_is_answered(node: str, address: str, photo: Path) -> None:
    script = "\n".join(blocks("js")).replace("https://SERVICE", address)
    run = f"""
      import {{ readFileSync }} from "node:fs";
      {script}
      const answer = await judge(new Blob([readFileSync({json.dumps(str(photo))})], {{ type: "image/png" }}), "de");
      console.log(JSON.stringify(answer));
    """
    ran = subprocess.run(
        [node, "--input-type=module", "-e", run], capture_output=True, text=True, timeout=60, check=True
    )
    assert json.loads(ran.stdout)["advice"]["lang"] == "de"


def test_every_code_that_the_guide_names_is_one_of_ours() -> None:
    from functions.common.problems import every_problem

    named = set(re.findall(r"`([a-z]+_[a-z_]+)` \(\d{3}\)", GUIDE.read_text("utf-8")))
    assert named
    assert named <= {kind.code for kind in every_problem()}
