# SPDX-License-Identifier: Apache-2.0
"""How far a benchmark is: a bar that is redrawn on a terminal, plain lines anywhere else. Knows no results."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from fastfront._native.load import Counters

BAR = 24
LINE_S = 5.0
"""Seconds between two lines where there is no terminal."""
RATE_S = 1.0
"""Seconds over which the rate is taken: less would flicker."""


class ProgressBar:
    """One line for what runs now. `quiet`: nothing at all."""

    def __init__(self, stream: TextIO, *, quiet: bool = False) -> None:
        self._stream = stream
        self._quiet = quiet
        self._terminal = stream.isatty()
        self._title = ""
        self._last_line = 0.0
        self._mark = (0.0, 0)
        self._rate = 0.0

    def begin(self, title: str) -> None:
        """Another run begins."""
        self._title = title
        self._mark = (time.monotonic(), 0)
        self._rate = 0.0
        self._last_line = time.monotonic()
        if not self._terminal:
            self.say(title)
        else:
            self._draw(f"{title} …")

    def update(self, part: float, counters: Counters) -> None:
        """Show the part that is done, 0 to 1, and the totals."""
        now = time.monotonic()
        since, tokens = self._mark
        if now - since >= RATE_S:
            self._rate = (counters.tokens - tokens) / (now - since)
            self._mark = now, counters.tokens
        text = f"{counters.requests:,} done, {counters.in_flight:,} running, {self._rate:,.0f} tokens/s"
        if counters.errors:
            text += f", {counters.errors:,} errors"
        if self._terminal:
            full = int(part * BAR)
            self._draw(f"{self._title} [{'█' * full}{'·' * (BAR - full)}] {part:4.0%} {text}")
        elif now - self._last_line >= LINE_S:
            self._last_line = now
            self.say(f"{self._title}: {part:.0%}, {text}")

    def say(self, text: str) -> None:
        """Print a line that stays."""
        if not self._quiet:
            self.clear()
            print(text, file=self._stream, flush=True)

    def clear(self) -> None:
        """Take the bar away."""
        if self._terminal and not self._quiet:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def _draw(self, text: str) -> None:
        if not self._quiet:
            width = shutil.get_terminal_size((80, 24)).columns
            self._stream.write("\r\x1b[K" + text[: width - 1])
            self._stream.flush()
