# SPDX-License-Identifier: Apache-2.0
"""vllm:lora_requests_info: which adapters have requests under way, and when that was last so.

Source: vllm/v1/metrics/loggers.py and LoRARequestStates in stats.py (0.32). As there, both labels name the adapters
that have requests, running or waiting, and the value is a time: a reader takes the latest. Fed on the loop thread only.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from prometheus_client.core import Metric

from fastfront.telemetry.families import gauge
from fastfront.telemetry.names import TEXTS

MAX_COMBINATIONS = 256
"""Sets of adapters that are remembered; the oldest go."""


class LoraMetrics:
    """Counts requests by adapter."""

    def __init__(self) -> None:
        """Begin without requests."""
        self._running: dict[str, int] = {}
        self._seen: dict[str, float] = {}

    def begin(self, adapter: str) -> None:
        """A request with this adapter is submitted."""
        self._note()
        self._running[adapter] = self._running.get(adapter, 0) + 1

    def end(self, adapter: str) -> None:
        """It is over."""
        self._note()
        left = self._running.pop(adapter, 0) - 1
        if left > 0:
            self._running[adapter] = left

    def _note(self) -> None:
        adapters = ",".join(self._running)
        self._seen.pop(adapters, None)
        self._seen[adapters] = time.time()
        while len(self._seen) > MAX_COMBINATIONS:
            del self._seen[next(iter(self._seen))]

    def collect(self, max_loras: int) -> Iterator[Metric]:
        """Yield the gauge. `max_loras`: adapters that an engine runs at once."""
        self._note()
        yield gauge(
            "vllm:lora_requests_info",
            TEXTS["lora_requests_info"],
            ("max_lora", "waiting_lora_adapters", "running_lora_adapters"),
            {(str(max_loras), adapters, adapters): seen for adapters, seen in self._seen.items()},
        )
