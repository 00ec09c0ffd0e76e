# SPDX-License-Identifier: Apache-2.0
"""Which requests run, which wait, and when the next step is due: a batch of bounded size, first come, first served.

Time comes in as an argument and outputs go out as bytes per frontend: no clock, no sockets, so that tests need neither.
"""

from __future__ import annotations

from collections import Counter, deque
from itertools import chain
from typing import TYPE_CHECKING

from fastfront.engine.types import SchedulerStats
from fastfront.sim.prefix_cache import PrefixCache
from fastfront.sim.wire import BLOCK_SIZE, NUM_BLOCKS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fastfront.sim.logprobs import Parts
    from fastfront.sim.request import Request


class Scheduler:
    """The queues of the engine. A request is in exactly one: waiting → prefilling → decoding (→ silent)."""

    def __init__(self, *, max_num_seqs: int, ttft_s: float, token_s: float, tell_finished: bool = False) -> None:
        self._max_num_seqs = max_num_seqs
        self._ttft_s = ttft_s
        self._token_s = token_s
        self._requests: dict[str, Request] = {}
        self._waiting: dict[str, Request] = {}
        self._prefilling: deque[tuple[float, Request]] = deque()
        self._decoding: dict[str, Request] = {}
        self._silent: dict[str, Request] = {}
        self._answers: Counter[tuple[int, str]] = Counter()
        self._next_step = 0.0
        self._tokens_held = 0
        self._tell_finished = tell_finished
        self._finished: dict[int, list[str]] = {}
        self._removed = False
        self.prefix_cache = PrefixCache()
        self.admitting = True
        """False: new requests wait (the engine is paused)."""
        self.stepping = True
        """False: running requests do not go on, either."""
        self.num_requests = 0
        self.num_aborted = 0
        self.num_generated = 0

    @property
    def num_waiting(self) -> int:
        return len(self._waiting)

    @property
    def num_running(self) -> int:
        return len(self._requests) - len(self._waiting)

    def variation(self, client_index: int, external_id: str | None) -> int:
        """Return how many requests of the same external id are under way: the answers of one request with n > 1."""
        return self._answers[client_index, external_id] if external_id is not None else 0

    def add(self, request: Request) -> bool:
        """Queue a request; False if its id is under way already."""
        if request.request_id in self._requests:
            return False
        self.num_requests += 1
        self._requests[request.request_id] = self._waiting[request.request_id] = request
        if request.external_id is not None:
            self._answers[request.client_index, request.external_id] += 1
        return True

    def abort(self, request_ids: Iterable[str]) -> int:
        """Drop requests; unknown ids are ignored. Returns how many there were."""
        count = 0
        for request_id in request_ids:
            request = self._requests.get(request_id)
            if request is not None:
                self._remove(request)
                count += 1
        self.num_aborted += count
        return count

    def abort_all(self) -> dict[int, list[str]]:
        """Drop every request and return their ids by frontend."""
        dropped: dict[int, list[str]] = {}
        for request in self._requests.values():
            dropped.setdefault(request.client_index, []).append(request.request_id)
        self.abort(list(chain.from_iterable(dropped.values())))
        return dropped

    def seconds_until_step(self, now: float) -> float | None:
        """Return how long there is nothing to do; None: until somebody sends something."""
        if not self.stepping:
            return None
        if self._decoding:
            return max(self._next_step - now, 0.0)
        if self._removed or self._can_admit():
            return 0.0
        if self._prefilling:
            return max(self._prefilling[0][0] - now, 0.0)
        return None

    def step(self, now: float) -> dict[int, list[bytes | Parts]] | None:
        """Do what is due: admit, end prefills, give every decoding request its next output.

        Returns outputs by frontend: empty for a step that only lets the statistics change, None if no step was due.
        """
        if not self.stepping or (self._decoding and now < self._next_step):
            return None
        self._admit(now)
        while self._prefilling and self._prefilling[0][0] <= now:
            request = self._prefilling.popleft()[1]
            self._decoding[request.request_id] = request
        removed, self._removed = self._removed, False
        if not self._decoding:
            return {} if removed else None
        late = now - self._next_step
        self._next_step = (now if late >= self._token_s else self._next_step) + self._token_s
        outputs: dict[int, list[bytes | Parts]] = {}
        for request in self._give_outputs(outputs):
            self._remove(request)
        self._removed = False
        return outputs

    def take_stats(self) -> SchedulerStats:
        """Return the statistics that go with a step."""
        return SchedulerStats(
            num_running_reqs=self.num_running,
            num_waiting_reqs=self.num_waiting,
            kv_cache_usage=min(self._tokens_held / (NUM_BLOCKS * BLOCK_SIZE), 1.0),
            prefix_cache_stats=self.prefix_cache.take_stats(),
        )

    def take_finished(self) -> dict[int, list[str]]:
        """Return the requests that ended since the last call, by frontend, if they are to be told (data parallel)."""
        finished, self._finished = self._finished, {}
        return finished

    def _can_admit(self) -> bool:
        return bool(self._waiting) and self.admitting and self.num_running < self._max_num_seqs

    def _admit(self, now: float) -> None:
        """Let waiting requests into the batch while there is room."""
        while self._can_admit():
            request = self._waiting.pop(next(iter(self._waiting)))
            request.scheduled = now
            request.num_cached_tokens = self.prefix_cache.enter(request.prompt_token_ids, request.salt)
            self._tokens_held += request.num_prompt_tokens
            self._prefilling.append((now + self._ttft_s, request))

    def _give_outputs(self, outputs: dict[int, list[bytes | Parts]]) -> list[Request]:
        """Advance every decoding request by one output; return those that finished with it."""
        generated = 0
        silent: list[Request] = []
        finished: list[Request] = []
        for request in self._decoding.values():
            output = request.advance()
            if output is None:
                silent.append(request)
                continue
            generated += request.step_tokens
            to_client = outputs.get(request.client_index)
            if to_client is None:
                outputs[request.client_index] = [output]
            else:
                to_client.append(output)
            if request.finished:
                finished.append(request)
        self.num_generated += generated
        self._tokens_held += generated
        for request in silent:
            self._silent[request.request_id] = self._decoding.pop(request.request_id)
        return finished

    def _remove(self, request: Request) -> None:
        """Take a request out of wherever it is. The next step tells the frontends' statistics."""
        request_id = request.request_id
        del self._requests[request_id]
        if self._waiting.pop(request_id, None) is None:
            self._tokens_held -= request.num_prompt_tokens + request.num_generated
            if not (self._decoding.pop(request_id, None) or self._silent.pop(request_id, None)):
                self._prefilling = deque(entry for entry in self._prefilling if entry[1] is not request)
        if request.external_id is not None:
            key = request.client_index, request.external_id
            self._answers[key] -= 1
            if not self._answers[key]:
                del self._answers[key]
        if self._tell_finished:
            self._finished.setdefault(request.client_index, []).append(request_id)
        self._removed = True
