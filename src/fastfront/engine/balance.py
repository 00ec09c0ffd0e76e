# SPDX-License-Identifier: Apache-2.0
"""Which of several engines gets the next request.

Pure arithmetic on what this frontend has in flight and what the coordinator last said; knows no sockets. The rule is
vLLM's (vllm/v1/engine/core_client.py DPLBAsyncMPClient.get_core_engine_for_request), in both forms that releases have:
a snapshot of `[waiting, running, kv_cache_usage]` per engine (0.32), or `[waiting, running]` before that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastfront.errors import BadRequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

KV_PRESSURE_FROM = 0.5
"""Waiting requests weigh more from this share of the KV cache in use on: a queue behind a full cache drains slowly."""
KV_PRESSURE_WEIGHT = 6.0
OLD_WAITING_WEIGHT = 4


class Balancer:
    """Chooses engines by load, and counts what each one works on for this frontend.

    `client_count` frontends share the engines; this one assumes that the others send as much as it does.
    """

    def __init__(self, engine_count: int, *, client_index: int = 0, client_count: int = 1) -> None:
        self.in_flight = [0] * engine_count
        self._client_count = client_count
        self._snapshot: list[list[float]] | None = None
        # Start apart from the other frontends, so that empty engines are not all filled from the first one on.
        self._first = (engine_count * client_index) // client_count

    def update(self, counts: Sequence[Sequence[float]]) -> None:
        """Take the coordinator's snapshot of these engines, in order."""
        if len(counts) == len(self.in_flight) and all(len(count) > 1 for count in counts):
            self._snapshot = [list(count) for count in counts]

    def choose(self, rank: int | None = None) -> int:
        """Return the index of the engine for the next request and count it there. `rank` pins an engine."""
        count = len(self.in_flight)
        if rank is None:
            index = self._least_loaded() if count > 1 else 0
        elif 0 <= rank < count:
            index = rank
        else:
            raise BadRequestError(f"data_parallel_rank {rank} is out of range [0, {count}).")
        self.in_flight[index] += 1
        return index

    def release(self, index: int) -> None:
        """A request that `choose` gave to this engine has ended."""
        self.in_flight[index] -= 1

    def _least_loaded(self) -> int:
        count = len(self.in_flight)
        order = [(self._first + step) % count for step in range(count)]
        index = min(order, key=self._score)  # the first of equals
        if self._snapshot is not None:
            # The next snapshot will count it; until then this does.
            self._snapshot[index][0] += self._client_count
        # Ties (all equally loaded after a snapshot) must not always fall to the same engine.
        self._first = (self._first + 1) % count
        return index

    def _score(self, index: int) -> float:
        own = self._client_count * self.in_flight[index]
        if self._snapshot is None:
            return own
        waiting, running, *usage = self._snapshot[index]
        if not usage:
            return max(own, waiting * OLD_WAITING_WEIGHT + running)
        pressure = max(0.0, usage[0] - KV_PRESSURE_FROM)
        return max(own, waiting + running) + waiting * KV_PRESSURE_WEIGHT * pressure
