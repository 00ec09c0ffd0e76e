# SPDX-License-Identifier: Apache-2.0
"""Processes from /proc: whole trees are counted, what has ended counts as nothing, cores are given back."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from fastfront.bench import processes

CHILD = "import sys; sum(range(30_000_000)); print('worked', flush=True); sys.stdin.read()"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {CHILD!r}])"


@pytest.fixture
def working():
    """Return a process whose child has worked and waits now."""
    with subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"worked\n"
        yield process.pid
        process.stdin.close()


def test_children_count(working):
    """CPU time and memory are the whole tree's."""
    own, child = processes.tree(working)
    assert own == working
    assert processes.cpu_seconds(child) > 0
    assert processes.cpu_seconds(working) >= processes.cpu_seconds(child)
    assert processes.memory_mb(working) > processes.memory_mb(child) > 1


def test_what_is_not_there_counts_as_nothing():
    """A process may end at any time."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert processes.cpu_seconds(process.pid) == 0
    assert processes.memory_mb(process.pid) == 0


def test_children_start_on_the_cores_and_the_thread_gets_its_own_back():
    """Only what is started inside stays on the cores."""
    before = processes.available_cores()
    with processes.on_cores(before[:1]):
        child = subprocess.run(
            [sys.executable, "-c", "import os; print(*sorted(os.sched_getaffinity(0)))"],
            capture_output=True,
            text=True,
            check=True,
        )
    assert child.stdout.split() == [str(before[0])]
    assert processes.available_cores() == before
    with processes.on_cores(None):
        assert processes.available_cores() == before


def test_idle_is_when_the_work_is_done():
    """A process that works is waited for, and one that has ended is idle."""
    work = "import sys, time\nend = time.process_time() + 1\nwhile time.process_time() < end: pass\nsys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", work], stdin=subprocess.PIPE) as process:
        processes.wait_idle(process.pid)
        assert processes.cpu_seconds(process.pid) >= 1
        process.stdin.close()
    processes.wait_idle(process.pid)


def test_what_never_idles_is_not_waited_for_for_ever():
    """There is a time limit."""
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as process:
        processes.wait_idle(process.pid, timeout_s=0.3)
        process.kill()


def test_the_process_behind_a_port():
    """A listener of ours is found by its port; a port without one has nobody."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert processes.listening_process(port) == os.getpid()
    assert processes.listening_process(port) is None
