"""What code asks of AWS, recorded as the actions and resources that a policy must allow for it."""

from __future__ import annotations

import io
import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import boto3

from infra.resolved import ACCOUNT, REGION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_OBJECT = {
    "GetObject": "s3:GetObject",
    "HeadObject": "s3:GetObject",
    "PutObject": "s3:PutObject",
    "DeleteObject": "s3:DeleteObject",
}
_BUCKET = {"ListObjectsV2": "s3:ListBucket", "ListObjectVersions": "s3:ListBucketVersions"}
_GROUP = "ModelPackageGroupName"
_SAGEMAKER = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
DEPLOYMENT_GROUP = f"arn:aws:codedeploy:{REGION}:{ACCOUNT}:deploymentgroup"
_TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table"
_PLAIN: dict[tuple[str, str], list[tuple[str, Callable[[Mapping[str, Any]], str]]]] = {
    ("kms", "GetPublicKey"): [("kms:GetPublicKey", lambda given: given["KeyId"])],
    ("kms", "Sign"): [("kms:Sign", lambda given: given["KeyId"])],
    ("sagemaker", "DescribeModelPackage"): [
        ("sagemaker:DescribeModelPackage", lambda given: given["ModelPackageName"])
    ],
    # The package to be, and its group (Service Authorization Reference, Amazon SageMaker).
    ("sagemaker", "CreateModelPackage"): [
        (
            "sagemaker:CreateModelPackage",
            lambda given: f"{_SAGEMAKER}:model-package/{given['ModelPackageGroupName']}/1",
        ),
        (
            "sagemaker:CreateModelPackage",
            lambda given: f"{_SAGEMAKER}:model-package-group/{given['ModelPackageGroupName']}",
        ),
    ],
    **{
        ("dynamodb", operation): [(f"dynamodb:{operation}", lambda given: f"{_TABLE}/{given['TableName']}")]
        for operation in ("PutItem", "UpdateItem", "DeleteItem", "GetItem")
    },
    ("stepfunctions", "StartExecution"): [("states:StartExecution", lambda given: given["stateMachineArn"])],
    ("lambda", "Invoke"): [("lambda:InvokeFunction", lambda given: given["FunctionName"])],
    ("codedeploy", "PutLifecycleEventHookExecutionStatus"): [
        ("codedeploy:PutLifecycleEventHookExecutionStatus", lambda _given: DEPLOYMENT_GROUP)
    ],
}


@dataclass
class Trace:
    """Pairs of action and resource, as IAM names them.

    Attributes:
        key: ARN of the key that encrypts every bucket.
        names: buckets, keys and functions by the names that the code saw, to those of the stack.

    """

    key: str
    names: Mapping[str, str] = field(default_factory=dict)
    calls: set[tuple[str, str]] = field(default_factory=set)

    def add(self, action: str, resource: str) -> None:
        """Take in an action, and what it asks of the key."""
        self.calls.add((action, resource))
        if action in {"s3:GetObject", "s3:PutObject"}:
            self.calls.add(("kms:GenerateDataKey" if action == "s3:PutObject" else "kms:Decrypt", self.key))

    def note(self, service: str, operation: str, given: Mapping[str, Any]) -> None:
        """Take in one call."""
        if service == "s3":
            bucket = f"arn:aws:s3:::{self.names.get(given['Bucket'], given['Bucket'])}"
            if operation in _BUCKET:
                self.calls.add((_BUCKET[operation], bucket))
                return
            action = _OBJECT[operation] + ("Version" if given.get("VersionId") else "")
            self.add(action, f"{bucket}/{given['Key']}")
            return
        for action, resource_of in _PLAIN[service, operation]:
            resource = resource_of(given)
            self.add(action, self.names.get(resource, resource))


@contextmanager
def traced(trace: Trace, answers: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {}) -> Iterator[None]:
    """Record what the body asks of AWS by clients that it makes; answer some operations in AWS's place.

    Args:
        trace: takes the calls in.
        answers: by the name of an operation, what gives its answer from its parameters.

    """
    boto3.setup_default_session()
    session = boto3.DEFAULT_SESSION._session

    def note(params: dict[str, Any], context: dict[str, Any], **_named: Any) -> None:
        context["asked"] = dict(params)

    def call(model: Any, context: dict[str, Any], **_named: Any) -> Any:  # not for what is only signed
        asked = context["asked"]
        trace.note(model.service_model.service_name, model.name, asked)
        if model.name not in answers:
            return None
        return type("Answered", (), {"status_code": 200})(), answers[model.name](asked)

    session.register("provide-client-params", note)
    session.register("before-call", call)
    try:
        yield
    finally:
        boto3.setup_default_session()


def payload(answer: Any) -> dict[str, Any]:
    """Return Lambda's answer to Invoke."""
    return {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(answer).encode())}


def statements_of(role: dict[str, Any]) -> list[tuple[str, str]]:
    """Return every pair of an action and a resource pattern that a role's own policies allow."""
    return [
        (action, resource)
        for policy in role["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
        for resource in statement["Resource"]
    ]


def allows(pattern: str, resource: str) -> bool:
    """Return whether a policy's resource takes in a resource, or one of the same shape."""
    return fnmatchcase(resource, pattern.replace("[", "[[]"))
