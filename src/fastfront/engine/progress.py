# SPDX-License-Identifier: Apache-2.0
"""What the user sees while an engine loads: the engine's log, and one line that says what it is doing and since when.

On a terminal that line is rewritten in place, below the log; elsewhere it is printed anew every few seconds. Knows what
vLLM's log lines look like (0.32), and nothing of processes or clocks: the caller says when to look again.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable

QUIET_INTERVAL = 5.0
"""Seconds between two progress lines where there is no terminal."""

CLEAR_LINE = "\r\x1b[K"

_PHASES = [
    (re.compile(pattern), phase)
    for pattern, phase in (
        (r"Resolved architecture", "reading the model's configuration"),
        (r"Launching \d+ data parallel engine", "starting the engine process"),
        (r"Initializing a V1 LLM engine", "initializing the engine"),
        (r"Fetching \d+ files: +(?P<percent>\d+)%", "downloading the model"),
        (r"(?:Downloading|Waiting for .* to finish downloading)", "downloading the model"),
        (r"Starting to load model", "loading the model"),
        (r"Loading .*checkpoint shards: +(?P<percent>\d+)%", "loading the weights"),
        (r"Loading weights took|Model loading took", "preparing the model"),
        (r"Dynamo bytecode transform|Compiling a graph|Start compiling", "compiling the model"),
        (r"Available KV cache memory|KV cache size:", "allocating the KV cache"),
        (r"Capturing CUDA graphs.*?: +(?P<percent>\d+)%", "capturing CUDA graphs"),
        (r"Graph capturing finished|init engine \(", "almost ready"),
    )
]


def recognize(line: str) -> tuple[str, int | None] | None:
    """Return (phase, percent done, if the line says so), or None for a line that tells no progress."""
    for pattern, phase in _PHASES:
        match = pattern.search(line)
        if match is not None:
            percent = match.groupdict().get("percent")
            return phase, int(percent) if percent is not None else None
    return None


class Progress:
    """The display of one start. Feed it `line`s, call `tick` now and then, and `end` when the start is over."""

    def __init__(
        self,
        stream: TextIO,
        *,
        title: str,
        prefix: str = "",
        show_log: bool = True,
        show_progress: bool = True,
        terminal: bool | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.phase = "starting"
        self.percent: int | None = None
        self._stream = stream
        self._title = title
        self._prefix = prefix
        self._show_log = show_log
        self._terminal = stream.isatty() if terminal is None else terminal
        self._clock = clock
        self._begun = self._said_at = clock()
        self._active = show_progress
        self._drawn = False

    def line(self, text: str) -> None:
        """Take a line of the engine's log."""
        found = recognize(text) if self._active else None
        if found is not None:
            self.phase, self.percent = found
        if self._show_log:
            self._clear()
            self._write(f"{self._prefix}{text}\n")
        self.tick()

    def tick(self) -> None:
        """Bring the progress line up to date, if it is due."""
        if not self._active:
            return
        if self._terminal:
            self._write(f"{CLEAR_LINE}{self.status()}")
            self._drawn = True
        elif self._clock() - self._said_at >= QUIET_INTERVAL:
            self._said_at = self._clock()
            self._write(f"{self.status()}\n")

    def status(self) -> str:
        """Return the progress line."""
        percent = f" {self.percent} %" if self.percent is not None else ""
        return f"{self._title}: {self.phase}{percent} ({self._clock() - self._begun:.0f} s)"

    def end(self, outcome: str | None = None) -> None:
        """Stop showing progress; `outcome` is the last word on it. The log goes on."""
        if self._active:
            self._active = False
            self._clear()
            if outcome is not None:
                self._write(f"{self._title}: {outcome} ({self._clock() - self._begun:.0f} s)\n")

    def _clear(self) -> None:
        if self._drawn:
            self._write(CLEAR_LINE)
            self._drawn = False

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            self._show_log = self._active = False  # nobody reads it any more; the engine matters more
