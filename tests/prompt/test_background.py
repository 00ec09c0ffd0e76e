# SPDX-License-Identifier: Apache-2.0
"""Jobs run one after the other in a thread that exists while there is work."""

from __future__ import annotations

import logging
import threading
import time

import pytest

from fastfront.prompt.background import Background, Pace


def background(max_waiting: int = 8) -> Background:
    return Background("test-background", max_waiting=max_waiting, share=0.5)


def test_jobs_run_in_order_in_one_thread() -> None:
    """Each ends before the next begins."""
    jobs, seen = background(), []
    go_on = threading.Event()
    jobs.submit("first", lambda _: seen.append((go_on.wait(60), threading.current_thread())))
    for number in range(5):
        jobs.submit(number, lambda _, number=number: seen.append((number, threading.current_thread())))
    go_on.set()
    assert jobs.settle(60)
    assert [what for what, _ in seen] == [True, 0, 1, 2, 3, 4]
    assert len({thread for _, thread in seen}) == 1
    seen[0][1].join(60)
    assert not seen[0][1].is_alive()


def test_what_is_too_much_or_waits_already_is_let_go() -> None:
    """Who submits never waits."""
    jobs, seen = background(max_waiting=2), []
    busy, go_on = threading.Event(), threading.Event()
    jobs.submit("first", lambda _: (busy.set(), go_on.wait(60)))
    assert busy.wait(60)
    for key in ("a", "a", "b", "c"):
        jobs.submit(key, lambda _, key=key: seen.append(key))
    assert not jobs.settle(0)
    go_on.set()
    assert jobs.settle(60)
    assert seen == ["a", "b"]


def test_a_job_that_fails_is_logged_and_the_next_runs(caplog: pytest.LogCaptureFixture) -> None:
    """The thread goes on."""
    caplog.set_level(logging.ERROR)
    jobs, seen = background(), []
    go_on = threading.Event()
    jobs.submit("wait", lambda _: go_on.wait(60))
    jobs.submit("fail", lambda _: 1 / 0)
    jobs.submit("next", lambda _: seen.append("next"))
    go_on.set()
    assert jobs.settle(60)
    assert seen == ["next"]
    assert "test-background: a job failed" in caplog.text


def test_without_threads_left_jobs_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the next one may have more luck."""
    jobs, seen = background(), []

    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        jobs.submit("a", lambda _: seen.append("a"))
    assert jobs.settle(0)
    jobs.submit("a", lambda _: seen.append("again"))
    assert jobs.settle(60)
    assert seen == ["again"]


def test_pauses_are_as_long_as_the_share_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quarter of the time: three times as long as the work before."""
    now, pauses = [0.0], []
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(time, "sleep", pauses.append)
    pace, hurried = Pace(0.25), Pace(1)
    for _ in pace.through(range(3)):
        now[0] += 0.001
    pace.rest()
    now[0] += 0.0001
    pace.rest()
    hurried.rest()
    assert pauses == pytest.approx([0.003] * 3)
