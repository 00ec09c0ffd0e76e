# SPDX-License-Identifier: Apache-2.0
"""Work that no request waits for: one thread, a short queue, and pauses so that requests go first.

The thread holds the GIL while it works, so it works in slices and sleeps in between; it exists only while there is
work. Must not know what the work is.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

logger = logging.getLogger(__name__)

_SLICE = 0.0002
"""Seconds of work between two pauses."""


class Pace:
    """Pauses in a thread, so that it takes no more than a share of the time; share 1: none."""

    def __init__(self, share: float) -> None:
        self._rest_per_work = (1 - share) / share
        self._begin = time.perf_counter()

    def rest(self) -> None:
        """Pause, if it is time to."""
        taken = time.perf_counter() - self._begin
        if taken > _SLICE and self._rest_per_work:
            time.sleep(taken * self._rest_per_work)
            self._begin = time.perf_counter()

    def through(self, items: Iterable[Any]) -> Iterator[Any]:
        """Pass the items on, with pauses between them."""
        for item in items:
            yield item
            self.rest()


class Background:
    """Runs jobs one after the other. Thread-safe; never blocks who submits."""

    def __init__(self, name: str, *, max_waiting: int, share: float) -> None:
        """Take the thread's name, how many jobs may wait, and which share of the time they may take."""
        self._name = name
        self._max_waiting = max_waiting
        self._share = share
        self._changed = threading.Condition()
        self._waiting: dict[object, Callable[[Pace], None]] = {}
        self._is_running = False

    def submit(self, key: object, job: Callable[[Pace], None]) -> None:
        """Let the job run soon. It is let go if too many wait, or one with the same key."""
        with self._changed:
            if key in self._waiting or len(self._waiting) >= self._max_waiting:
                return
            self._waiting[key] = job
            if self._is_running:
                return
            self._is_running = True
        try:
            threading.Thread(target=self._run, name=self._name, daemon=True).start()
        except RuntimeError as error:  # no more threads, or the interpreter is ending
            logger.debug("%s: %s", self._name, error)
            with self._changed:
                self._waiting.clear()
                self._is_running = False

    def settle(self, timeout: float) -> bool:
        """Wait until no job is left. False: it took longer than `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._is_running, timeout)

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._waiting:
                    self._is_running = False
                    self._changed.notify_all()
                    return
                job = self._waiting.pop(next(iter(self._waiting)))
            try:
                job(Pace(self._share))
            except Exception:
                logger.exception("%s: a job failed", self._name)
