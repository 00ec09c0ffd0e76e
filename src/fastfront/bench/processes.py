# SPDX-License-Identifier: Apache-2.0
"""Processes as a benchmark sees them: CPU time and memory of a tree of them, from /proc, and the cores they may use.

Knows nothing of servers. A process that has ended meanwhile counts as nothing.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TICK = os.sysconf("SC_CLK_TCK")

IDLE_S = 1.0
IDLE_SHARE = 0.05
"""A process is idle that used no more of a core than this for so long."""


def tree(pid: int) -> list[int]:
    """Return a process and its descendants."""
    found: list[int] = []
    todo = [pid]
    while todo:
        process = todo.pop()
        found.append(process)
        with contextlib.suppress(OSError):
            for task in (Path("/proc") / str(process) / "task").iterdir():
                with contextlib.suppress(OSError):
                    todo += [int(child) for child in (task / "children").read_text().split()]
    return found


def cpu_seconds(pid: int) -> float:
    """Return the CPU time, user and system, that a process and its descendants have used."""
    return sum(map(_cpu_seconds, tree(pid)))


def _cpu_seconds(pid: int) -> float:
    try:
        fields = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICK


def memory_mb(pid: int) -> float:
    """Return the resident memory of a process and its descendants, in MB of 2^20 bytes."""
    total = 0
    for process in tree(pid):
        with contextlib.suppress(OSError, ValueError, IndexError, StopIteration):
            lines = (Path("/proc") / str(process) / "status").read_text().splitlines()
            total += int(next(line for line in lines if line.startswith("VmRSS:")).split()[1])
    return total / 1024


def wait_idle(pid: int, *, timeout_s: float = 30.0) -> None:
    """Wait until a process tree has had little to do for a second, at most `timeout_s`.

    A server that answers may still load and compile in the background, which is its start and not its load.
    """
    deadline = time.monotonic() + timeout_s
    samples: deque[tuple[float, float]] = deque([(time.monotonic(), cpu_seconds(pid))])
    while time.monotonic() < deadline:
        time.sleep(0.1)
        now, used = time.monotonic(), cpu_seconds(pid)
        samples.append((now, used))
        while now - samples[1][0] >= IDLE_S:
            samples.popleft()
        since, before = samples[0]
        if now - since >= IDLE_S and used - before <= IDLE_SHARE * (now - since):
            return


def available_cores() -> list[int]:
    """Return the cores that this process may use."""
    return sorted(os.sched_getaffinity(0))


@contextlib.contextmanager
def on_cores(cores: Sequence[int] | None) -> Iterator[None]:
    """Run the calling thread on these cores; processes and threads that it starts meanwhile stay there."""
    if not cores:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def listening_process(port: int) -> int | None:
    """Return the process that listens on a TCP port of this machine, if it is ours to see; the oldest of several."""
    inodes = set()
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in (Path("/proc/net") / table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                    inodes.add(f"socket:[{fields[9]}]")
    if not inodes:
        return None
    owners = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if any(os.readlink(fd) in inodes for fd in (entry / "fd").iterdir()):  # noqa: PTH115 - no file
                    owners.append(int(entry.name))
    return min(owners, default=None)
