# SPDX-License-Identifier: Apache-2.0
"""What the embedded engine waits for: its sockets, the clock, signals, and the life of the process that started it.

Everything that can wake the engine goes through one poll, so that it stops at once whatever it is waiting for. Takes
the process's signal handlers: only for a process of its own, on its main thread.
"""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import zmq

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class StopRequestedError(Exception):
    """The engine is to end in good order. `silently`: without a word to the frontends about their requests."""

    def __init__(self, reason: str, *, silently: bool = False) -> None:
        super().__init__(reason)
        self.silently = silently


class Watch:
    """One poll over sockets, signals and the lifeline (the reading end of a pipe that the parent holds open)."""

    def __init__(self, lifeline: int | None = None, on_signal: Mapping[int, Callable[[], None]] | None = None) -> None:
        self._poller = zmq.Poller()
        self._on_signal = dict(on_signal or {})
        self._lifeline = lifeline
        self._signals, wakeup = os.pipe()
        for fd in (self._signals, wakeup):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, *self._on_signal):
            signal.signal(number, lambda *_: None)  # the wakeup descriptor says which one it was
        self._poller.register(self._signals, zmq.POLLIN)
        if lifeline is not None:
            self._poller.register(lifeline, zmq.POLLIN)

    def register(self, socket: zmq.Socket[bytes]) -> None:
        """Wait for messages on this socket, too."""
        self._poller.register(socket, zmq.POLLIN)

    def unregister(self, socket: zmq.Socket[bytes]) -> None:
        """Wait for it no more."""
        self._poller.unregister(socket)

    def wait(self, timeout_s: float | None) -> list[zmq.Socket[bytes]]:
        """Return the sockets that have messages, none after the timeout. Raises StopRequestedError."""
        milliseconds = None if timeout_s is None else int(timeout_s * 1000)
        events = self._poller.poll(milliseconds)
        if not events and timeout_s and not milliseconds:
            time.sleep(timeout_s)  # less than a millisecond, which poll cannot wait for
        ready: list[zmq.Socket[bytes]] = []
        for item, _ in events:
            if item == self._signals:
                self._take_signals()
            elif item == self._lifeline:
                self._check_lifeline()
            else:
                ready.append(item)
        return ready

    def pause(self, seconds: float) -> None:
        """Wait for time to pass and nothing else; register no sockets before. Raises StopRequestedError."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.wait(left)

    def _take_signals(self) -> None:
        for number in os.read(self._signals, 64):
            if number in (signal.SIGTERM, signal.SIGINT):
                raise StopRequestedError(signal.Signals(number).name)
            self._on_signal.get(number, lambda: None)()

    def _check_lifeline(self) -> None:
        if self._lifeline is not None and not os.read(self._lifeline, 4096):
            raise StopRequestedError("the process that started this engine is gone", silently=True)
