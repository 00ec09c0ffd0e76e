# SPDX-License-Identifier: Apache-2.0
"""One run of load against one server: warm up, measure, and what came of it, with the server's CPU time beside.

Drives the native client from a thread of its own. Knows no frontends and prints nothing: progress goes to a callback.
"""

from __future__ import annotations

import dataclasses
import threading
import time
from typing import TYPE_CHECKING

from fastfront._native.load import LoadGenerator
from fastfront.bench import processes
from fastfront.bench.report import Distribution, Result
from fastfront.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fastfront._native.load import Counters, Times
    from fastfront.bench.options import Options
    from fastfront.bench.probe import Target
    from fastfront.bench.prompts import Body
    from fastfront.bench.workloads import Workload

PROGRESS_S = 0.2
"""Seconds between two calls of the progress callback."""


@dataclasses.dataclass(frozen=True)
class Duration:
    """How long a run is: a time to warm up and one to measure, or a number of requests, all of which count."""

    warmup_s: float = 2.0
    measure_s: float = 10.0
    requests: int = 0
    timeout_s: float = 600.0
    """Most seconds that one request may take."""

    @classmethod
    def of(cls, options: Options) -> Duration:
        """Return what a command line says of it."""
        return cls(options.warmup, options.duration, options.requests, options.timeout)


@dataclasses.dataclass(frozen=True)
class Watched:
    """The processes whose CPU time is told, and the cores of the client's thread."""

    server: int | None = None
    engine: int | None = None
    client_cores: Sequence[int] | None = None


@dataclasses.dataclass(frozen=True)
class _Sample:
    time: float
    server: float
    engine: float
    counters: Counters


class Run:
    """A run under way."""

    def __init__(
        self, target: Target, workload: Workload, bodies: list[Body], duration: Duration, watched: Watched, seed: int
    ) -> None:
        self._workload = workload
        self._duration = duration
        self._watched = watched
        self._client_cpu = 0.0
        self._failure: BaseException | None = None
        self._load = LoadGenerator(
            host=target.address,
            port=target.port,
            head=target.head(workload.path),
            bodies=bodies,
            connections=workload.concurrency,
            rate=workload.rate,
            seed=seed,
            timeout_s=duration.timeout_s,
            max_requests=duration.requests,
        )
        self._thread = threading.Thread(target=self._drive, name="load", daemon=True)

    def run(self, progress: Callable[[float, Counters], None]) -> Result:
        """Do it. `progress` gets the part that is done, 0 to 1, and totals. Raises StartupError if nothing works."""
        duration = self._duration
        before = self._sample()
        if duration.requests:
            self._load.measure()
        self._thread.start()
        try:
            if not duration.requests:
                self._wait(duration.warmup_s, 0.0, progress)
                self._check()
                before = self._sample()
                self._load.measure()
                self._wait(duration.measure_s, duration.warmup_s, progress)
            else:
                self._wait(float("inf"), 0.0, progress)
            after = self._sample()
            memory = processes.memory_mb(self._watched.server) if self._watched.server else None
        finally:
            self._load.stop()
            self._thread.join()
        if self._failure is not None:
            raise self._failure
        self._check()
        return self._result(before, after, memory)

    def _drive(self) -> None:
        try:
            with processes.on_cores(self._watched.client_cores):
                began = time.thread_time()
                self._load.run()
                self._client_cpu = time.thread_time() - began
        except BaseException as error:  # reaches the caller through run()
            self._failure = error

    def _wait(self, seconds: float, before: float, progress: Callable[[float, Counters], None]) -> None:
        """Let time pass until it is over or the load has ended by itself."""
        duration = self._duration
        began = time.monotonic()
        while self._thread.is_alive() and (left := began + seconds - time.monotonic()) > 0:
            self._thread.join(min(left, PROGRESS_S))
            counters = self._load.counters()
            if duration.requests:
                part = (counters.requests + counters.errors) / duration.requests
            else:
                part = (before + time.monotonic() - began) / (duration.warmup_s + duration.measure_s)
            progress(min(part, 1.0), counters)

    def _check(self) -> None:
        """Stop early where nothing works: every request so far has failed."""
        counters = self._load.counters()
        if counters.errors and not counters.requests and not counters.tokens:
            raise StartupError(f"no request has succeeded; the first failed so: {self._load.first_error()}")

    def _sample(self) -> _Sample:
        watched = self._watched
        return _Sample(
            time.monotonic(),
            processes.cpu_seconds(watched.server) if watched.server else 0.0,
            processes.cpu_seconds(watched.engine) if watched.engine else 0.0,
            self._load.counters(),
        )

    def _result(self, before: _Sample, after: _Sample, memory: float | None) -> Result:
        record = self._load.record()
        workload = self._workload
        seconds = max(record["seconds"], 1e-9)
        sampled = max(after.time - before.time, 1e-9)
        requests = max(record["requests"], 1)
        tokens = after.counters.tokens - before.counters.tokens
        answered = after.counters.requests - before.counters.requests
        cpu = after.server - before.server
        result = Result(
            workload=workload.name,
            concurrency=workload.concurrency,
            rate=workload.rate,
            seconds=seconds,
            requests=record["requests"],
            errors={name: count for name, count in record["errors"].items() if count},
            first_error=self._load.first_error(),
            requests_per_s=record["requests"] / seconds,
            tokens_per_s=tokens / sampled,
            prompt_tokens=record["prompt_tokens"] / requests,
            output_tokens=record["completion_tokens"] / requests,
            tokens_told=record["counted_by_server"] == record["requests"],
            events_per_request=record["events"] / requests,
            ttft_ms=_milliseconds(record["ttft"]),
            tpot_ms=_milliseconds(record["tpot"]),
            itl_ms=_milliseconds(record["itl"]),
            e2e_ms=_milliseconds(record["e2e"]),
            late_ms=_milliseconds(record["late"]) if workload.rate else None,
            client_cores=self._client_cpu / (seconds + (0.0 if self._duration.requests else self._duration.warmup_s)),
            per_token=workload.per_token,
        )
        if self._watched.server:
            result.server_cores = cpu / sampled
            result.cpu_us_per_token = cpu / tokens * 1e6 if tokens else None
            result.cpu_us_per_request = cpu / answered * 1e6 if answered else None
            result.memory_mb = memory
        if self._watched.engine:
            result.engine_cores = (after.engine - before.engine) / sampled
        return result


def _milliseconds(times: Times) -> Distribution | None:
    if not times["count"]:
        return None
    return Distribution(
        mean=times["mean"] * 1e3,
        p50=times["p50"] * 1e3,
        p90=times["p90"] * 1e3,
        p99=times["p99"] * 1e3,
        max=times["max"] * 1e3,
    )
