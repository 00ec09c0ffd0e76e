# SPDX-License-Identifier: Apache-2.0
"""What vLLM's server counts in its frontend: admission, sleep, the multimodal cache, operations on the engine.

Sources: vllm/v1/metrics/loggers.py PrometheusStatLogger and the modules that `operations` names (0.32). Fed on the loop
thread only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from prometheus_client.core import Metric

from fastfront.telemetry.families import counter, gauge
from fastfront.telemetry.names import TEXTS
from fastfront.telemetry.operations import sleep_mode_operations, weight_update_operations

ADMISSION_REASONS = ("max_num_queued_reqs", "max_num_queued_tokens")
SLEEP_STATES = ("awake", "weights_offloaded", "discard_all")
ENGINE_LABELS = ("model_name", "engine")


class FrontendMetrics:
    """Public counters are fed by who does what they count."""

    def __init__(self) -> None:
        """Begin at zero, awake."""
        self.admission_rejections = dict.fromkeys(ADMISSION_REASONS, 0)
        self.mm_cache_queries = 0
        self.mm_cache_hits = 0
        self.sleep_mode = sleep_mode_operations()
        self.weight_updates = weight_update_operations()
        self._sleep_state = dict(zip(SLEEP_STATES, (1, 0, 0), strict=True))

    def record_sleep_state(self, sleep: int = 0, level: int = 0) -> None:
        """Say what the engines were told: sleep 0 or 1, and its level (1: weights offloaded, 2: all discarded)."""
        states = (int(sleep != 1), int(sleep == 1 and level == 1), int(sleep == 1 and level == 2))
        self._sleep_state = dict(zip(SLEEP_STATES, states, strict=True))

    def collect(self, model_name: str, engines: Sequence[int], created: float) -> Iterator[Metric]:
        """Yield the families. The multimodal cache is the frontend's: it has the first engine's label, as in vLLM."""
        labels: list[tuple[str, ...]] = [(model_name, str(engine)) for engine in engines]
        yield gauge(
            "vllm:engine_sleep_state",
            TEXTS["engine_sleep_state"],
            (*ENGINE_LABELS, "sleep_state"),
            {(*of, state): value for state, value in self._sleep_state.items() for of in labels},
        )
        for name, value in (("mm_cache_queries", self.mm_cache_queries), ("mm_cache_hits", self.mm_cache_hits)):
            values = {of: value if of is labels[0] else 0 for of in labels}
            yield counter(f"vllm:{name}", TEXTS[name], ENGINE_LABELS, values, created)
        yield counter(
            "vllm:admission_rejections",
            TEXTS["admission_rejections"],
            ("model_name", "reason"),
            {(model_name, reason): count for reason, count in self.admission_rejections.items()},
            created,
        )
        yield from self.sleep_mode.collect()
        yield from self.weight_updates.collect()
