# SPDX-License-Identifier: Apache-2.0
"""What all cleartext HTTP/1.1 connections share: the app, the limits, the clock, the log, and where upgrades go.

The protocol itself is compiled (`_native/http.pyx`). Hypercorn keeps what is not HTTP/1.1: HTTP/2 (prior knowledge or
upgrade) and WebSocket connections are handed to it with the bytes that have come. Must not know fastfront's routes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from email.utils import formatdate
from typing import TYPE_CHECKING

from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.worker_context import WorkerContext

from fastfront._native.http import Exchange, HttpProtocol, head_of, make_read_buffer
from fastfront.errors import BadRequestError, FastFrontError

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable, Sequence

    import hypercorn.config

    from fastfront.output.asgi import ASGIApp
    from fastfront.server.http import WorkerApp
    from fastfront.telemetry.access_log import AccessLog

    Lane = Callable[[Exchange, bytes], bool]

logger = logging.getLogger(__name__)

SWEEP_INTERVAL = 0.5
"""Seconds between two looks for connections that have waited too long: one timer for all of them."""

HEAD_TIMEOUT = 20.0
"""Seconds for a request's head, from its first byte."""

BODY_TIMEOUT = 60.0
"""Seconds that a client may pause inside a request's body."""

LINGER_TIMEOUT = 2.0
"""Seconds for a client to stop sending after the response that closes the connection."""

BACKLOG_LIMIT = 1 << 20
"""Bytes of one stream that may wait for its reader beyond what the kernel's buffer holds (a few thousand tokens)."""

LANE_BODY_LIMIT = 1 << 20
"""Bytes of a body that are gathered for a lane; a larger one goes to the app, which reads it as it comes."""

REFUSALS: dict[int, str] = {
    400: "This is no valid HTTP request.",
    408: "The request did not arrive in time. Send it whole, or send at least some of it at a time.",
    429: "Too many requests at once on one connection: wait for answers before you send more.",
    431: "The request's headers are too large or too many.",
    500: "Internal server error",
    501: "The only transfer-encoding of a request body that is understood is chunked.",
}


class _RefusedError(BadRequestError):
    """What a broken HTTP request gets."""

    def __init__(self, status: int) -> None:
        super().__init__(REFUSALS[status])
        self.status = status
        if status == 500:
            self.type = FastFrontError.type


class Connections:
    """The state that compiled connections share. Attributes without a docstring are the protocol's business."""

    def __init__(
        self,
        app: ASGIApp,
        hypercorn_app: WorkerApp,
        config: hypercorn.config.Config,
        *,
        max_headers: int,
        access_log: AccessLog | None = None,
        lanes: dict[bytes, Lane] | None = None,
    ) -> None:
        """Serve `app`; `hypercorn_app` is the same for connections that Hypercorn takes over.

        `lanes`: by raw path, who is offered a POST before the app. A lane is called with the exchange and its whole
        body; it returns False, having done nothing, for what it leaves to the app. It may be filled later.

        `config` gives keep-alive and limits, `access_log` hears of every response.
        """
        self.loop = asyncio.get_running_loop()
        self.app = app
        self.root_path = config.root_path
        self.max_head_bytes = config.h11_max_incomplete_size
        self.max_headers = max_headers
        self.lanes = {} if lanes is None else lanes
        self.lane_limit = LANE_BODY_LIMIT
        self.read_buffer = make_read_buffer()
        self.backlog_limit = BACKLOG_LIMIT
        self.closing = False
        self.date = b""
        self._hypercorn_app = hypercorn_app
        self._config = config
        self._context = WorkerContext(None)
        self._access_log = access_log
        self._open: set[HttpProtocol] = set()
        self._taken_over: set[asyncio.Task[None]] = set()
        self._quiet = asyncio.Event()
        self._heads: dict[tuple[object, ...], tuple[bytes, bytes]] = {}
        self._limits = {
            "request": config.keep_alive_timeout,
            "head": HEAD_TIMEOUT,
            "body": BODY_TIMEOUT,
            "close": LINGER_TIMEOUT,
        }
        self._sweeper = self.loop.call_soon(self._sweep)

    # -- called by the protocol

    def opened(self, connection: HttpProtocol) -> None:
        """A client has connected."""
        self._open.add(connection)

    def lost(self, connection: HttpProtocol) -> None:
        """A connection is closed, or no longer ours."""
        self._open.discard(connection)
        self._note_quiet()

    def answered(self, exchange: Exchange) -> None:
        """A response is complete."""
        if self._access_log is not None:
            self._access_log.note(exchange.scope, exchange.status)

    def heads(
        self,
        headers: tuple[tuple[bytes, bytes], ...],
        stream: bool,
        keep_alive: bool,
        extra: Sequence[tuple[bytes, bytes]],
    ) -> tuple[bytes, bytes]:
        """Return the heads of a successful response that the pump writes: the stream's, and that of a whole body.

        The stream's (empty unless `stream`) ends with its empty line, the other where the content-length goes. Both
        stay the same for a second.
        """
        key = (headers, stream, keep_alive)
        found = self._heads.get(key) if not extra else None
        if found is None:
            close = () if keep_alive else ((b"connection", b"close"),)
            whole = head_of(200, [(b"content-type", b"application/json"), *extra, *close], self.date)
            framing = (b"transfer-encoding", b"chunked")
            streaming = head_of(200, [*headers, *extra, framing, *close], self.date + b"\r\n") if stream else b""
            found = (streaming, whole)
            if not extra:  # request-id headers differ in every response: they need no cache
                self._heads[key] = found
        return found

    def error_body(self, status: int) -> bytes:
        """Return the JSON body for a request that was refused before the app saw it."""
        return _RefusedError(status).to_json()

    def log_exception(self, what: str, error: BaseException) -> None:
        """Log a failure of the app."""
        logger.error("%s", what, exc_info=error)

    def take_over(self, transport: asyncio.Transport, data: bytes) -> None:
        """Let Hypercorn serve a connection from its first byte on."""
        reader = asyncio.StreamReader(loop=self.loop)
        protocol = asyncio.StreamReaderProtocol(reader, self._serve_with_hypercorn, loop=self.loop)
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        transport.resume_reading()
        reader.feed_data(data)

    async def _serve_with_hypercorn(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:  # always: StreamReaderProtocol makes one
            self._taken_over.add(task)
            task.add_done_callback(self._given_up)
        await TCPServer(self._hypercorn_app, self.loop, self._config, self._context, {}, reader, writer)

    def _given_up(self, task: asyncio.Task[None]) -> None:
        self._taken_over.discard(task)
        self._note_quiet()

    def _note_quiet(self) -> None:
        if self.closing and not self._open and not self._taken_over:
            self._quiet.set()

    # -- the clock

    def _sweep(self) -> None:
        """Once in a while: renew the date, close what has waited too long."""
        date = b"date: " + formatdate(usegmt=True).encode() + b"\r\n"
        if date != self.date:
            self.date = date
            self._heads.clear()
        now = self.loop.time()
        late = [c for c in self._open if now - c.waiting_since > self._limits.get(c.waiting_for, float("inf"))]
        for connection in late:
            connection.time_out()
        self._sweeper = self.loop.call_later(SWEEP_INTERVAL, self._sweep)

    # -- the end

    async def close(self, grace: float) -> None:
        """Close idle connections now, the others with their responses, all of them after `grace` seconds."""
        self.closing = True
        await self._context.terminated.set()
        for connection in list(self._open):
            connection.close_idle()
        self._note_quiet()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._quiet.wait(), grace)
        for connection in list(self._open):
            connection.abort()
        for task in list(self._taken_over):
            task.cancel()
        self._sweeper.cancel()


async def serve(
    connections: Connections,
    listener: socket.socket,
    *,
    backlog: int,
    closing: Callable[[], Awaitable[object]],
    grace: float,
) -> None:
    """Accept connections on a listening socket until `closing` returns, then close them."""
    server = await connections.loop.create_server(lambda: HttpProtocol(connections), sock=listener, backlog=backlog)
    try:
        await closing()
    finally:
        server.close()
        await connections.close(grace)
