"""The Lambda door that CloudFormation asks, while a stack is made, for the public half of the signing key.

So the functions that check model versions are given the key to trust as a plain setting, and need not ask KMS.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

from functions.common import observability
from functions.common.signing import KeyUnusable, KmsSigner
from functions.registry import ROOM

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_PATIENCE_S = 20.0


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Answer CloudFormation's request at the address that it names, as its documentation of custom resources has it."""
    arn = event["ResourceProperties"]["KeyArn"]
    answer: dict[str, Any] = {
        "Status": "SUCCESS",
        "PhysicalResourceId": arn,
        **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
    }
    if event["RequestType"] != "Delete":
        try:
            answer["Data"] = {"PublicKey": KmsSigner(arn).public_key().decode()}
        except KeyUnusable as error:
            observability.logger(ROOM).error("no public key", reason=str(error))
            answer |= {"Status": "FAILED", "Reason": str(error)}
    body = json.dumps(answer).encode()
    # CloudFormation signs the address for no content type; urllib would add one.
    request = Request(event["ResponseURL"], data=body, method="PUT", headers={"Content-Type": ""})  # noqa: S310
    with urlopen(request, timeout=_PATIENCE_S):  # noqa: S310 - the address is CloudFormation's
        return answer
