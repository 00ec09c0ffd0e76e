# SPDX-License-Identifier: Apache-2.0
"""What fastfront counts beyond vLLM's metrics, as `fastfront:` families. docs/metrics.md is made of the tables here.

Must not know who counts: it is handed a snapshot of the pump.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from prometheus_client.core import Metric

from fastfront.telemetry.engine import Snapshot
from fastfront.telemetry.families import Counts, counter, histogram

COUNTERS = {
    "messages": ("engine_messages", "Messages received from engines, one per engine step."),
    "unknown_outputs": ("unknown_outputs", "Engine outputs for requests that nobody waits for (any more)."),
    "bad_messages": ("bad_messages", "Engine messages that could not be decoded."),
    "overflows": ("slow_readers", "Responses given up because their client did not read."),
    "ring_sends": ("ring_sends", "Frames that went to the kernel many at a time (io_uring)."),
    "ring_calls": ("ring_calls", "System calls that took them: ring_sends / ring_calls frames leave with one."),
}
"""By the pump's name: ours, and what it counts."""

STAGE_SECONDS = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
STEP_OUTPUTS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0)

HISTOGRAMS: dict[str, tuple[str, Sequence[float]]] = {
    "prepare_seconds": ("From a request's last byte to the engine's socket.", STAGE_SECONDS),
    "prompt_queue_seconds": ("Of that: how long a long prompt waited for a thread of the pool.", STAGE_SECONDS),
    "tokenize_seconds": ("Of that: tokenizing, for each text.", STAGE_SECONDS),
    "step_outputs": ("Outputs that an engine step brought.", STEP_OUTPUTS),
    "step_write_seconds": ("From an engine step's message to its last byte with the kernel.", STAGE_SECONDS),
}
"""By the pump's name and ours: what is sorted, and into which buckets."""

OWN_BUCKETS = {name: bounds for name, (_, bounds) in HISTOGRAMS.items()}


def pump_metrics(snapshot: Snapshot) -> Iterator[Metric]:
    """Yield the families; engines are added up."""
    for member, (name, text) in COUNTERS.items():
        total = sum(of["counters"][member] for of in snapshot.values())
        yield counter(f"fastfront:{name}", text, (), {(): total})
    for name, (text, _) in HISTOGRAMS.items():
        counts = _added([of["histograms"][name] for of in snapshot.values()])
        yield histogram(f"fastfront:{name}", text, (), {(): counts})


def _added(all_counts: Sequence[Counts]) -> Counts:
    bounds = all_counts[0][0]
    counts = [sum(each) for each in zip(*(counts for _, counts, _ in all_counts), strict=True)]
    return bounds, counts, sum(total for _, _, total in all_counts)
