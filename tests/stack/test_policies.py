"""Each function's policy, held against what the function really asks of AWS: nothing missing, nothing unused."""

from __future__ import annotations

import datetime as dt
import io
import json
import tarfile
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from functions.batches import handler as batches
from functions.common.gateway import rest_event
from functions.common.signing import LocalSigner, new_local_key
from functions.common.storage import open_storage
from functions.monitoring import keeper
from functions.registry.moves import promote
from functions.registry.versions import publish
from functions.triage.golden import drawn_photos
from functions.triage.scorer import SHIPPED_MODEL
from tests.batches.test_batches import SCORER, photo
from tests.monitoring.test_monitoring import REFERENCE, rows
from tests.registry import packages
from tests.stack import trace as traces
from tests.stack.conftest import ROOT, TEMPLATE
from tests.stack.test_retraining import House
from tests.stack.test_template import SETTINGS, command_of, functions_of, variables
from tests.stack.trace import Trace, allows, statements_of, traced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from infra.resolved import Stack

# What no call of the code shows, by action, and why it is allowed all the same.
UNSEEN = {
    "logs:CreateLogStream": "the runtime writes the log",
    "logs:PutLogEvents": "the runtime writes the log",
    "xray:PutTraceSegments": "the runtime sends its own segments",
    "xray:PutTelemetryRecords": "the runtime sends its own segments",
    "sqs:SendMessage": "Lambda puts what failed at each attempt into the queue",
    "s3:ListBucket": "S3 says that something is absent, instead of forbidden, only to whom may list the bucket",
}
# What Lambda's own queue asks of the key, beside what S3 does.
QUEUE_KEY = {"kms:Decrypt", "kms:GenerateDataKey"}


class Stage:
    """The stack's buckets in moto, and a function's settings as the template gives them."""

    def __init__(self, stack: Stack, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stack, self.folder, self.monkeypatch = stack, folder, monkeypatch
        for name in stack.of_type("AWS::S3::Bucket"):
            boto3.client("s3").create_bucket(
                Bucket=stack.name(name), CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
            )
        for name, properties in stack.of_type("AWS::DynamoDB::Table").items():
            made = {key: value for key, value in properties.items() if key != "TimeToLiveSpecification"}
            boto3.client("dynamodb").create_table(TableName=stack.name(name), **made)
        self.public = new_local_key(folder / "key.pem")
        self.signer = LocalSigner(folder / "key.pem")
        self.trace = Trace(stack.arn("DataKey"))

    def given(self, function: str, **instead: str) -> None:
        """Set a function's variables; the public key is that of the stage."""
        for name, value in variables(functions_of(self.stack)[f"{function}Function"]).items():
            self.monkeypatch.setenv(name, self.public.decode() if name.endswith("PUBLIC_KEY") else value)
        for name, value in instead.items():
            self.monkeypatch.setenv(name, value)

    def bucket(self, name: str, below: str = "") -> Any:
        return open_storage(f"s3://{self.stack.name(f'{name}Bucket')}/{below}")

    def published(self, number: int) -> str:
        package = packages.write(self.folder / f"v{number}", number)
        return publish(self.bucket("Models", "registry"), package, self.signer)

    def promoted(self, version: str) -> None:
        told: dict[str, Any] = {"who": "ann", "why": "a test", "now": dt.datetime.now(dt.UTC)}
        promote(self.bucket("Models", "registry"), version, check=lambda _version: None, **told)

    def judge_policy(self, function: str) -> None:
        """Compare what was traced with the function's policy, both ways."""
        allowed = statements_of(self.stack.resources[f"{function}Role"]["Properties"])
        calls = self.trace.calls
        assert calls or not {action for action, _ in allowed} - UNSEEN.keys()
        missing = [
            f"{action} on {resource}"
            for action, resource in sorted(calls)
            if not any(action == name and allows(pattern, resource) for name, pattern in allowed)
        ]
        assert not missing, f"{function} may not: {missing}"
        has_queue = "DeadLetterConfig" in functions_of(self.stack)[f"{function}Function"]
        unused = [
            f"{action} on {pattern}"
            for action, pattern in allowed
            if action not in UNSEEN
            and not (has_queue and action in QUEUE_KEY)
            and not any(action == name and allows(pattern, resource) for name, resource in calls)
        ]
        assert not unused, f"{function} never does: {unused}"


@pytest.fixture
def stage(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    with mock_aws():
        yield Stage(stack, tmp_path, monkeypatch)


class _Context:
    aws_request_id = "1"


def rest(method: str, path: str, body: bytes = b"", media_type: str = "image/png") -> dict[str, Any]:
    return rest_event(method, path, body, {"Host": ["test"], "Content-Type": [media_type]})


def test_triage(stage: Stage) -> None:
    stage.given("Triage", TRIAGE_CACHE_DIR=str(stage.folder / "cache"))
    stage.promoted(stage.published(1))
    from functions.triage import handler

    stage.monkeypatch.setattr(keeper, "Keeper", partial(keeper.Keeper, flush_photos=1))
    with traced(stage.trace):
        door = handler._door()
        handled = door(rest("GET", "/v1/health"), _Context())
        assert json.loads(handled["body"])["model"]["version"] == "v1"
        form = json.loads(door(rest("POST", "/v1/uploads"), _Context())["body"])
        stage.bucket("Uploads").create(f"uploads/{form['upload_id']}", drawn_photos()["small even spot"])
        asked = json.dumps({"upload_id": form["upload_id"]}).encode()
        assert door(rest("POST", "/v1/predictions", asked, "application/json"), _Context())["statusCode"] == 200
        for name in ("bare skin", "small even spot"):
            door(rest("POST", "/v1/predictions", drawn_photos()[name]), _Context())
        assert door(rest("POST", "/v1/predictions", b"no photo"), _Context())["statusCode"] == 415
    assert list(stage.bucket("Monitoring").list("monitoring/sketches/"))
    # The form is signed here, and sent by whoever holds it; its right to put is the function's own.
    stage.trace.add("s3:PutObject", f"{stage.stack.arn('UploadsBucket')}/{form['fields']['key']}")
    stage.judge_policy("Triage")


def test_forecasts(stage: Stage) -> None:
    stage.given("Forecasts")
    root = SHIPPED_MODEL.parents[1] / "forecasts" / "published"
    published = stage.bucket("Publications", "published")
    for file in sorted(root.rglob("*.json")):
        published.create(file.relative_to(root).as_posix(), file.read_bytes())
    from functions.forecasts import handler

    with traced(stage.trace):
        door = handler._door()
        assert door(rest("GET", "/v1/forecasts"), _Context())["statusCode"] == 200
    stage.judge_policy("Forecasts")


def test_care(stage: Stage) -> None:
    stage.given("Care")
    from functions.care import handler

    with traced(stage.trace):
        asked = {**rest("GET", "/v1/care"), "multiValueQueryStringParameters": {"city": ["Nairobi"]}}
        assert handler._door()(asked, _Context())["statusCode"] == 200
    assert not stage.trace.calls
    stage.judge_policy("Care")


def test_registry(stage: Stage) -> None:
    stage.given("Registry")
    stage.published(1)
    stage.published(2)
    from functions.registry import handler

    described = {"ModelPackageArn": "a", "CustomerMetadataProperties": {"version": "v1"}}
    arn = f"arn:aws:sagemaker:eu-central-1:123456789012:model-package/{_package_group(stage.stack)}/1"
    event = {
        "detail-type": "SageMaker Model Package State Change",
        "detail": {"ModelPackageArn": arn, "ModelApprovalStatus": "Approved"},
    }
    with traced(stage.trace, {"DescribeModelPackage": lambda _given: described}):
        assert handler.handler(event, _Context())["version"] == "v1"  # type: ignore[arg-type]
        asked = {"action": "promote", "version": "v2", "who": "ann", "why": "a test"}
        assert handler.handler(asked, _Context())["version"] == "v2"  # type: ignore[arg-type]
        asked = {"action": "reject", "version": "v2", "who": "ann", "why": "a test"}
        assert handler.handler(asked, _Context())["version"] == "v1"  # type: ignore[arg-type]
    stage.judge_policy("Registry")


def test_public_key(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    from functions.registry import public_key

    key = boto3.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    stage.trace.names = {key: stage.stack.arn("SigningKey")}
    sent: list[dict[str, Any]] = []

    def opened(asked: Any, timeout: float) -> io.BytesIO:
        assert timeout > 0
        sent.append(json.loads(asked.data))
        return io.BytesIO()

    monkeypatch.setattr(public_key, "urlopen", opened)
    event = {
        "RequestType": "Create",
        "ResponseURL": "https://example.org/answer",
        "StackId": "stack",
        "RequestId": "1",
        "LogicalResourceId": "RegistryKey",
        "ResourceProperties": {"KeyArn": key},
    }
    with traced(stage.trace):
        public_key.handler(event, _Context())  # type: ignore[arg-type]
        public_key.handler({**event, "RequestType": "Delete"}, _Context())  # type: ignore[arg-type]
    assert sent[0]["Data"]["PublicKey"].startswith("-----BEGIN PUBLIC KEY-----")
    assert [answer["Status"] for answer in sent] == ["SUCCESS", "SUCCESS"]
    stage.judge_policy("PublicKey")


def test_a_refresh_of_forecasts(stage: Stage) -> None:
    from forecasting import refresh
    from tests.forecasting.test_refresh import SAMPLES, sample

    registries = stage.bucket("Registries")
    registries.create("files/us.csv", sample("united_states_melanoma.csv", series=2))
    registries.create("files/holiday.jpg", b"\xff\xd8\xff")
    registries.create("sources.json", (SAMPLES / "sources.json").read_bytes())
    for step in ("Plan", "Forecast", "Publish"):
        stage.given(f"Refresh{step}", REFRESH_HORIZON="2")
        refresh._settings.cache_clear()
        stage.trace.calls.clear()
        with traced(stage.trace):
            if step == "Plan":
                assert refresh.plan({"run": "one", "asked": {}}, None)["due"]
            elif step == "Forecast":
                refresh.forecast({"run": "one", "number": 1}, None)
                registries.delete("runs/one/done/00001.json")  # an attempt that died after writing
                refresh.forecast({"run": "one", "number": 1}, None)
                refresh.forecast({"run": "one", "number": 2}, None)
            else:
                assert refresh.publish({"run": "one"}, None)["series"] == 2
                assert refresh.publish({"run": "one"}, None)["series"] == 2
        stage.judge_policy(f"Refresh{step}")
    refresh._settings.cache_clear()


def test_golden_photos(stage: Stage) -> None:
    from functions.triage import handler, hook

    # The new version asks for itself, by its own role: its first call of the table would fall into this trace.
    stage.given("Triage", TRIAGE_CACHE_DIR=str(stage.folder / "cache"), TRIAGE_RETRIES_TABLE="")
    stage.given("GoldenPhotos")
    stage.promoted(stage.published(1))
    door = handler._door()
    told: list[str] = []

    def invoked(given: Any) -> dict[str, Any]:
        return traces.payload(door(json.loads(given["Payload"]), _Context()))

    def reported(given: Any) -> dict[str, Any]:
        told.append(given["status"])
        return {}

    application = stage.stack.name("ServerlessDeploymentApplication")
    stage.trace.names = {traces.DEPLOYMENT_GROUP: f"{traces.DEPLOYMENT_GROUP}:{application}/triage"}
    event = {"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "e-1"}
    with traced(stage.trace, {"Invoke": invoked, "PutLifecycleEventHookExecutionStatus": reported}):
        answered = hook.handler(event, _Context())  # type: ignore[arg-type]
    assert answered["complaints"] == []
    assert told == ["Succeeded"]
    target = stage.stack.arn("TriageFunction")
    assert answered["target"].startswith(f"{target}:")
    stage.judge_policy("GoldenPhotos")


def test_monitoring(stage: Stage) -> None:
    stage.given("Monitoring")
    import numpy as np

    from functions.monitoring import handler
    from functions.monitoring.sketch import QUANTITIES, Reference, Sketch

    sketch, random = Sketch(version="v1"), np.random.default_rng(1)
    for row in rows(400, 2, blurred=1.5):
        sketch.add(dict(zip(QUANTITIES, row, strict=True)), is_unsure=False, random=random)
    sketches = stage.bucket("Monitoring", "monitoring")
    sketches.create("sketches/2026-05-01/10/one.json", sketch.model_dump_json().encode())
    reference = Reference(photos=1400, unsure=21, rows=REFERENCE.tolist())
    stage.bucket("Models", "registry").create("versions/v1/reference.json", reference.model_dump_json().encode())
    with traced(stage.trace, {"StartExecution": lambda _given: {"executionArn": "a", "startDate": 1}}):
        told = handler.handler({"day": "2026-05-01"}, _Context())  # type: ignore[arg-type]
        handler.handler({"day": "2026-05-01"}, _Context())  # type: ignore[arg-type]
    assert (told["alarm"], told["retraining"]) == (True, True)
    stage.judge_policy("Monitoring")


def _batches(stage: Stage, step: str) -> None:
    """Run all three steps over a few photos, and trace one."""
    stage.given(f"Batch{step.capitalize()}")
    for number in range(3):
        stage.bucket("Batches", "photos").create(f"one/{number}.png", photo(number))
    stage.bucket("Batches", "photos").create("one/people.csv", b"photo\n0.png\n1.png\n")
    stage.monkeypatch.setattr(batches, "_scorer", lambda: SCORER)
    batches._settings.cache_clear()
    ignored = Trace("")
    where = f"s3://{stage.stack.name('BatchesBucket')}/photos/one"
    steps: list[tuple[str, Callable[[], Any]]] = [
        ("plan", lambda: batches.plan({"run": "r", "asked": {"photos": where}}, _Context())),  # type: ignore[arg-type]
        (
            "plan",
            lambda: batches.plan(
                {"run": "listed", "asked": {"photos": where, "list": "people.csv"}},
                _Context(),  # type: ignore[arg-type]
            ),
        ),
        ("judge", lambda: batches.judge({"run": "r", "batch": "000001"}, _Context())),  # type: ignore[arg-type]
        ("merge", lambda: batches.merge({"run": "r"}, _Context())),  # type: ignore[arg-type]
    ]
    for name, step_of in steps:
        with traced(stage.trace if name == step else ignored):
            step_of()
    batches._settings.cache_clear()


@pytest.mark.parametrize("step", ["plan", "judge", "merge"])
def test_batches(stage: Stage, step: str) -> None:
    _batches(stage, step)
    stage.judge_policy(f"Batch{step.capitalize()}")


def test_retraining(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from training import steps

    with mock_aws():
        house = House(tmp_path, monkeypatch)
        key = boto3.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
        names = {
            "training": stack.name("TrainingBucket"),
            "models": stack.name("ModelsBucket"),
            key: stack.arn("SigningKey"),
        }
        given = variables(functions_of(stack)["RetrainingPlanFunction"])
        assert given["RETRAINING_ROOT"] == f"s3://{names['training']}"
        assert given["RETRAINING_REGISTRY_ROOT"] == f"s3://{names['models']}/registry"
        monkeypatch.setenv("RETRAINING_SIGNING_KEY", f"kms:{key}")
        monkeypatch.setenv("RETRAINING_PACKAGE_GROUP", given["RETRAINING_PACKAGE_GROUP"])
        monkeypatch.setenv("RETRAINING_LEAST_NEW_PHOTOS", "1")
        steps._settings.cache_clear()
        boto3.client("sagemaker").create_model_package_group(ModelPackageGroupName=given["RETRAINING_PACKAGE_GROUP"])
        version = publish(house.registry, SHIPPED_MODEL, LocalSigner(tmp_path / "key.pem"))
        told: dict[str, Any] = {"who": "ann", "why": "a test", "now": dt.datetime.now(dt.UTC)}
        promote(house.registry, version, check=lambda _version: None, **told)
        done: dict[str, Trace] = {name: Trace(stack.arn("DataKey"), names) for name in ("Plan", "Judge", "Register")}
        with traced(done["Plan"]):
            planned = steps.plan({"run": "one", "asked": {}}, _Context())  # type: ignore[arg-type]
        with traced(done["Plan"]):  # tried again, as the state machine does
            steps.plan({"run": "one", "asked": {}}, _Context())  # type: ignore[arg-type]
        model = "runs/one/output/dermacast-one/output/model.tar.gz"
        open_storage("s3://training").create(model, _packed(tmp_path))
        event = {"run": "one", "snapshot": planned["snapshot"], "model": f"s3://training/{model}", "verdict": "v"}
        with traced(done["Judge"]):
            steps.judge(event, _Context())  # type: ignore[arg-type]
        with traced(done["Register"]):
            steps.register(event, _Context())  # type: ignore[arg-type]
            steps.register(event, _Context())  # type: ignore[arg-type]
        steps._settings.cache_clear()
        stage = Stage.__new__(Stage)
        stage.stack = stack
        for name, one in done.items():
            stage.trace = one
            stage.judge_policy(f"Retraining{name}")


def _packed(folder: Path) -> bytes:
    """Return the shipped model as SageMaker packs a candidate, under another version's name."""
    candidate = folder / "candidate"
    candidate.mkdir()
    for file in SHIPPED_MODEL.iterdir():
        if file.is_file():
            (candidate / file.name).write_bytes(file.read_bytes())
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as packed:
        for file in sorted(candidate.iterdir()):
            packed.add(file, file.name)
    return target.getvalue()


def _package_group(stack: Stack) -> str:
    (group,) = stack.of_type("AWS::SageMaker::ModelPackageGroup").values()
    return str(group["ModelPackageGroupName"])


def test_every_function_is_held_against_its_policy(stack: Stack) -> None:
    tested = {name.removeprefix("test_").replace("_", "") for name in globals() if name.startswith("test_")}
    for name, function in functions_of(stack).items():
        short = name.removesuffix("Function").lower()
        assert any(short == known or short.startswith(("batch", "refresh", "retraining")) for known in tested), name
        assert command_of(function) in SETTINGS


def test_no_policy_allows_everything(plain: dict[str, Any], stack: Stack) -> None:
    assert '"Action": "*"' not in json.dumps(plain["Resources"])
    for name, role in stack.of_type("AWS::IAM::Role").items():
        if name == "GatewayLogWriterRole":  # AWS's own policy, as API Gateway asks for it
            continue
        assert "ManagedPolicyArns" not in role, name
        assert all(action != "*" and not action.endswith(":*") for action, _ in statements_of(role))


def test_a_resource_that_is_everything_has_its_reason_written_above() -> None:
    lines = TEMPLATE.read_text("utf-8").splitlines()
    found = 0
    for number, line in enumerate(lines):
        if 'Resource: ["*"]' in line:
            found += 1
            above = "\n".join(lines[max(0, number - 3) : number])
            assert "# " in above, f"line {number + 1}"
    assert found


# What Step Functions asks for, by what a definition uses (developer guide, "IAM policies for integrated services" and
# "IAM policies for using Distributed Map states").
NEEDS = {
    "arn:aws:states:::lambda:invoke": {"lambda:InvokeFunction"},
    # To a topic with a key of one's own.
    "arn:aws:states:::sns:publish": {"sns:Publish", "kms:Decrypt", "kms:GenerateDataKey"},
    "arn:aws:states:::sagemaker:createTrainingJob.sync": {
        "sagemaker:CreateTrainingJob",
        "sagemaker:DescribeTrainingJob",
        "sagemaker:StopTrainingJob",
        "sagemaker:AddTags",
        "iam:PassRole",
        "events:PutTargets",
        "events:PutRule",
        "events:DescribeRule",
    },
    "arn:aws:states:::s3:getObject": {"s3:GetObject"},
    "arn:aws:states:::s3:putObject": {"s3:PutObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"},
    "DISTRIBUTED": {"states:StartExecution", "states:DescribeExecution", "states:StopExecution"},
}
DELIVERY = ("logs:", "xray:")


@pytest.mark.parametrize(
    ("name", "file"), [("Retraining", "retraining"), ("Batch", "batch"), ("Forecasting", "forecasting")]
)
def test_a_state_machine_may_do_what_its_definition_says_and_no_more(stack: Stack, name: str, file: str) -> None:
    text = (ROOT / "infra" / f"{file}.asl.json").read_text("utf-8")
    needed = {action for used, actions in NEEDS.items() if f'"{used}"' in text for action in actions}
    allowed = statements_of(stack.resources[f"{name}MachineRole"]["Properties"])
    assert {action for action, _ in allowed if not action.startswith(DELIVERY)} == needed
    substitutions = stack.of_type("AWS::StepFunctions::StateMachine")[f"{name}Machine"]["DefinitionSubstitutions"]
    called = {value for value in substitutions.values() if value.startswith("arn:aws:lambda:")}
    assert {resource for action, resource in allowed if action == "lambda:InvokeFunction"} == called
    assert ("sns:Publish", substitutions["TopicArn"]) in allowed
    passed = {resource for action, resource in allowed if action == "iam:PassRole"}
    assert passed == {value for key, value in substitutions.items() if key.endswith("RoleArn")}


def test_a_schedule_may_start_what_it_starts_and_no_more(stack: Stack) -> None:
    for name, schedule in stack.of_type("AWS::Scheduler::Schedule").items():
        allowed = statements_of(stack.resources[f"{name}Role"]["Properties"])
        started = [r for a, r in allowed if a in {"states:StartExecution", "lambda:InvokeFunction"}]
        assert started == [schedule["Target"]["Arn"]]
        assert {a for a, _ in allowed} - {"states:StartExecution", "lambda:InvokeFunction"} == {
            "sqs:SendMessage",
            "kms:Decrypt",
            "kms:GenerateDataKey",
        }
