"""Each handler in the functions image, started by AWS's emulator under Lambda's limits."""
# ruff: noqa: S108 - places in the sandbox, whose /tmp is its own

from __future__ import annotations

import base64
import gzip
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from functions.common.signing import LocalSigner, new_local_key
from functions.common.storage import open_storage
from functions.registry.versions import publish
from functions.triage.answer import answer_photo
from functions.triage.golden import TOLERANCE, deviations, drawn_photos
from functions.triage.scorer import SHIPPED_MODEL, load_scorer
from tests.events import event
from tests.images import sandbox
from tests.registry import packages
from tests.triage import packages as triage_packages

if TYPE_CHECKING:
    from collections.abc import Mapping

FUNCTIONS = Path(__file__).parents[2] / "functions"
STATE_CHANGE = Path(__file__).parents[1] / "events" / "model_package_state_change.json"
HANDLERS = sorted(
    f"functions.{file.parent.name}.handler.{name}"
    for file in FUNCTIONS.glob("*/handler.py")
    for name in re.findall(r"^def ([a-z]\w*)\(event", file.read_text("utf-8"), re.MULTILINE)
)


@pytest.fixture(scope="module")
def image() -> sandbox.Image:
    return sandbox.image("functions")


def body(answer: Mapping[str, Any]) -> bytes:
    text = answer["body"]
    return base64.b64decode(text) if answer["isBase64Encoded"] else text.encode()


def test_only_tmp_can_be_written_nothing_reached_and_nothing_inherited(image: sandbox.Image) -> None:
    done = image.run("python", "/tmp/inside/confined.py")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["uid"], found["written"], found["connected"]) == (sandbox.UID, ["/tmp/x"], False)
    assert {"HOME", "AWS_ACCESS_KEY_ID"}.isdisjoint(found["inherited"])
    assert found["installed"].startswith("/opt/venv/")


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_handler_is_imported_and_called(image: sandbox.Image, handler: str) -> None:
    (told,) = image.invoke(handler, {})
    # Most refuse an empty event: a trace from within the handler shows that it was reached.
    assert told["answer"].get("stackTrace") or "errorType" not in told["answer"], told
    assert not told["answer"].get("errorType", "").startswith("Runtime."), told


def test_the_model_that_ships_says_of_the_drawn_photos_what_it_came_with(image: sandbox.Image) -> None:
    done = image.run("python", "/tmp/inside/golden.py")
    assert done.returncode == 0, done.stderr
    golden = json.loads((SHIPPED_MODEL / "golden.json").read_text("utf-8"))
    assert deviations(golden, json.loads(done.stdout)) == []


@pytest.mark.parametrize("model", ["shipped", "drawn"])
def test_a_photo_is_predicted_as_it_is_here(image: sandbox.Image, tmp_path: Path, model: str) -> None:
    # The model that ships is rightly unsure of drawings; the drawn network knows nothing else and gives a score.
    package = SHIPPED_MODEL if model == "shipped" else triage_packages.write(tmp_path / "model")
    scorer = load_scorer(package)
    photos = drawn_photos().values()
    answers = image.invoke(
        "functions.triage.handler.handler",
        *(event("http_default", "/v1/predictions", photo, "image/png") for photo in photos),
        binds={} if model == "shipped" else {sandbox.writable(package): "/tmp/model"},
        env={} if model == "shipped" else {"TRIAGE_MODEL_DIR": "/tmp/model"},
    )
    scored = 0
    for photo, told in zip(photos, answers, strict=True):
        assert told["answer"]["statusCode"] == 200, told
        found = json.loads(body(told["answer"]))
        here, _ = answer_photo(photo, scorer, prediction_id="", request_id="")
        assert (found["risk_band"], found["reasons"]) == (here.risk_band, here.reasons)
        assert found["probability"] == pytest.approx(here.probability, abs=TOLERANCE)
        scored += found["score"] is not None
    assert scored or model == "shipped"


def test_the_pages_of_phone_and_analysts_are_served(image: sandbox.Image) -> None:
    (phone,) = image.invoke("functions.triage.handler.handler", event("http_default", "/"))
    listed, page = image.invoke(
        "functions.forecasts.handler.handler",
        event("http_default", "/v1/forecasts"),
        event("http_default", "/forecasts"),
    )
    assert [told["answer"]["statusCode"] for told in (phone, listed, page)] == [200, 200, 200]
    assert b"<h1" in body(phone["answer"])
    assert b"<svg" in body(page["answer"])
    assert json.loads(body(listed["answer"]))["total"] > 0


def test_care_near_a_place_is_found(image: sandbox.Image) -> None:
    asked = event("http_default", "/v1/care", query=[("city", "Houston")])
    (told,) = image.invoke("functions.care.handler.handler", asked)
    assert told["answer"]["statusCode"] == 200, told
    assert b"Houston" in body(told["answer"])


def test_a_version_is_promoted(image: sandbox.Image, tmp_path: Path) -> None:
    public = new_local_key(tmp_path / "signing.pem")
    registry = tmp_path / "registry"
    publish(open_storage(registry), packages.write(tmp_path / "v1", 1), LocalSigner(tmp_path / "signing.pem"))
    approved = json.loads(STATE_CHANGE.read_text("utf-8"))
    approved["detail"]["ModelApprovalStatus"] = "Approved"
    approved["detail"]["CustomerMetadataProperties"]["version"] = "v1"
    told = image.invoke(
        "functions.registry.handler.handler",
        approved,
        approved,
        binds={sandbox.writable(registry): "/tmp/registry"},
        env={"REGISTRY_ROOT": "/tmp/registry", "REGISTRY_PUBLIC_KEY": public.decode()},
    )
    assert [one["answer"] for one in told] == [
        {"moved": True, "version": "v1", "sequence": 1},
        {"moved": False, "version": "v1", "sequence": 1},
    ]


def test_a_run_over_photos_is_planned_judged_and_merged(image: sandbox.Image, tmp_path: Path) -> None:
    for number, photo in enumerate(drawn_photos().values()):
        path = tmp_path / "photos" / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(photo)
    (tmp_path / "runs").mkdir()
    binds = {sandbox.writable(tmp_path): "/tmp/here"}
    env = {"BATCHES_ROOT": "/tmp/here/runs"}

    def answer(door: str, asked: dict[str, Any]) -> dict[str, Any]:
        (told,) = image.invoke(f"functions.batches.handler.{door}", asked, binds=binds, env=env)
        assert "errorType" not in told["answer"], told
        found: dict[str, Any] = told["answer"]
        return found

    work = answer("plan", {"run": "one", "asked": {"photos": "/tmp/here/photos"}})
    assert (work["photos"], work["batches"]) == (3, 1)
    done = answer("judge", {"run": "one", "batch": "000001"})
    assert done["judged"] + done["rejected"] == 3
    summary = answer("merge", {"run": "one"})
    assert (summary["judged"], summary["lost"]) == (done["judged"], 0)
    lines = gzip.decompress((tmp_path / "runs" / "one" / "predictions.jsonl.gz").read_bytes()).splitlines()
    assert len(lines) == done["judged"]
