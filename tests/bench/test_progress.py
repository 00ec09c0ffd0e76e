# SPDX-License-Identifier: Apache-2.0
"""Progress: a bar on a terminal, plain lines elsewhere, nothing if told so."""

from __future__ import annotations

import io

import pytest

from fastfront._native.load import Counters
from fastfront.bench import progress
from fastfront.bench.progress import ProgressBar


class Terminal(io.StringIO):
    def isatty(self):
        return True


COUNTERS = Counters(requests=1200, errors=3, tokens=5000, in_flight=64)


def test_a_terminal_gets_one_line_that_is_redrawn():
    """No line feed until something stays; the bar shows part, totals and errors."""
    stream = Terminal()
    bar = ProgressBar(stream)
    bar.begin("stream64")
    bar.update(0.5, COUNTERS)
    assert "\n" not in stream.getvalue()
    assert "50%" in stream.getvalue()
    bar.say("done")
    assert stream.getvalue().endswith("\r\x1b[Kdone\n")


def test_elsewhere_lines_come_now_and_then(monkeypatch):
    """A log gets the title, and a line every few seconds, without control characters."""
    stream = io.StringIO()
    bar = ProgressBar(stream)
    bar.begin("stream64")
    bar.update(0.2, COUNTERS)
    assert stream.getvalue() == "stream64\n"
    monkeypatch.setattr(progress, "LINE_S", 0.0)
    bar.update(0.5, COUNTERS)
    assert "stream64: 50%, 1,200 done, 64 running, 0 tokens/s, 3 errors\n" in stream.getvalue()
    monkeypatch.setattr(progress, "RATE_S", 0.0)
    bar.update(0.6, COUNTERS)
    assert " 0 tokens/s" not in stream.getvalue().splitlines()[-1]
    assert "\r" not in stream.getvalue()


@pytest.mark.parametrize("stream", [Terminal(), io.StringIO()])
def test_quiet_is_quiet(stream):
    """--quiet prints nothing anywhere."""
    bar = ProgressBar(stream, quiet=True)
    bar.begin("x")
    bar.update(1.0, COUNTERS)
    bar.say("y")
    bar.clear()
    assert stream.getvalue() == ""
