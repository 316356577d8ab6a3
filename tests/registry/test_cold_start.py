"""What a warm function's follower imports of the registry costs little until a version is verified."""

from __future__ import annotations

import json
import subprocess
import sys

HEAVY = {"boto3", "botocore", "cryptography", "onnxruntime", "numpy", "typer", "rich"}


def test_the_registry_imports_neither_an_aws_client_nor_a_model() -> None:
    code = (
        "import functions.common.signing, functions.common.storage, functions.registry.moves; "
        "import functions.registry.versions, sys, json; print(json.dumps(sorted(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = json.loads(ran.stdout)
    assert HEAVY & {name.partition(".")[0] for name in imported} == set()
    assert [name for name in imported if name.startswith("functions.triage")] == []
