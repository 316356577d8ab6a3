"""The whole loop on one machine: the real state machine file over a folder that stands for the buckets.

    <folder>/training/    deliveries, photos, snapshots and runs: what the training bucket holds
    <folder>/models/      the registry
    <folder>/keys/        signing.pem and public.pem, made where absent
    <folder>/jobs/        the /opt/ml tree of each training

The services are moto's, in memory: the folder is read into it at the start and written back at the end, however the run
ended. Versions of objects are the buckets' own and do not outlive a run.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from functions.common.signing import new_local_key
from functions.common.storage import open_storage
from functions.registry import handler as registry
from training.local_machine import ACCOUNT, REGION, LocalMachine, TrainingJobs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from training.progress import Bar, Say

DEFINITION = Path(__file__).parents[1] / "infra" / "retraining.asl.json"
_BUCKETS = {"training": "dermacast-training", "models": "dermacast-models"}
_GROUP = "dermacast"


@dataclass(frozen=True)
class Asked:
    """What a local run is asked for."""

    folder: Path
    run: str
    hyperparameters: Mapping[str, str]
    least_new_photos: int = 500
    approve: bool = True
    force: bool = False


def retrain(asked: Asked, *, say: Say, bar: Bar) -> dict[str, Any]:
    """Run the state machine once and return the execution's description; see `LocalMachine.run`.

    Args:
        asked: see there; photos come into the folder by `python -m training deliver`.
        say: takes one line of progress at a time.
        bar: opens a progress bar of a title and a total, and gives what sets it.

    """
    from moto import mock_aws

    public = _keys(asked.folder / "keys")
    settings = {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": REGION,
        "RETRAINING_ROOT": f"s3://{_BUCKETS['training']}",
        "RETRAINING_REGISTRY_ROOT": f"s3://{_BUCKETS['models']}/registry",
        "RETRAINING_PUBLIC_KEY": str(public),
        "RETRAINING_SIGNING_KEY": str(public.with_name("signing.pem")),
        "RETRAINING_LEAST_NEW_PHOTOS": str(asked.least_new_photos),
        "RETRAINING_HYPERPARAMETERS": json.dumps(dict(asked.hyperparameters)),
        "RETRAINING_APPROVAL": "Approved" if asked.approve else "PendingManualApproval",
        "RETRAINING_PACKAGE_GROUP": _GROUP,
        "REGISTRY_ROOT": f"s3://{_BUCKETS['models']}/registry",
        "REGISTRY_PUBLIC_KEY": str(public),
    }
    with _environment(settings), mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        from training import steps

        topic = _services()
        for name, bucket in _BUCKETS.items():
            _read_in(asked.folder / name, bucket, bar)
        try:
            machine = LocalMachine(
                DEFINITION,
                _substitutions(topic),
                {
                    "plan": steps.plan,
                    "judge": steps.judge,
                    "register": steps.register,
                    "registry": registry.handler,
                },
                TrainingJobs(asked.folder / "jobs", say=say),
                say=lambda state: say(f"state {state}"),
            )
            ended = machine.run(asked.run, {"force": asked.force})
        finally:
            for name, bucket in _BUCKETS.items():
                _write_back(bucket, asked.folder / name, bar)
            steps._settings.cache_clear()  # noqa: SLF001 - the next run may have others
    return ended


def _keys(folder: Path) -> Path:
    """Return the public key's path; the pair is made where it is absent."""
    folder.mkdir(parents=True, exist_ok=True)
    public = folder / "public.pem"
    if not public.exists():
        public.write_bytes(new_local_key(folder / "signing.pem"))
    return public


def _services() -> str:
    """Make buckets, topic and model package group; return the topic's ARN."""
    import boto3

    s3 = boto3.client("s3")
    for bucket in _BUCKETS.values():
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    boto3.client("sagemaker").create_model_package_group(ModelPackageGroupName=_GROUP)
    arn: str = boto3.client("sns").create_topic(Name="dermacast")["TopicArn"]
    return arn


def _substitutions(topic: str) -> dict[str, str]:
    function = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function"
    return {
        "PlanFunctionArn": f"{function}:plan",
        "JudgeFunctionArn": f"{function}:judge",
        "RegisterFunctionArn": f"{function}:register",
        "RegistryFunctionArn": f"{function}:registry",
        "TopicArn": topic,
        "TrainingRoleArn": f"arn:aws:iam::{ACCOUNT}:role/training",
        "TrainingImageUri": "this-machine",
        "TrainingKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/local",
        "TrainingInstanceType": "ml.m5.xlarge",
    }


def _read_in(folder: Path, bucket: str, bar: Bar) -> None:
    storage = open_storage(f"s3://{bucket}")
    files = sorted(file for file in folder.rglob("*") if file.is_file()) if folder.is_dir() else []
    with bar(f"reading {folder.name}", len(files)) as advance:
        for done, file in enumerate(files, start=1):
            storage.create(file.relative_to(folder).as_posix(), file.read_bytes())
            advance(done)


def _write_back(bucket: str, folder: Path, bar: Bar) -> None:
    """Let the folder hold what the bucket does; files that are there already are not written again."""
    storage = open_storage(f"s3://{bucket}")
    paths = list(storage.list(""))
    with bar(f"writing {folder.name}", len(paths)) as advance:
        for done, path in enumerate(paths, start=1):
            content = storage.read(path)
            target = folder / path
            if content and not (target.is_file() and target.read_bytes() == content.data):
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content.data)
            advance(done)
    for file in folder.rglob("*") if folder.is_dir() else ():
        if file.is_file() and file.relative_to(folder).as_posix() not in set(paths):
            file.unlink()


@contextmanager
def _environment(settings: Mapping[str, str]) -> Iterator[None]:
    """Give the handlers their settings, as Lambda gives them."""
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
