# SPDX-License-Identifier: Apache-2.0
"""Comments for silent streams, so that proxies do not take them for dead.

Source: vllm/entrypoints/serve/utils/sse_keep_alive.py. One timer per stream, which looks when it could be time. Must
not know where the bytes go.
"""

from __future__ import annotations

import asyncio
import time
import weakref
from typing import Protocol

from fastfront._native.pump import Response


class Pump(Protocol):
    """What is needed of `_native.pump.Pump`."""

    def keep_alive(self, response: Response, interval: float) -> float:
        """Write the comment if it is time; return when to look again, -1.0 for never."""
        ...


def keep_alive(pump: Pump, response: Response, interval: float) -> None:
    """Give the stream a comment whenever it has been silent for `interval` seconds; 0: never."""
    if not interval:
        return
    loop = asyncio.get_running_loop()
    reference = weakref.ref(response)

    def look() -> None:
        watched = reference()
        due = -1.0 if watched is None else pump.keep_alive(watched, interval)
        if due >= 0.0:
            loop.call_later(max(due - time.time(), 0.001), look)

    loop.call_later(interval, look)
