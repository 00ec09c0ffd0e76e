# SPDX-License-Identifier: Apache-2.0
"""The bound that Hypercorn's HTTP/2 means to put on what waits for a client, and does not.

Its StreamBuffer lets the sender go on when little was *taken* from the buffer, which is always so once the client's
window is empty: a client that does not read makes it grow without end. Must not know what is sent.
"""

from __future__ import annotations

import hypercorn.protocol.h2
from hypercorn.protocol.h2 import BUFFER_LOW_WATER, StreamBuffer


class BoundedStreamBuffer(StreamBuffer):
    """Lets the sender go on when little is *left*."""

    async def pop(self, max_length: int) -> bytes:
        """Take up to `max_length` bytes, 0 while the client's window is empty."""
        data = bytes(self.buffer[:max_length])
        del self.buffer[:max_length]
        if len(self.buffer) < BUFFER_LOW_WATER:
            await self._paused.set()
        if not self.buffer:
            await self._is_empty.set()
        return data


def bound_buffers() -> None:
    """Have Hypercorn use it in this process. For a process that is ours: a host's Hypercorn is the host's."""
    vars(hypercorn.protocol.h2)["StreamBuffer"] = BoundedStreamBuffer
