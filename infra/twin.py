"""The stack on one machine, without an account: `python -m functions serve --aws-local`.

moto's server answers for S3, DynamoDB and KMS, and holds what template.yaml names, under the names it would have; the
rooms' own Lambda handlers answer, with the variables that the template gives them, events as API Gateway sends them.
Everything is in memory, and gone when the server ends.
"""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import importlib
import json
import logging
import os
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import boto3
import uvicorn
from botocore.config import Config
from moto.server import ThreadedMotoServer

from functions.common.gateway import rest_event
from functions.common.signing import KmsSigner
from functions.common.storage import open_storage
from functions.forecasts.settings import ForecastsSettings
from functions.local import HOST, listening, room_of
from functions.registry.moves import promote
from functions.registry.versions import publish
from functions.triage.scorer import SHIPPED_MODEL
from infra.resolved import REGION, ROOT, Stack, read_template

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import Receive, Scope, Send

ENVIRONMENT = ROOT / ".cache" / "aws-local"
_STACK_NAME = "dermacast-local"
# The rooms that answer requests, by their functions in the template, numbered as `room_of` does.
_ROOMS = ("TriageFunction", "ForecastsFunction", "CareFunction")
# What of a bucket or table is made here too.
_MADE_WITH = {"VersioningConfiguration", "BillingMode", "KeySchema", "AttributeDefinitions"}
# Lambda's limit of a call, which API Gateway tells as this status.
_MAX_EVENT_BYTES = 6 * 1024 * 1024


def serve(port: int) -> None:
    """Serve until interrupted, and say where, and what a shell needs for the commands.

    Args:
        port: 0 for any free one.

    Raises:
        OSError: when the port is taken.

    """
    listener, address = listening(port)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it tells every call
    aws = ThreadedMotoServer(HOST, 0, verbose=False)
    aws.start()
    endpoint = "http://{}:{}".format(*aws.get_host_and_port())
    os.environ.update(
        AWS_ENDPOINT_URL=endpoint,
        AWS_ACCESS_KEY_ID="local",
        AWS_SECRET_ACCESS_KEY="local",  # noqa: S106 - moto takes any
        AWS_DEFAULT_REGION=REGION,
        AWS_EC2_METADATA_DISABLED="true",
    )
    twin = make(endpoint)
    names = {
        name: os.environ[name]
        for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION")
    }
    _write_environment(names | twin.for_commands)
    os.environ.update(twin.variables)
    print(
        f"dermacast as its stack would be, without an account; everything is in memory\n"
        f"  the page       {address}/\n"
        f"  forecasts      {address}/forecasts\n"
        f"  where to go    {address}/v1/care?city=Nairobi\n"
        f"  AWS            {endpoint}, buckets {', '.join(twin.buckets)}\n"
        f"In another shell:\n"
        f"  . {ENVIRONMENT.relative_to(ROOT)}/environment\n"
        f"  python -m functions registry list\n"
        f"  python -m forecasting publish forecasting/samples/*.csv --sources forecasting/samples/sources.json "
        f"--to {twin.variables['FORECASTS_ROOT']}\n"
        "Ctrl-C ends it.",
        file=sys.stderr,
        flush=True,
    )
    try:
        uvicorn.Server(uvicorn.Config(Gateway(twin.handlers), log_level="warning", access_log=False)).run(
            sockets=[listener]
        )
    finally:
        aws.stop()


@dataclass(frozen=True)
class Twin:
    """What was made.

    Attributes:
        variables: of the functions, by name; each has its own prefix.
        for_commands: the registry's settings on the command line.
        buckets: their names.
        commands: what each function of a room runs, as `module.function`.

    """

    variables: Mapping[str, str]
    for_commands: Mapping[str, str]
    buckets: tuple[str, ...]
    commands: tuple[str, str, str]

    @property
    def handlers(self) -> tuple[Callable[..., Any], ...]:
        """The rooms' handlers; imported now, as they read their variables then."""
        return tuple(
            getattr(importlib.import_module(module), name)
            for module, _, name in (command.rpartition(".") for command in self.commands)
        )


def make(endpoint: str) -> Twin:
    """Make what the template names at moto's server: buckets, the table, the signing key; with a model and forecasts.

    Args:
        endpoint: its address.

    """
    key = boto3.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    template = read_template()
    template["Resources"] = {name: _part(name, resource) for name, resource in template["Resources"].items()}
    stack = Stack(
        template,
        _STACK_NAME,
        {"RegistryKey.PublicKey": KmsSigner(key).public_key().decode()},
        PublishedForecasts="bucket",
    )
    s3 = boto3.client("s3", config=Config(s3={"addressing_style": "path"}))
    for name, properties in stack.of_type("AWS::S3::Bucket").items():
        s3.create_bucket(Bucket=stack.name(name), CreateBucketConfiguration={"LocationConstraint": REGION})
        if "VersioningConfiguration" in properties:
            s3.put_bucket_versioning(Bucket=stack.name(name), VersioningConfiguration={"Status": "Enabled"})
    for name, properties in stack.of_type("AWS::DynamoDB::Table").items():
        boto3.client("dynamodb").create_table(TableName=stack.name(name), **properties)
    functions = [stack.resources[name]["Properties"] for name in _ROOMS]
    variables = {
        name: value
        for function in functions
        for name, value in function.get("Environment", {}).get("Variables", {}).items()
    }
    variables["TRIAGE_UPLOADS_ADDRESS"] = f"{endpoint}/{stack.name('UploadsBucket')}"
    variables["TRIAGE_CACHE_DIR"] = str(ENVIRONMENT / "models")
    version = publish(open_storage(variables["TRIAGE_REGISTRY_ROOT"]), SHIPPED_MODEL, KmsSigner(key))
    _promote(variables["TRIAGE_REGISTRY_ROOT"], version)
    _publish_shipped_forecasts(variables["FORECASTS_ROOT"])
    return Twin(
        variables=variables,
        for_commands={
            "REGISTRY_ROOT": variables["TRIAGE_REGISTRY_ROOT"],
            "REGISTRY_PUBLIC_KEY": variables["TRIAGE_REGISTRY_PUBLIC_KEY"],
            "REGISTRY_SIGNING_KEY": f"kms:{key}",
        },
        buckets=tuple(stack.name(name) for name in stack.of_type("AWS::S3::Bucket")),
        commands=tuple(function["ImageConfig"]["Command"][0] for function in functions),  # type: ignore[arg-type]
    )


def _part(name: str, resource: dict[str, Any]) -> dict[str, Any]:
    """Return what of a resource is made here; of the others, that it is there."""
    properties = resource.get("Properties", {})
    if name in _ROOMS:
        kept = {key: properties[key] for key in ("Environment", "ImageConfig") if key in properties}
    elif resource["Type"] in {"AWS::S3::Bucket", "AWS::DynamoDB::Table"}:
        kept = {key: one for key, one in properties.items() if key in _MADE_WITH}
    else:
        kept = {}
    return {"Type": resource["Type"], "Properties": kept}


def _promote(root: str, version: str) -> None:
    promote(
        open_storage(root),
        version,
        who="aws-local",
        why="the model that ships",
        now=dt.datetime.now(dt.UTC),
        check=lambda _version: None,
    )


def _publish_shipped_forecasts(root: str) -> None:
    shipped = Path(ForecastsSettings().root)
    storage = open_storage(root)
    for file in sorted(shipped.rglob("*")):
        if file.is_file():
            storage.create(file.relative_to(shipped).as_posix(), file.read_bytes())


def _write_environment(names: Mapping[str, str]) -> None:
    ENVIRONMENT.mkdir(parents=True, exist_ok=True)
    (ENVIRONMENT / "key.pem").write_text(names["REGISTRY_PUBLIC_KEY"], "utf-8")
    shown = {**names, "REGISTRY_PUBLIC_KEY": str(ENVIRONMENT / "key.pem")}
    text = "".join(f"export {name}='{value}'\n" for name, value in shown.items())
    (ENVIRONMENT / "environment").write_text(text, "utf-8")


@dataclass(frozen=True)
class _Context:
    """What the rooms read of Lambda's context."""

    aws_request_id: str
    function_name: str = "local"


@dataclass(frozen=True)
class Gateway:
    """API Gateway before the rooms, as an ASGI application: a request becomes an event (REST, payload 1.0), and back.

    Attributes:
        handlers: of triage, forecasts and care.

    """

    handlers: tuple[Callable[..., Any], ...]
    # A function answers one call at a time, always in the same thread.
    _threads: tuple[ThreadPoolExecutor, ...] = field(
        default_factory=lambda: tuple(ThreadPoolExecutor(1, initializer=_with_event_loop) for _ in _ROOMS)
    )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        body = bytearray()
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        room = room_of(scope["path"])
        event = event_of(scope, bytes(body))
        if len(json.dumps(event)) > _MAX_EVENT_BYTES:
            await _send(send, 413, {"content-type": ["application/json"]}, b'{"message": "Request Too Long"}')
            return
        answer = await asyncio.get_running_loop().run_in_executor(
            self._threads[room], self.handlers[room], event, _Context(str(uuid.uuid4()))
        )
        text = answer["body"]
        content = base64.b64decode(text) if answer.get("isBase64Encoded") else text.encode()
        headers = {name: [value] for name, value in (answer.get("headers") or {}).items()}
        await _send(send, answer["statusCode"], headers | (answer.get("multiValueHeaders") or {}), content)


def _with_event_loop() -> None:
    asyncio.set_event_loop(asyncio.new_event_loop())  # Mangum asks for one, which Lambda's main thread has


def event_of(scope: Scope, body: bytes) -> dict[str, Any]:
    """Return the event of a request."""
    headers: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        headers.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
    query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return rest_event(scope["method"], scope["path"], body, headers, query)


async def _send(send: Send, status: int, headers: Mapping[str, list[str]], body: bytes) -> None:
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, values in headers.items() for value in values]
    own = [pair for pair in pairs if pair[0].lower() != b"content-length"]
    own.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": own})
    await send({"type": "http.response.body", "body": body})


__all__ = ["Gateway", "Twin", "event_of", "make", "serve"]
