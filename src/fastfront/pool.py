# SPDX-License-Identifier: Apache-2.0
"""The thread pool for long prompts: as many threads as the CPU quota carries, and a bounded queue before them.

The event loop must answer /health while somebody tokenizes 100,000 tokens: prompts above a size are rendered here. A
container's quota counts, not the host's cores; the number of writer threads comes from it, too. Must not know what it
runs.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from fastfront.errors import ServiceUnavailableError

T = TypeVar("T")

MAX_THREADS = 8
MAX_WRITERS = 4
"""Threads that write to clients, the pump among them."""
MAX_QUEUED = 1024
"""Prompts that may wait. Each holds its request: this bounds memory, and how late an answer is."""


class PromptPool(ThreadPoolExecutor):
    """A ThreadPoolExecutor that refuses work (503) when too much of it waits."""

    def __init__(self, threads: int | None = None, max_queued: int = MAX_QUEUED) -> None:
        """Make a pool of `threads`, by default half the CPUs of the quota. Threads start with the first work."""
        super().__init__(threads or pool_size(available_cpus()), thread_name_prefix="fastfront-prompt")
        self._max_queued = max_queued
        self.on_begun: Callable[[float], None] | None = None
        """Hears how many seconds a call has waited for a thread, in that thread."""

    @property
    def waiting(self) -> int:
        """Calls that no thread has begun yet."""
        return self._work_queue.qsize()

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Queue a call. Raises ServiceUnavailableError if the queue is full."""
        if self.waiting >= self._max_queued:
            raise ServiceUnavailableError("Too many long prompts are waiting to be tokenized. Try again later.")
        return super().submit(self._begin, time.perf_counter(), fn, *args, **kwargs)

    def _begin(self, queued: float, fn: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        if self.on_begun is not None:
            self.on_begun(time.perf_counter() - queued)
        return fn(*args, **kwargs)


def pool_size(cpus: float) -> int:
    """Return how many threads to use: half the CPUs, for the rest is the loop's and the pump's."""
    return max(1, min(MAX_THREADS, int(cpus // 2)))


def writer_threads(cpus: float) -> int:
    """Return how many threads help the pump to write: with two CPUs each, none below four."""
    return max(0, min(MAX_WRITERS, int(cpus // 2)) - 1)


def available_cpus(root: Path = Path("/")) -> float:
    """Return the CPUs this process may use: the least of its affinity mask and its cgroups' quotas."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(float(affinity), _cgroup_quota(root))


def _cgroup_quota(root: Path) -> float:
    """Return the CPU quota in cores, infinity if there is none. The limit of any parent group counts too."""
    quota = math.inf
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return quota
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if controllers == "":
            base, read = root / "sys/fs/cgroup", _read_v2
        elif "cpu" in controllers.split(","):
            base, read = root / "sys/fs/cgroup/cpu", _read_v1
        else:
            continue
        # Inside a container the path may be the host's, which is not visible here: then the mount's root is ours.
        path = base / group.lstrip("/")
        while True:
            quota = min(quota, read(path))
            if path == base or base not in path.parents:
                break
            path = path.parent
    return quota


def _read_v2(group: Path) -> float:
    try:
        limit, period = (group / "cpu.max").read_text().split()
        return math.inf if limit == "max" else int(limit) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return math.inf


def _read_v1(group: Path) -> float:
    try:
        limit = int((group / "cpu.cfs_quota_us").read_text())
        return math.inf if limit <= 0 else limit / int((group / "cpu.cfs_period_us").read_text())
    except (OSError, ValueError, ZeroDivisionError):
        return math.inf
