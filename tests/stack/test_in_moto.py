"""The transformed template made by moto's CloudFormation, as far as that goes; and the hook, run in what it made."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from functions.common.storage import bucket_and_prefix
from functions.triage import handler, hook
from tests.stack import trace as traces
from tests.stack.conftest import EVERYTHING
from tests.stack.trace import Trace, traced

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.resolved import Stack

STACK = "dermacast-test"
MADE = {
    "AWS::DynamoDB::Table",
    "AWS::Events::Rule",
    "AWS::IAM::Role",
    "AWS::KMS::Key",
    "AWS::Lambda::Function",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
    "AWS::StepFunctions::StateMachine",
}


def reduced(value: Any, stack: Stack, left_out: set[str]) -> Any:
    """Return a part of the template in which what is left out is referred to by the name it would have."""
    if isinstance(value, list):
        return [reduced(one, stack, left_out) for one in value]
    if not isinstance(value, dict):
        return value
    if value.get("Ref") in left_out:
        return stack.resolve(value)
    if "Fn::GetAtt" in value and stack_of(value["Fn::GetAtt"]) in left_out:
        return stack.resolve(value)
    if isinstance(value.get("Fn::Sub"), str):
        names = re.findall(r"\$\{([^!}.]+)", value["Fn::Sub"])
        return stack.resolve(value) if left_out & set(names) else value
    return {key: reduced(one, stack, left_out) for key, one in value.items()}


def stack_of(attribute: Any) -> str:
    return str(attribute.split(".")[0] if isinstance(attribute, str) else attribute[0])


@pytest.fixture
def resources(plain: dict[str, Any], stack: Stack) -> Iterator[dict[str, str]]:
    """Make the stack; return the physical names by logical ones."""
    left_out = {name for name, resource in plain["Resources"].items() if resource["Type"] not in MADE}
    template = {key: part for key, part in plain.items() if key not in {"Outputs", "Rules", "Metadata"}}
    template["Resources"] = {
        name: reduced(resource, stack, left_out)
        for name, resource in plain["Resources"].items()
        if name not in left_out
    }
    with mock_aws():
        cloudformation = boto3.client("cloudformation")
        cloudformation.create_stack(
            StackName=STACK,
            TemplateBody=json.dumps(template),
            Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in EVERYTHING.items()],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        (made,) = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
        assert made["StackStatus"] == "CREATE_COMPLETE"
        pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=STACK)
        found = [one for page in pages for one in page["StackResourceSummaries"]]
        assert len(found) == len(template["Resources"])
        yield {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found}


def environment(function: str) -> dict[str, str]:
    found = boto3.client("lambda").get_function(FunctionName=function)["Configuration"]
    variables: dict[str, str] = found["Environment"]["Variables"]
    return variables


def test_what_refers_to_each_other_is_there(resources: dict[str, str], stack: Stack) -> None:
    buckets = {bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"]}
    assert buckets == {resources[name] for name in stack.of_type("AWS::S3::Bucket")}
    roles = {role["Arn"] for role in boto3.client("iam").list_roles()["Roles"]}
    functions = boto3.client("lambda").list_functions()["Functions"]
    assert len(functions) == len(stack.of_type("AWS::Lambda::Function"))
    for function in functions:
        assert function["Role"] in roles
        for name, value in function.get("Environment", {}).get("Variables", {}).items():
            if str(value).startswith("s3://"):
                place = bucket_and_prefix(value)
                assert place is not None
                assert place[0] in buckets, name
    arns = {function["FunctionArn"] for function in functions}
    substitutions = {
        value
        for machine in stack.of_type("AWS::StepFunctions::StateMachine").values()
        for value in machine["DefinitionSubstitutions"].values()
        if value.startswith("arn:aws:lambda:")
    }
    assert {arn.rpartition(":")[2].removeprefix(f"{STACK}-") for arn in substitutions} <= {
        logical.lower() for logical, physical in resources.items() if any(arn.endswith(physical) for arn in arns)
    }
    machines = boto3.client("stepfunctions").list_state_machines()["stateMachines"]
    assert len(machines) == len(stack.of_type("AWS::StepFunctions::StateMachine"))
    for machine in machines:
        described = boto3.client("stepfunctions").describe_state_machine(stateMachineArn=machine["stateMachineArn"])
        assert json.loads(described["definition"])["States"]
        assert described["roleArn"] in roles


def test_schedules_are_ones_that_the_api_takes_and_start_what_there_is(stack: Stack) -> None:
    startable = {
        stack.arn(name) for name in [*stack.of_type("AWS::Lambda::Function"), "RetrainingMachine", "ForecastingMachine"]
    }
    roles = {stack.arn(name) for name in stack.of_type("AWS::IAM::Role")}
    with mock_aws():
        scheduler = boto3.client("scheduler")
        for schedule in stack.of_type("AWS::Scheduler::Schedule").values():
            scheduler.create_schedule(**schedule)
        for schedule in scheduler.list_schedules()["Schedules"]:
            target = scheduler.get_schedule(Name=schedule["Name"])["Target"]
            assert target["Arn"] in startable
            assert target["RoleArn"] in roles
            assert target["DeadLetterConfig"]["Arn"] == stack.arn("DeadLetters")


@pytest.mark.parametrize("is_sound", [True, False])
def test_the_hook_lets_a_new_version_through_and_stops_a_broken_one(
    resources: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Any, is_sound: bool
) -> None:
    """The new version's door stands in for Lambda, which moto does not run; buckets and settings are the stack's."""
    from functions.common.signing import new_local_key

    public = new_local_key(tmp_path / "key.pem").decode()
    settings = environment(resources["TriageFunction"]) | environment(resources["GoldenPhotosFunction"])
    for name, value in settings.items():
        monkeypatch.setenv(name, public if name.endswith("PUBLIC_KEY") else value)
    monkeypatch.setenv("TRIAGE_CACHE_DIR", str(tmp_path / "cache"))
    door = handler._door()
    told: list[dict[str, Any]] = []

    class Context:
        aws_request_id = "1"

    def invoked(given: Any) -> dict[str, Any]:
        assert given["FunctionName"] == settings["HOOK_TARGET"]
        answer = door(json.loads(given["Payload"]), Context())
        if not is_sound and "/v1/predictions" in given["Payload"].decode():
            answer = {**answer, "body": answer["body"].replace('"unsure"', '"low"')}
        return traces.payload(answer)

    def reported(given: Any) -> dict[str, Any]:
        told.append(given)
        return {}

    event = {"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "e-1"}
    with traced(Trace(""), {"Invoke": invoked, "PutLifecycleEventHookExecutionStatus": reported}):
        answered = hook.handler(event, Context())  # type: ignore[arg-type]
    assert [one["status"] for one in told] == ["Succeeded" if is_sound else "Failed"]
    assert bool(answered["complaints"]) is not is_sound
    if not is_sound:
        assert "bare skin: risk_band is 'low', expected 'unsure'" in answered["complaints"]
