# SPDX-License-Identifier: Apache-2.0
"""The socket that requests leave on: a native ROUTER on the event loop.

ZeroMQ's protocol without libzmq: what a turn of the loop sends leaves with one system call, from the loop thread, and
no other thread of ours is woken up for it. Knows peers by their identity; nothing of what the messages mean.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

from fastfront._native.zmtp import EVENT_LOST, EVENT_MESSAGE, Router
from fastfront.engine.listeners import address_of

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

logger = logging.getLogger(__name__)

MAX_MESSAGE_BYTES = 1024**2
"""Engines send nothing but small registration messages here; whoever sends more is no engine."""


class EngineInput:
    """A listening ROUTER that says which peer sent a message and which peer's connection has gone.

    `on_message(identity, body)` gets messages of one frame; anything else is not from an engine and is dropped.
    `on_lost(identity)` is called once per connection on which a peer has spoken, after all that it said, or when the
    peer has come back on another connection. The listening socket is closed with this.
    """

    def __init__(
        self,
        listener: socket.socket,
        *,
        on_message: Callable[[bytes, bytes], object],
        on_lost: Callable[[bytes], object],
    ) -> None:
        self.address = address_of(listener)
        """Where peers connect to, with the port that the kernel chose."""
        self._listener = listener
        self._on_message = on_message
        self._on_lost = on_lost
        self._router = Router(listener.fileno(), max_message_bytes=MAX_MESSAGE_BYTES)
        self._queue = self._router.queue
        self._loop: asyncio.AbstractEventLoop | None = None
        self._drained: asyncio.Future[None] | None = None
        self._closed = False
        self._flush_scheduled = False

    def send(self, identity: bytes, kind: bytes, payload: bytes, further: tuple[bytes, ...] = ()) -> None:
        """Send a message when this turn of the loop ends, together with what else it sends, in one system call.

        When many wait, or a large one, they leave before; so does one with `further` frames. Never blocks; raises
        OSError if no such peer is connected.
        """
        if further:
            self._router.send_frames(identity, (kind, payload, *further))
            return
        self._queue(identity, kind, payload)
        if not self._flush_scheduled and self._loop is not None:
            self._flush_scheduled = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_scheduled = False
        self._router.flush()

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take peers and what they say."""
        self._loop = loop
        loop.add_reader(self._router.fileno(), self.poll)

    def poll(self) -> None:
        """Take some of what has come."""
        if self._closed:
            return
        for kind, identity, body in self._router.poll():
            if self._is_closed():
                return  # one of them led to the end of this socket
            if kind == EVENT_MESSAGE:
                self._on_message(identity, body)
            elif kind == EVENT_LOST:
                self._on_lost(identity)
            else:
                logger.warning("sent a peer of the engines' input socket away: %s", identity.decode())
        if self._is_closed():
            return
        if self._drained is not None and not self._drained.done() and self._router.backlog == 0:
            self._drained.set_result(None)
        if self._router.pending and self._loop is not None:
            self._loop.call_soon(self.poll)

    def _is_closed(self) -> bool:
        return self._closed

    async def drain(self, timeout: float) -> None:
        """Wait until the kernel has everything that was sent, for at most `timeout` seconds."""
        self._router.flush()
        self.poll()  # what a peer said and nobody read would make TCP throw away what it has not got yet
        if self._router.backlog == 0:
            return
        self._drained = asyncio.get_running_loop().create_future()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._drained, timeout)

    def close(self) -> None:
        """Close everything. Idempotent."""
        if self._closed:
            return
        self._closed = True
        if self._loop is not None:
            self._loop.remove_reader(self._router.fileno())
        self._router.close()
        self._listener.close()
