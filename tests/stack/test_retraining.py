"""The real state machine file from input to end: our handlers, a child process for SageMaker, moto for the rest."""

from __future__ import annotations

import datetime as dt
import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from functions.common.signing import LocalSigner, new_local_key
from functions.common.storage import open_storage
from functions.registry import handler as registry
from functions.registry.moves import promote, roll_back
from functions.registry.pointer import ledger, read_pointer
from functions.registry.versions import publish
from functions.triage.answer import answer_photo
from functions.triage.follow import Follower
from functions.triage.golden import drawn_photos, golden_answers
from functions.triage.scorer import SHIPPED_MODEL
from tests.training.photos import draw_set
from training import steps
from training.deliveries import check_folder, open_training, send
from training.job import METRIC_DEFINITIONS
from training.local_machine import LocalMachine, TrainingJobs, take_away
from training.verdict import Rules

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

DEFINITION = Path(__file__).parents[2] / "infra" / "retraining.asl.json"
TOY = {"network": "small_inception", "phases": "whole:75:5:3e-3:0.1:all", "batch": "8", "ema_momentum": "0.8"}
TOPIC = "arn:aws:sns:eu-central-1:123456789012:dermacast"
FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function"
SUBSTITUTIONS = {
    "PlanFunctionArn": f"{FUNCTION}:plan",
    "JudgeFunctionArn": f"{FUNCTION}:judge",
    "RegisterFunctionArn": f"{FUNCTION}:register",
    "RegistryFunctionArn": f"{FUNCTION}:registry",
    "TopicArn": TOPIC,
    "TrainingRoleArn": "arn:aws:iam::123456789012:role/training",
    "TrainingImageUri": "training:latest",
    "TrainingKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/1",
    "TrainingInstanceType": "ml.m5.xlarge",
}


@contextmanager
def no_bar(_title: str, _total: int) -> Iterator[Callable[[int], None]]:
    yield lambda _done: None


class House:
    """Buckets, a topic with its messages, a delivery, and the state machine over them."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        where = {"CreateBucketConfiguration": {"LocationConstraint": "eu-central-1"}}
        s3 = boto3.client("s3")
        for bucket in ("training", "models"):
            s3.create_bucket(Bucket=bucket, **where)
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        boto3.client("sns").create_topic(Name="dermacast")
        queue = boto3.client("sqs").create_queue(QueueName="told")["QueueUrl"]
        boto3.client("sns").subscribe(
            TopicArn=TOPIC, Protocol="sqs", Endpoint="arn:aws:sqs:eu-central-1:123456789012:told"
        )
        boto3.client("sagemaker").create_model_package_group(ModelPackageGroupName="dermacast")
        self.queue, self.public = queue, new_local_key(folder / "key.pem")
        settings = {
            "RETRAINING_ROOT": "s3://training",
            "RETRAINING_REGISTRY_ROOT": "s3://models/registry",
            "RETRAINING_PUBLIC_KEY": self.public.decode(),
            "RETRAINING_SIGNING_KEY": str(folder / "key.pem"),
            "RETRAINING_LEAST_NEW_PHOTOS": "20",
            "RETRAINING_HYPERPARAMETERS": json.dumps(TOY),
            "RETRAINING_APPROVAL": "Approved",
            "REGISTRY_ROOT": "s3://models/registry",
            "REGISTRY_PUBLIC_KEY": self.public.decode(),
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        steps._settings.cache_clear()
        self.jobs = TrainingJobs(folder / "jobs", environment={"OMP_NUM_THREADS": "1"})
        self.functions: dict[str, Any] = {
            "plan": steps.plan,
            "judge": steps.judge,
            "register": steps.register,
            "registry": registry.handler,
        }
        self.registry = open_storage("s3://models/registry")
        self.deliver("first", 63)

    def deliver(self, name: str, lesions: int) -> None:
        data = self.folder / f"delivery-{name}"
        draw_set(data, lesions=lesions, folds=3)
        manifest = data / "lesions.csv" if (data / "lesions.csv").exists() else data / "manifest.csv"
        # The toy's folds in the numbers of the frozen split: 0 trains, 7 chooses, 8 tests.
        head, *rows = manifest.read_text("utf-8").splitlines()
        fold = head.split(",").index("fold")
        dealt = {"0": "0", "1": "7", "2": "8"}
        told = [row.split(",") for row in rows]
        for row in told:
            row[fold] = dealt[row[fold]]
        (data / "manifest.csv").write_text("\n".join([head, *(",".join(row) for row in told)]) + "\n", "utf-8")
        if manifest.name != "manifest.csv":
            manifest.unlink()
        storage = open_training("s3://training")
        checked = check_folder(data, name, storage, now=dt.datetime.now(dt.UTC), most_broken=1.0, bar=no_bar)
        send(checked, storage, no_bar)

    def run(self, name: str, asked: dict[str, Any] | None = None, **changed: str) -> dict[str, Any]:
        machine = LocalMachine(DEFINITION, {**SUBSTITUTIONS, **changed}, self.functions, self.jobs)
        return machine.run(name, asked or {})

    def told(self) -> list[str]:
        """The subjects of the messages that went out since the last look."""
        found = boto3.client("sqs").receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", [])
        for message in found:
            boto3.client("sqs").delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"])["Subject"] for message in found]

    def live(self) -> str:
        found = read_pointer(self.registry)
        return found[0].version if found else "shipped"

    def serve(self) -> tuple[str, dict[str, Any]]:
        """Which version a function that starts now answers with, and what it says of the drawn photos."""
        follower = Follower(self.registry, self.public, SHIPPED_MODEL, self.folder / "cache", refresh_s=0)
        follower.start(60)
        photo = drawn_photos()["large uneven spot"]
        answer, _ = answer_photo(photo, follower.scorer(), prediction_id="", request_id="")
        return answer.model.version, golden_answers(follower.scorer())


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        yield House(tmp_path, monkeypatch)


# What a toy that learned from a few drawings can meet; the gate's own rules are tried in tests/training/test_gate.py.
TOY_RULES = Rules(
    auroc_margin=1.0,
    sensitivity_margin=1.0,
    calibration_error_to=1.0,
    calibration_margin=1.0,
    group_auroc_margin=1.0,
    group_sensitivity_margin=1.0,
    group_auroc_from=0.0,
    called_low_to=1.0,
    leap_to=1.0,
    suspicion=1e-9,
    latency_factor=1e3,
    latency_slack_ms=1e6,
)


def lenient(monkeypatch: pytest.MonkeyPatch) -> None:
    run_gate = steps.run_gate
    monkeypatch.setattr(steps, "run_gate", lambda *given, **named: run_gate(*given, **named, rules=TOY_RULES))


def test_the_definition_declares_the_metrics_that_the_job_writes() -> None:
    states = json.loads(DEFINITION.read_text("utf-8"))["States"]
    assert states["Train"]["Parameters"]["AlgorithmSpecification"]["MetricDefinitions"] == METRIC_DEFINITIONS


def test_every_task_has_a_time_limit_and_every_failure_one_notification() -> None:
    states = json.loads(DEFINITION.read_text("utf-8"))["States"]
    work = {name: state for name, state in states.items() if state["Type"] == "Task" and not name.startswith("Tell")}
    assert set(work) == {"Plan", "Train", "Judge", "Register", "Promote"}
    for state in work.values():
        assert state["TimeoutSeconds"] > 0
        assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"]
        assert state["Catch"][-1]["Next"] == "TellFailure"


def test_from_photos_to_a_model_that_answers_and_back(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    lenient(monkeypatch)
    before = house.serve()
    ended = house.run("one")
    assert ended["status"] == "SUCCEEDED", ended
    assert ended["states"] == [
        "Plan",
        "IsThereEnough",
        "Train",
        "Judge",
        "IsItAccepted",
        "Register",
        "IsItApproved",
        "Promote",
        "TellPromoted",
        "Ended",
    ]
    assert house.told() == ["A new model answers"]
    after = house.serve()
    assert after[0] == house.live() != before[0]
    assert after[1] != before[1]
    (entry,) = ledger(house.registry)
    assert entry.who == "retraining one"
    assert entry.verdict == "s3://training/runs/one/verdict.json"
    verdict = open_storage("s3://training").read("runs/one/verdict.html")
    assert verdict is not None
    assert entry.version.encode() in verdict.data
    # Nothing new since: the next run ends with the reason, and one word.
    again = house.run("two")
    assert (again["status"], again["states"]) == ("SUCCEEDED", ["Plan", "IsThereEnough", "TellNothingNew", "Ended"])
    assert json.loads(again["output"])["reason"].startswith("0 new photos since")
    assert house.told() == ["No retraining"]
    roll_back(house.registry, None, who="ann", why="a test", now=dt.datetime.now(dt.UTC), check=lambda _version: None)
    assert house.serve() == before


def test_a_refused_candidate_is_told_and_its_verdict_kept(house: House) -> None:
    """A toy that learned from a few drawings does not come near the model that ships on its test photos."""
    ended = house.run("one")
    assert ended["status"] == "SUCCEEDED", ended
    assert ended["states"][-3:] == ["IsItAccepted", "TellRefused", "Ended"]
    assert house.told() == ["A new model was refused"]
    assert house.live() == "shipped"
    verdict = open_storage("s3://training").read("runs/one/verdict.json")
    assert verdict is not None
    assert json.loads(verdict.data)["accepted"] is False


def test_a_failed_training_is_told_with_its_cause(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETRAINING_HYPERPARAMETERS", json.dumps({**TOY, "phases": "nonsense"}))
    steps._settings.cache_clear()
    ended = house.run("one")
    assert (ended["status"], ended["error"]) == ("FAILED", "RetrainingFailed")
    assert "phases 'nonsense'" in ended["cause"]
    assert ended["states"][-2:] == ["TellFailure", "Failed"]
    assert house.told() == ["Retraining failed"]
    assert house.live() == "shipped"


def test_a_training_whose_machine_is_taken_goes_on_elsewhere(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    lenient(monkeypatch)
    taken: list[Path] = []

    def interrupt(process: subprocess.Popen[str], room: Path) -> bool:
        import time

        if taken:
            return False
        deadline = time.monotonic() + 300
        while not (room / "checkpoints" / "epoch-01.json").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        take_away(process)
        taken.append(room)
        return True

    house.jobs.interrupt = interrupt
    ended = house.run("one")
    assert ended["status"] == "SUCCEEDED", ended
    assert ended["states"][-1] == "Ended"
    assert len(taken) == 1
    assert len(list(house.jobs.folder.iterdir())) == 2
    assert house.live() != "shipped"


@pytest.mark.parametrize("succeeds", [True, False])
def test_a_notification_that_fails_hides_no_outcome(house: House, succeeds: bool) -> None:
    promoted = publish(house.registry, SHIPPED_MODEL, LocalSigner(house.folder / "key.pem"))
    told = {"who": "ann", "why": "first", "now": dt.datetime.now(dt.UTC), "check": lambda _version: None}
    promote(house.registry, promoted, **told)
    if not succeeds:
        house.functions["plan"] = _broken
    else:
        house.functions["plan"] = lambda event, context: {**steps.plan(event, context), "enough": False}
    ended = house.run("one", TopicArn=f"{TOPIC}-that-is-not-there")
    assert house.told() == []
    if succeeds:
        assert ended["status"] == "SUCCEEDED"
        assert "NotFound" in json.loads(ended["output"])["untold"]["Error"]
    else:
        assert (ended["status"], ended["error"]) == ("FAILED", "RetrainingFailed")
        assert "broken" in ended["cause"]


def _broken(_event: Any, _context: Any) -> Any:
    raise ValueError("broken")
