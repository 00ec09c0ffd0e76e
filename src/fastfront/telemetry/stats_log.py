# SPDX-License-Identifier: Apache-2.0
"""The line of the log that shows, every few seconds, what the engines do: vLLM's LoggingStatLogger.

Source: vllm/v1/metrics/loggers.py and vllm/v1/spec_decode/metrics.py (0.32). Made of two snapshots of the pump and of
nothing that is computed in between. One thing differs: vLLM forgets preemptions and corrupted requests before it comes
to show them.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastfront.telemetry.engine import Snapshot

logger = logging.getLogger(__name__)

KV_FETCH = "KV fetch: %d waiting to start, %d in progress, %d completed waiting"
SPEC_DECODE = (
    "SpecDecoding metrics: Mean acceptance length: %.2f, Accepted throughput: %.2f tokens/s, "
    "Drafted throughput: %.2f tokens/s, Accepted: %d tokens, Drafted: %d tokens, "
    "Per-position acceptance rate: %s, Avg Draft acceptance rate: %.1f%%"
)

Engine = Mapping[str, Any]


class StatsLog:
    """Shows each engine in a line of its own, or all together."""

    def __init__(
        self,
        snapshot: Callable[[], Snapshot],
        *,
        aggregate: bool = False,
        corrupted: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin an interval. `corrupted`: show requests with NaNs in their logits."""
        self._snapshot = snapshot
        self._aggregate = aggregate
        self._corrupted = corrupted
        self._clock = clock
        self._since = clock()
        self._before: Snapshot = snapshot()
        self._was_busy: dict[str, bool] = {}

    async def run(self, interval: float) -> None:
        """Log every `interval` seconds until cancelled."""
        while True:
            await asyncio.sleep(interval)
            self.log()

    def log(self) -> None:
        """Log the interval that ends now; at debug level if nothing happened in it and the one before."""
        now, snapshot = self._clock(), self._snapshot()
        elapsed, before = now - self._since, self._before
        self._since, self._before = now, snapshot
        if self._aggregate:
            groups = {f"{len(snapshot)} Engines Aggregated: ": list(snapshot)}
        else:
            groups = {f"Engine {index:03d}: ": [index] for index in snapshot}
        for prefix, indices in groups.items():
            interval = _Interval([before[index] for index in indices], [snapshot[index] for index in indices], elapsed)
            busy = interval.prompt_throughput > 0 or interval.generation_throughput > 0
            level = logging.INFO if busy or self._was_busy.get(prefix, False) else logging.DEBUG
            self._was_busy[prefix] = busy
            self._log_group(prefix, interval, level)

    def _log_group(self, prefix: str, interval: _Interval, level: int) -> None:
        parts: list[tuple[str, tuple[object, ...]]] = [
            ("Avg prompt throughput: %.1f tokens/s", (interval.prompt_throughput,)),
            ("Avg generation throughput: %.1f tokens/s", (interval.generation_throughput,)),
            ("Running: %d reqs", (interval.latest("running"),)),
            ("Waiting: %d reqs", (interval.latest("waiting") + interval.latest("skipped_waiting"),)),
        ]
        if interval.latest("skipped_waiting"):
            parts.append(("Deferred: %d reqs", (interval.latest("skipped_waiting"),)))
        if any(stages := interval.kv_fetch()):
            parts.append((KV_FETCH, stages))
        if preemptions := interval.counted("num_preemptions"):
            parts.append(("Preemptions: %d", (preemptions,)))
        # A frontend does not see the engine's device; vLLM calls whatever is not CUDA by its own name.
        parts.append(("GPU KV cache usage: %.1f%%", (interval.kv_cache_usage * 100,)))
        if (rate := interval.hit_rate("prefix_recent")) is not None:
            parts.append(("Prefix cache hit rate: %.1f%%", (rate * 100,)))
        if self._corrupted:
            parts.append(("Corrupted: %d reqs", (interval.counted("corrupted_requests"),)))
        if (rate := interval.hit_rate("connector_recent")) is not None:
            parts.append(("External prefix cache hit rate: %.1f%%", (rate * 100,)))
        arguments = [argument for _, values in parts for argument in values]
        line = prefix + ", ".join(text for text, _ in parts)
        logger.log(level, line, *arguments)
        if (drafts := interval.spec_decode()) is not None:
            logger.log(level, SPEC_DECODE, *drafts)
        if not self._aggregate and any(work := interval.work()):
            logger.log(level, "%sMFU: %.1f TF/s/device %.1f GB/s/device", prefix, *work)


class _Interval:
    """What some engines have done between two snapshots, added up."""

    def __init__(self, before: Sequence[Engine], after: Sequence[Engine], seconds: float) -> None:
        self._before = before
        self._after = after
        self._seconds = seconds
        # vLLM's prompt throughput leaves out what was cached or transferred.
        self.prompt_throughput = self._rate(self.counted("prompt_tokens_local_compute"))
        self.generation_throughput = self._rate(self.counted("generation_tokens"))

    def _rate(self, amount: float) -> float:
        return amount / self._seconds if self._seconds > 0 else 0.0

    def counted(self, name: str) -> int:
        return sum(
            after["counters"][name] - before["counters"][name]
            for before, after in zip(self._before, self._after, strict=True)
        )

    def latest(self, name: str) -> int:
        return sum(of["scheduler"][name] for of in self._after)

    @property
    def kv_cache_usage(self) -> float:
        return sum(float(of["scheduler"]["kv_cache_usage"]) for of in self._after) / len(self._after)

    def kv_fetch(self) -> tuple[int, ...]:
        stages = [tuple(of["scheduler"]["kv_fetch"].values()) for of in self._after]
        return tuple(map(sum, zip(*stages, strict=True)))

    def hit_rate(self, name: str) -> float | None:
        recent = [of["scheduler"][name] for of in self._after if of["scheduler"][name] is not None]
        if not recent:
            return None
        queries = sum(queries for queries, _ in recent)
        return float(sum(hits for _, hits in recent) / queries) if queries else 0.0

    def spec_decode(self) -> tuple[object, ...] | None:
        drafts, drafted, accepted = (
            self._drafted(name) for name in ("num_drafts", "num_draft_tokens", "num_accepted_tokens")
        )
        if drafts <= 0:
            return None
        positions = max(len((of["scheduler"]["spec_decode"] or {})["accepted_per_position"]) for of in self._after)
        rates = [self._accepted_at(position) / drafts for position in range(positions)]
        return (
            1 + accepted / drafts,
            self._rate(accepted),
            self._rate(drafted),
            accepted,
            drafted,
            ", ".join(f"{rate:.3f}" for rate in rates),
            accepted / drafted * 100 if drafted else float("nan"),
        )

    def _drafted(self, name: str) -> int:
        return sum(
            (after["scheduler"]["spec_decode"] or {}).get(name, 0)
            - (before["scheduler"]["spec_decode"] or {}).get(name, 0)
            for before, after in zip(self._before, self._after, strict=True)
        )

    def _accepted_at(self, position: int) -> int:
        def accepted(of: Engine) -> int:
            counts: list[int] = (of["scheduler"]["spec_decode"] or {}).get("accepted_per_position", [])
            return counts[position] if position < len(counts) else 0

        return sum(accepted(after) - accepted(before) for before, after in zip(self._before, self._after, strict=True))

    def work(self) -> tuple[float, float]:
        def done(name: str) -> float:
            return self._rate(
                sum(
                    after["scheduler"][name] - before["scheduler"][name]
                    for before, after in zip(self._before, self._after, strict=True)
                )
            )

        return done("flops") / 1e12, (done("read_bytes") + done("write_bytes")) / 1e9
