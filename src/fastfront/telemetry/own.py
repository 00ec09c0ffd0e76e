# SPDX-License-Identifier: Apache-2.0
"""What the native pipeline counts beyond vLLM's metrics, as `fastfront:` families. docs/metrics.md describes them."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import Metric

from fastfront.telemetry.engine import Snapshot
from fastfront.telemetry.families import counter

COUNTERS = {
    "messages": ("engine_messages", "Messages received from engines, one per engine step."),
    "unknown_outputs": ("unknown_outputs", "Engine outputs for requests that nobody waits for (any more)."),
    "bad_messages": ("bad_messages", "Engine messages that could not be decoded."),
    "overflows": ("slow_readers", "Responses given up because their client did not read."),
}
"""By the pump's name: ours, and what it counts."""


def pump_metrics(snapshot: Snapshot) -> Iterator[Metric]:
    """Yield the families; engines are added up."""
    for member, (name, text) in COUNTERS.items():
        total = sum(of["counters"].get(member, 0) for of in snapshot.values())
        yield counter(f"fastfront:{name}", text, (), {(): total})
