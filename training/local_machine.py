"""State machine files run on one machine: moto's interpreter, with our own code where moto has none.

What is ours, and differs from the service: Lambda tasks call Python functions in this process; SageMaker's
`createTrainingJob.sync` starts the training entry point as a child process in a real /opt/ml tree; the error names of
AWS SDK tasks are written as the service writes them; waits before retries are as short as asked for. moto is imported
when a machine is started; it comes with the extra `dev`.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import re
import signal
import subprocess
import sys
import tarfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from functions.common.storage import bucket_and_prefix, open_storage, put

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    Function = Callable[[dict[str, Any], Any], Any]

ACCOUNT, REGION = "123456789012", "eu-central-1"
_ROLE = f"arn:aws:iam::{ACCOUNT}:role/dermacast-states"
_POLL_S = 0.05
_MODEL = "model.tar.gz"


@dataclass
class TrainingJobs:
    """SageMaker's part: each job is the training entry point as a child process in an /opt/ml tree of its own.

    Attributes:
        folder: below it each machine of a job has its tree.
        interrupt: called with the process of each machine, may end it with SIGTERM as a spot market does; returns
            whether it did, and the job goes on elsewhere from its checkpoints.
        say: takes each line that the job writes.
        started: names of the jobs, in order.

    """

    folder: Path
    interrupt: Callable[[subprocess.Popen[str], Path], bool] = lambda _process, _room: False
    say: Callable[[str], None] = lambda _line: None
    environment: Mapping[str, str] = field(default_factory=dict)
    started: list[str] = field(default_factory=list)

    def run(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Run a job to its end and return its description, as SageMaker's DescribeTrainingJob words it."""
        name = str(asked["TrainingJobName"])
        self.started.append(name)
        checkpoints = open_storage(asked["CheckpointConfig"]["S3Uri"])
        machines = 0
        while True:
            machines += 1
            room = self.folder / f"{name}-{machines}"
            self._lay_out(asked, room)
            _copied_to(checkpoints, room / "checkpoints")
            code, was_taken = self._trained(room)
            _copied_from(room / "checkpoints", checkpoints)
            if not was_taken:
                break
        described: dict[str, Any] = {"TrainingJobName": name, "SecondaryStatus": "Completed"}
        if code:
            failure = room / "output" / "failure"
            reason = failure.read_text("utf-8")[:1024] if failure.exists() else f"exit code {code}"
            return {**described, "TrainingJobStatus": "Failed", "FailureReason": f"AlgorithmError: {reason}"}
        output = f"{asked['OutputDataConfig']['S3OutputPath']}/{name}/output"
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as target:
            for file in sorted((room / "model").iterdir()):
                target.add(file, file.name)
        open_storage(output).create(_MODEL, packed.getvalue(), "application/gzip")
        artifacts = {"S3ModelArtifacts": f"{output}/{_MODEL}"}
        return {**described, "TrainingJobStatus": "Completed", "ModelArtifacts": artifacts}

    def _lay_out(self, asked: dict[str, Any], room: Path) -> None:
        """Write a machine's /opt/ml tree: the configuration and the channels."""
        config = room / "input" / "config"
        config.mkdir(parents=True)
        (room / "output").mkdir()
        (room / "model").mkdir()
        channels = {}
        for channel in asked["InputDataConfig"]:
            source = channel["DataSource"]["S3DataSource"]
            target = room / "input" / "data" / channel["ChannelName"]
            if source["S3DataType"] == "ManifestFile":
                _fetched_by_manifest(source["S3Uri"], target)
            else:
                _copied_to(open_storage(source["S3Uri"]), target)
            channels[channel["ChannelName"]] = {
                "TrainingInputMode": "File",
                "S3DistributionType": "FullyReplicated",
                "RecordWrapperType": "None",
            }
        files = {
            "hyperparameters.json": asked.get("HyperParameters", {}),
            "inputdataconfig.json": channels,
            "resourceconfig.json": {"current_host": "algo-1", "hosts": ["algo-1"]},
        }
        for name, content in files.items():
            (config / name).write_text(json.dumps(content), "utf-8")

    def _trained(self, room: Path) -> tuple[int, bool]:
        """Run the entry point; return its exit code, and whether the machine was taken away."""
        environment = {**os.environ, **self.environment, "TRAINING_BASE_DIR": str(room)}
        command = [sys.executable, "-m", "training", "train"]
        with subprocess.Popen(  # noqa: S603 - our own entry point
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            taken = self.interrupt(process, room)
            for line in process.stdout or ():
                self.say(line.rstrip())
            code = process.wait()
        return code, taken and code != 0


def take_away(process: subprocess.Popen[str]) -> None:
    """Take a spot machine away: SIGTERM, as SageMaker does two minutes before."""
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)


@dataclass
class LocalMachine:
    """A state machine file, made within moto; see the module.

    Args:
        definition: the file.
        substitutions: for its `${...}`.
        functions: by the name that a Lambda task's `FunctionName` ends in.
        jobs: run training jobs; None where there are none.
        retry_seconds: instead of the file's waits before a retry.

    """

    definition: Path
    substitutions: Mapping[str, str]
    functions: Mapping[str, Function] = field(default_factory=dict)
    jobs: TrainingJobs | None = None
    retry_seconds: float = 0.0
    say: Callable[[str], None] = lambda _line: None

    def text(self) -> str:
        """Return the definition with its substitutions made; raises KeyError where one is missing."""
        text = re.sub(
            r"\$\{(\w+)\}", lambda found: str(self.substitutions[found[1]]), self.definition.read_text("utf-8")
        )
        wait = int(self.retry_seconds)
        return re.sub(r'"IntervalSeconds": *\d+', f'"IntervalSeconds": {wait or 1}', text)

    def run(self, name: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Run an execution to its end and return its description: `status`, `output` or `error` and `cause`.

        `states` holds the names of the states that were entered, in order.
        """
        import boto3

        client = boto3.client("stepfunctions", region_name=REGION)
        with _interpreting(self):
            machine = client.create_state_machine(
                name=f"{self.definition.stem.partition('.')[0]}-{name}", definition=self.text(), roleArn=_ROLE
            )["stateMachineArn"]
            execution = client.start_execution(stateMachineArn=machine, name=name, input=json.dumps(asked))
            told = 0
            while True:
                described = client.describe_execution(executionArn=execution["executionArn"])
                states = _entered(client, execution["executionArn"])
                for state in states[told:]:
                    self.say(state)
                told = len(states)
                if described["status"] != "RUNNING":
                    break
                time.sleep(_POLL_S)
        return {**described, "states": states}


def _entered(client: Any, execution: str) -> list[str]:
    events = client.get_paginator("get_execution_history").paginate(executionArn=execution)
    return [
        event["stateEnteredEventDetails"]["name"]
        for page in events
        for event in page["events"]
        if "stateEnteredEventDetails" in event
    ]


@contextmanager
def _interpreting(machine: LocalMachine) -> Iterator[None]:
    """Put our services in the place of moto's while an execution runs."""
    from moto.stepfunctions.parser.asl.component.state.exec.state_task import state_task_factory
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
        state_task_service_aws_sdk as aws_sdk,
    )

    ours = {"lambda": _lambda_service(machine), "sagemaker": _sagemaker_service(machine)}
    before = state_task_factory.state_task_service_for
    names = dict(aws_sdk._SERVICE_ERROR_NAMES)  # noqa: SLF001 - the service writes them otherwise than moto

    def service_for(service_name: str) -> Any:
        return ours[service_name]() if service_name in ours else before(service_name=service_name)

    state_task_factory.state_task_service_for = service_for
    aws_sdk._SERVICE_ERROR_NAMES.update({"ssm": "Ssm", "sagemaker": "SageMaker", "s3": "S3", "sns": "Sns"})  # noqa: SLF001
    try:
        yield
    finally:
        state_task_factory.state_task_service_for = before
        aws_sdk._SERVICE_ERROR_NAMES.clear()  # noqa: SLF001
        aws_sdk._SERVICE_ERROR_NAMES.update(names)  # noqa: SLF001


def _lambda_service(machine: LocalMachine) -> type:
    """Return moto's Lambda service with a call of our function in the place of Lambda's."""
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.lambda_eval_utils import (
        LambdaFunctionErrorException,
    )
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import (
        StateTaskServiceLambda,
    )

    class LambdaHere(StateTaskServiceLambda):  # type: ignore[misc]  # moto's insides have no types
        def _eval_service_task(
            self, env: Any, resource_runtime_part: Any, normalised_parameters: dict[str, Any], state_credentials: Any
        ) -> None:
            del resource_runtime_part, state_credentials
            name = str(normalised_parameters["FunctionName"]).rpartition(":")[2]
            payload = json.loads(normalised_parameters["Payload"])
            try:
                answer = machine.functions[name](payload, None)
            except Exception as error:
                told = {"errorType": type(error).__name__, "errorMessage": str(error)}
                raise LambdaFunctionErrorException("Unhandled", json.dumps(told)) from error
            env.stack.append({"ExecutedVersion": "$LATEST", "StatusCode": 200, "Payload": _plain(answer)})

    return LambdaHere


def _sagemaker_service(machine: LocalMachine) -> type:
    """Return a service for `createTrainingJob.sync`, of which moto has none."""
    from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
    from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent
    from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
    from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceCondition
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (
        StateTaskServiceCallback,
    )
    from moto.stepfunctions.parser.asl.eval.callback.callback import (
        CallbackOutcomeFailure,
        CallbackOutcomeFailureError,
    )
    from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

    class SageMakerHere(StateTaskServiceCallback):  # type: ignore[misc]  # moto's insides have no types
        def __init__(self) -> None:
            # moto ends its wait for a token also where there is none.
            super().__init__({ResourceCondition.Sync, ResourceCondition.WaitForTaskToken})

        def _get_supported_parameters(self) -> set[str]:
            import botocore.session

            model = botocore.session.get_session().get_service_model("sagemaker")
            return set(model.operation_model("CreateTrainingJob").input_shape.members)

        def _normalise_parameters(self, *_arguments: Any, **_named: Any) -> None:
            pass

        def _eval_service_task(
            self, env: Any, resource_runtime_part: Any, normalised_parameters: dict[str, Any], state_credentials: Any
        ) -> None:
            del resource_runtime_part, state_credentials
            env.stack.append(normalised_parameters)

        def _get_callback_outcome_failure_event(self, env: Any, ex: Any) -> Any:
            # The service names a failed job States.TaskFailed, which moto lets nobody name.
            failed = StatesErrorName(typ=StatesErrorNameType.StatesTaskFailed)
            cause = ex.callback_outcome_failure.cause
            details = TaskFailedEventDetails(
                resourceType="sagemaker", resource="createTrainingJob.sync", error=failed.error_name, cause=cause
            )
            return FailureEvent(env, failed, HistoryEventType.TaskFailed, EventDetails(taskFailedEventDetails=details))

        def _build_sync_resolver(
            self, env: Any, resource_runtime_part: Any, normalised_parameters: dict[str, Any], state_credentials: Any
        ) -> Callable[[], Any]:
            del resource_runtime_part, state_credentials
            env.stack.pop()

            def resolved() -> dict[str, Any]:
                if machine.jobs is None:
                    raise KeyError("this machine has no training jobs")
                described = machine.jobs.run(normalised_parameters)
                if described["TrainingJobStatus"] != "Completed":
                    failure = CallbackOutcomeFailure("", "States.TaskFailed", json.dumps(described))
                    raise CallbackOutcomeFailureError(failure)
                return described

            return resolved

    return SageMakerHere


def _plain(answer: Any) -> Any:
    """Return a function's answer as Lambda hands it on: JSON."""
    return json.loads(json.dumps(answer, default=_dated))


def _dated(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is no JSON")


def _fetched_by_manifest(address: str, target: Path) -> None:
    """Fetch what a SageMaker ManifestFile lists: a prefix, then keys below it."""
    parts = bucket_and_prefix(address)
    if parts is None:
        raise ValueError(f"{address} is not an address of S3")
    content = open_storage(f"s3://{parts[0]}").read(parts[1].rstrip("/"))
    head, *keys = json.loads(content.data if content else b"[]")
    photos = open_storage(head["prefix"])
    for key in keys:
        file = target / key
        file.parent.mkdir(parents=True, exist_ok=True)
        photo = photos.read(key)
        file.write_bytes(photo.data if photo else b"")


def _copied_to(storage: Any, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for path in storage.list(""):
        content = storage.read(path)
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.data)


def _copied_from(folder: Path, storage: Any) -> None:
    """Let a bucket hold what a folder does, and no more."""
    files = {file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.is_file()}
    for path in list(storage.list("")):
        if path not in files:
            storage.delete(path)
    for path, file in files.items():
        put(storage, path, file.read_bytes())
