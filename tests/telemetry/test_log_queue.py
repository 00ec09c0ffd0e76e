# SPDX-License-Identifier: Apache-2.0
"""Work for the log: in order, on a thread of its own, and never more of it than the bound."""

from __future__ import annotations

import threading

from fastfront.telemetry.log_queue import LogQueue


def test_jobs_are_done_in_order_on_another_thread():
    """close() waits for them."""
    queue, done = LogQueue(), []
    for number in range(100):
        queue.put(lambda number=number: done.append((number, threading.get_ident())))
    queue.close()
    assert [number for number, _ in done] == list(range(100))
    assert {thread for _, thread in done} != {threading.get_ident()}


def test_a_full_queue_drops_and_counts(caplog):
    """Whoever answers requests does not wait; the log says once that lines are missing."""
    queue, go, done = LogQueue(limit=2), threading.Event(), []
    begun = threading.Event()
    queue.put(lambda: (begun.set(), go.wait()))
    assert begun.wait(10)
    for number in range(5):
        queue.put(done.append, number)
    go.set()
    queue.close()
    assert done == [0, 1]
    assert queue.dropped == 3
    assert len(caplog.messages) == 1


def test_a_job_that_fails_does_not_end_the_thread(caplog):
    """It is told, and the next is done."""
    queue, done = LogQueue(), []
    queue.put(lambda: 1 / 0)
    queue.put(done.append, 1)
    queue.close()
    assert done == [1]
    assert caplog.messages == ["A line of the log could not be made"]


def test_it_starts_again_after_the_end():
    """A host may run the same app twice."""
    queue, done = LogQueue(), []
    for number in (1, 2):
        queue.put(done.append, number)
        queue.close()
    queue.close()
    assert done == [1, 2]
