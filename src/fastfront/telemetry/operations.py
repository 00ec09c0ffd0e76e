# SPDX-License-Identifier: Apache-2.0
"""How long operations on the engine take, and how many run: sleep mode and weight updates, by vLLM's names.

Sources: vllm/entrypoints/serve/dev/sleep/metrics.py and vllm/entrypoints/rl/online/metrics.py (0.32). As there, nothing
shows before the first operation. Fed on the loop thread only.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from prometheus_client.core import Metric

from fastfront.telemetry.families import gauge, histogram
from fastfront.telemetry.http import Histogram

BUCKETS = (0.01, 0.1, 1.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)


class OperationMetrics:
    """Operations of one kind, by their name."""

    def __init__(self, prefix: str, duration: str, in_flight: str) -> None:
        """Take the metrics' common prefix and their help texts."""
        self._prefix = prefix
        self._texts = (duration, in_flight)
        self._in_flight: dict[str, int] = {}
        self._durations: dict[str, Histogram] = {}
        self._created = time.time()

    @contextlib.contextmanager
    def record(self, operation: str) -> Iterator[None]:
        """Count an operation for as long as the body runs."""
        if not self._in_flight:
            self._created = time.time()
        self._in_flight[operation] = self._in_flight.get(operation, 0) + 1
        started = time.perf_counter()
        try:
            yield
        finally:
            self._in_flight[operation] -= 1
            self._durations.setdefault(operation, Histogram(BUCKETS)).observe(time.perf_counter() - started)

    def collect(self) -> Iterator[Metric]:
        """Yield both families, or nothing before the first operation."""
        if not self._in_flight:
            return
        yield histogram(
            f"{self._prefix}_duration_seconds",
            self._texts[0],
            ("operation",),
            {(operation,): (found.bounds, found.counts, found.sum) for operation, found in self._durations.items()},
            self._created,
        )
        yield gauge(
            f"{self._prefix}s_in_flight",
            self._texts[1],
            ("operation",),
            {(operation,): count for operation, count in self._in_flight.items()},
        )


def sleep_mode_operations() -> OperationMetrics:
    """Return what counts `sleep`, `release_kv_cache_memory` and `wake`."""
    return OperationMetrics(
        "vllm:sleep_mode_operation",
        "Duration of one sleep-mode operation.",
        "Sleep-mode operations currently awaited.",
    )


def weight_update_operations() -> OperationMetrics:
    """Return what counts `init`, `shutdown`, `start`, `start_draft`, `update` and `finish`."""
    return OperationMetrics(
        "vllm:rl_weight_update_operation",
        "Duration of one weight-transfer operation.",
        "Weight-transfer operations currently awaited.",
    )
