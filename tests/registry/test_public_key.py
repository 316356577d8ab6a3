"""CloudFormation is answered whatever happens, with the public half of the key or the reason."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from functions.common.signing import is_signed
from functions.registry.public_key import handler

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def cloudformation() -> Iterator[tuple[str, list[tuple[str, dict[str, Any]]]]]:
    """Yield an address that takes an answer, and the answers: content type and document."""
    taken: list[tuple[str, dict[str, Any]]] = []

    class Taker(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.append((self.headers["Content-Type"], json.loads(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_told: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Taker) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/answer", taken
        server.shutdown()
        thread.join()


def event(address: str, key: str, kind: str = "Create") -> dict[str, Any]:
    return {
        "RequestType": kind,
        "ResponseURL": address,
        "StackId": "s",
        "RequestId": "r",
        "LogicalResourceId": "RegistryKey",
        "ResourceProperties": {"ServiceToken": "t", "KeyArn": key},
    }


def test_the_key_that_is_told_checks_what_the_other_half_signs(cloudformation: Any) -> None:
    address, taken = cloudformation
    with mock_aws():
        kms = boto3.client("kms")
        key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
        handler(event(address, key), None)  # type: ignore[arg-type]
        signature = kms.sign(KeyId=key, Message=b"m", MessageType="RAW", SigningAlgorithm="ECDSA_SHA_256")["Signature"]
    ((media_type, answer),) = taken
    assert media_type == ""
    assert (answer["Status"], answer["PhysicalResourceId"], answer["RequestId"]) == ("SUCCESS", key, "r")
    assert is_signed(b"m", signature, answer["Data"]["PublicKey"].encode())


def test_a_key_that_is_not_there_is_told_with_the_reason(cloudformation: Any) -> None:
    address, taken = cloudformation
    with mock_aws():
        handler(event(address, "arn:aws:kms:eu-central-1:123456789012:key/none"), None)  # type: ignore[arg-type]
    ((_, answer),) = taken
    assert answer["Status"] == "FAILED"
    assert "public key" in answer["Reason"]


def test_a_deletion_asks_nothing_of_the_key(cloudformation: Any) -> None:
    address, taken = cloudformation
    handler(event(address, "gone", "Delete"), None)  # type: ignore[arg-type]
    ((_, answer),) = taken
    assert answer["Status"] == "SUCCESS"
    assert "Data" not in answer
