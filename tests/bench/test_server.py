# SPDX-License-Identifier: Apache-2.0
"""A frontend under test: up with its engine, gone with everything it started, and shown if it does not start."""

from __future__ import annotations

import sys

import pytest

from fastfront.bench import probe
from fastfront.bench.frontends import Frontend, Pace, find
from fastfront.bench.options import parse
from fastfront.bench.server import serving
from fastfront.errors import StartupError
from fastfront.sim import MODEL_PATH
from tests.server.processes import is_alive


@pytest.mark.e2e
def test_up_and_gone():
    """Inside it is healthy and has its engine; behind it both processes are gone."""
    with serving(find("fastfront", parse([])), str(MODEL_PATH), Pace(1.0), None, None) as server:
        assert probe.is_healthy(server.target)
        assert is_alive(server.pid)
        assert is_alive(server.engine_pid)
        assert 0 < server.ready_s <= server.settled_s + 1
        assert server.idle_mb > 1
    assert not is_alive(server.pid)
    assert not is_alive(server.engine_pid)


def frontend(script, **options):
    return Frontend(
        "broken", "0", lambda model, sockets: [sys.executable, "-c", script, str(sockets.port_file)], **options
    )


@pytest.mark.parametrize("listens_itself", [False, True])
def test_one_that_dies_shows_its_last_lines(listens_itself):
    """The reason is what the program printed."""
    broken = frontend("raise SystemExit('no such model')", listens_itself=listens_itself)
    with pytest.raises(StartupError, match=r"broken did not become healthy(.|\n)*no such model"):
        serving(broken, str(MODEL_PATH), Pace(1.0), None, None).__enter__()


def test_one_that_never_answers_is_given_up():
    """There is a time limit, with and without a port that was told."""
    for script in ("input()", "import sys; open(sys.argv[1], 'w').write('1')"):
        silent = frontend(script + "; import signal; signal.pause()", listens_itself=True, start_timeout_s=0.3)
        with pytest.raises(StartupError, match="did not become healthy"):
            serving(silent, str(MODEL_PATH), Pace(1.0), None, None).__enter__()


def test_a_program_that_cannot_be_run_is_told():
    """A command that is none is an error of its own."""
    missing = Frontend("missing", "0", lambda model, sockets: ["/no/such/program"])
    with pytest.raises(StartupError, match="/no/such/program cannot be run"):
        serving(missing, str(MODEL_PATH), Pace(1.0), None, None).__enter__()
