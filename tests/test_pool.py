# SPDX-License-Identifier: Apache-2.0
"""The prompt pool: its size follows the container's quota, its queue has an end."""

from __future__ import annotations

import math
import os
import threading

import pytest

from fastfront.errors import ServiceUnavailableError
from fastfront.pool import PromptPool, available_cpus, pool_size, writer_threads

AFFINITY = len(os.sched_getaffinity(0))


def write(root, path, text):
    """Make a file of a pretended /proc or /sys."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_quota_of_cgroup_v2(tmp_path):
    """`cpu.max` holds quota and period."""
    write(tmp_path, "proc/self/cgroup", "0::/pod/box\n")
    write(tmp_path, "sys/fs/cgroup/pod/box/cpu.max", "50000 100000\n")
    assert available_cpus(tmp_path) == 0.5


def test_parents_quota_counts(tmp_path):
    """A pod's limit binds its containers."""
    write(tmp_path, "proc/self/cgroup", "0::/pod/box\n")
    write(tmp_path, "sys/fs/cgroup/pod/box/cpu.max", "max 100000\n")
    write(tmp_path, "sys/fs/cgroup/pod/cpu.max", "25000 100000\n")
    assert available_cpus(tmp_path) == 0.25


def test_group_that_is_not_visible_falls_back_to_the_mounts_root(tmp_path):
    """Inside a container /proc names the host's path, and the mount's root is the container's own group."""
    write(tmp_path, "proc/self/cgroup", "0::/kubepods/burstable/pod123\n")
    write(tmp_path, "sys/fs/cgroup/cpu.max", "75000 100000\n")
    assert available_cpus(tmp_path) == 0.75


def test_quota_of_cgroup_v1(tmp_path):
    """Two files, and -1 for none."""
    write(tmp_path, "proc/self/cgroup", "5:cpu,cpuacct:/box\n4:memory:/box\n")
    write(tmp_path, "sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "20000")
    write(tmp_path, "sys/fs/cgroup/cpu/box/cpu.cfs_period_us", "100000")
    write(tmp_path, "sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1")
    assert available_cpus(tmp_path) == 0.2


@pytest.mark.parametrize("content", ["max 100000", "", "nonsense", "1 0"])
def test_no_quota_means_the_affinity_mask(tmp_path, content):
    """Unlimited, unreadable and absurd files are no limit."""
    write(tmp_path, "proc/self/cgroup", "0::/\n")
    write(tmp_path, "sys/fs/cgroup/cpu.max", content)
    assert available_cpus(tmp_path) == AFFINITY
    assert available_cpus(tmp_path / "nothing") == AFFINITY


@pytest.mark.parametrize(("cpus", "threads"), [(0.5, 1), (1, 1), (2, 1), (4, 2), (7.9, 3), (64, 8), (math.inf, 8)])
def test_half_the_cpus(cpus, threads):
    """The rest is for the loop and the pump; there is always one thread and never a crowd."""
    assert pool_size(min(cpus, 1000)) == threads


@pytest.mark.parametrize(("cpus", "threads"), [(0.5, 0), (2, 0), (3.9, 0), (4, 1), (6, 2), (64, 3), (math.inf, 3)])
def test_writers_beside_the_pump(cpus, threads):
    """None on a small machine, where they would only take the loop's time; never a crowd."""
    assert writer_threads(min(cpus, 1000)) == threads


def test_full_queue_refuses():
    """Work beyond the bound is a 503, and place is free again when some is done."""
    pool, gate = PromptPool(threads=1, max_queued=2), threading.Event()
    running = threading.Event()
    first = pool.submit(lambda: (running.set(), gate.wait()))
    assert running.wait(5)
    waiting = [pool.submit(int) for _ in range(2)]
    assert pool.waiting == 2
    with pytest.raises(ServiceUnavailableError):
        pool.submit(int)
    gate.set()
    for future in (first, *waiting):
        future.result(5)
    assert pool.submit(int).result(5) == 0
    pool.shutdown()
