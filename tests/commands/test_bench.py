# SPDX-License-Identifier: Apache-2.0
"""`fastfront bench` as a process: it takes what it has started with it."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.server.processes import DEADLINE, children, environment, is_alive, wait_until

COMMAND = [sys.executable, "-m", "fastfront", "bench", "--frontends", "fastfront", "--duration", "60"]


@pytest.fixture
def interruptible():
    """Let children be interrupted, even where a shell has started the tests in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.e2e
@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_told_to_stop_it_leaves_nothing_behind(number, status):
    """Frontend and engine end with it, whichever signal it gets."""
    with subprocess.Popen(COMMAND, env=environment(), stderr=subprocess.PIPE, text=True) as process:
        started = wait_until(lambda: both(children(process.pid)), "a frontend and an engine")
        process.send_signal(number)
        assert process.wait(DEADLINE) == status
    wait_until(lambda: not any(map(is_alive, started)), "the end of what it started")


def both(commands):
    """Return the processes once frontend and engine are among them."""
    named = [any(name in command for command in commands.values()) for name in ("fastfront frontend", "fastfront.sim")]
    return list(commands) if all(named) else []
