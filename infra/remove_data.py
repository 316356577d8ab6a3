#!/usr/bin/env python3
"""Remove what a deleted stack left on purpose: buckets with every version of every object, and its keys.

`sam delete` leaves data. This takes the names of buckets and the ARNs of keys, shows how much lies there, and removes
it once the first name has been typed again. Keys are scheduled for deletion, which can be cancelled for 30 days.
"""
# ruff: noqa: T201 - a command

from __future__ import annotations

import argparse
import sys
from typing import Any

import boto3

_PENDING_DAYS = 30


def main(arguments: list[str]) -> int:
    """Return 0 where everything was removed, 1 where nothing was."""
    asked = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], epilog="Example: infra/remove_data.py --bucket b1 --bucket b2 --key ARN"
    )
    asked.add_argument("--bucket", action="append", default=[], help="A bucket to remove; may be given several times.")
    asked.add_argument("--key", action="append", default=[], help="ARN of a key to remove; may be given several times.")
    given = asked.parse_args(arguments)
    names = [*given.bucket, *given.key]
    if not names:
        asked.error("name at least one --bucket or --key")
    s3 = boto3.client("s3")
    for bucket in given.bucket:
        print(f"{bucket}: {sum(1 for _ in versions_in(s3, bucket)):,} versions of objects")
    print(f"This cannot be undone. Type {names[0]} to remove all of it: ", end="", flush=True)
    if sys.stdin.readline().strip() != names[0]:
        print("Nothing was removed.")
        return 1
    for bucket in given.bucket:
        # A photo that arrives meanwhile is found by the next call, as the bucket is then not empty.
        for version in versions_in(s3, bucket):
            s3.delete_object(Bucket=bucket, **version)
        s3.delete_bucket(Bucket=bucket)
    for key in given.key:
        boto3.client("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=_PENDING_DAYS)
    print(f"Removed; keys are gone in {_PENDING_DAYS} days.")
    return 0


def versions_in(s3: Any, bucket: str) -> list[dict[str, str]]:
    """Return every version and deletion mark in a bucket."""
    return [
        {"Key": version["Key"], "VersionId": version["VersionId"]}
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
        for version in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
