# SPDX-License-Identifier: Apache-2.0
"""Work for the log, done on a thread of its own: whoever answers requests neither formats a line nor waits for a pipe.

What waits is bounded; beyond that it is dropped and counted. Must not know what is logged.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue

logger = logging.getLogger(__name__)

MAX_WAITING = 10_000
"""Jobs that may wait for the thread: some seconds of a busy server's access log."""

CLOSE_TIMEOUT = 1.0
"""Seconds that close() waits for what is left."""

Job = tuple[Callable[..., object], tuple[object, ...]]


class LogQueue:
    """Functions to call in order on one thread, which starts with the first of them."""

    def __init__(self, limit: int = MAX_WAITING) -> None:
        """Hold at most `limit` jobs."""
        self.dropped = 0
        """Jobs that found the queue full."""
        self._limit = limit
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._dropping = False

    def put(self, function: Callable[..., object], *arguments: object) -> None:
        """Have the thread call `function(*arguments)`. From one thread only."""
        if self._jobs.qsize() >= self._limit:
            self.dropped += 1
            if not self._dropping:
                logger.warning("The log cannot be written as fast as lines come: some are left out")
            self._dropping = True
            return
        self._dropping = False
        self._jobs.put((function, arguments))
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="fastfront-log", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Do what is left, for a second at most, and end the thread. It starts again with the next job."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._jobs.put(None)
            thread.join(CLOSE_TIMEOUT)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            function, arguments = job
            try:
                function(*arguments)
            except Exception:
                logger.exception("A line of the log could not be made")
