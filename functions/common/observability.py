"""Logs, metrics and traces (Powertools): ids, sizes, timings and versions, never a photo or a person."""

from __future__ import annotations

import json
import logging
import sys
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aws_lambda_powertools import Tracer

NAMESPACE = "dermacast"

# A line that cannot be written would be told on standard error with the exception at hand, message and all.
logging.raiseExceptions = False


@lru_cache
def logger(room: str) -> Logger:
    """Return the room's logger: one line of JSON a record, on standard output."""
    return Logger(service=room, stream=sys.stdout)


def emit(
    room: str, counts: Mapping[str, float] = {}, milliseconds: Mapping[str, float] = {}, version: str = ""
) -> None:
    """Write one CloudWatch Embedded Metric Format record for the room.

    Each call has an instance of its own, as several threads may answer photos at once. Where the
    program's version is given, what is counted is counted for it alone.
    """
    metrics = EphemeralMetrics(namespace=NAMESPACE, service=room)
    if version:
        metrics.add_dimension("version", version)
    for name, value in counts.items():
        metrics.add_metric(name, MetricUnit.Count, value)
    for name, value in milliseconds.items():
        metrics.add_metric(name, MetricUnit.Milliseconds, value)
    # In one piece: of two threads' lines that mix, neither is a record.
    sys.stdout.write(f"{json.dumps(metrics.serialize_metric_set())}\n")
    sys.stdout.flush()


@contextmanager
def traced(room: str, segment: str, *, enabled: bool) -> Iterator[Any]:
    """Record a subsegment of the trace while the body runs, where tracing is enabled."""
    if not enabled:
        yield None
        return
    raised: Exception | None = None
    with tracer(room).provider.in_subsegment(f"## {segment}") as subsegment:
        try:
            yield subsegment
        except Exception as error:  # X-Ray would keep its message, which can quote what a person sent
            raised = error
    if raised is not None:
        raise raised


@lru_cache
def tracer(room: str) -> Tracer:
    """Return the room's tracer; the first call imports the X-Ray SDK."""
    # Imported only where it is used. In Lambda it takes some hundredths of a second; elsewhere Powertools turns it off
    # in a way that imports botocore, a third of a second.
    from aws_lambda_powertools import Tracer

    return Tracer(service=room, auto_patch=False)
