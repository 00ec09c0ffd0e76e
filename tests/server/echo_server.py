# SPDX-License-Identifier: Apache-2.0
"""A small ASGI app behind the compiled HTTP/1.1 protocol, on real sockets, and clients that send what they are told."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import hypercorn.config

from fastfront._native.http import HttpProtocol
from fastfront.server.connections import Connections, serve

DEADLINE = 30.0
App = Callable[[Any, Any, Any], Awaitable[None]]


async def read_body(receive: Any) -> bytes | None:
    """Return a request's body, or None if the client left inside it."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message["body"])
        if not message["more_body"]:
            return b"".join(parts)


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answer with what was asked; /stream answers in pieces."""
    body = await read_body(receive)
    if body is None:
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    if scope["path"] == "/stream":
        for piece in (b"one", b"", b"two"):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return
    answer = b"%s %s?%s %d" % (scope["method"].encode(), scope["path"].encode(), scope["query_string"], len(body))
    await send({"type": "http.response.body", "body": answer})


@asynccontextmanager
async def server(app: App = echo, **limits: Any) -> AsyncIterator[tuple[Connections, int]]:
    """Serve an app on a port of the kernel's choice; `limits` are attributes of Hypercorn's configuration."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    listener.setblocking(False)
    config = hypercorn.config.Config()
    config.h11_max_incomplete_size = 4096
    for name, value in limits.items():
        setattr(config, name, value)

    async def hypercorn_app(scope: Any, receive: Any, send: Any, *_: Any) -> None:
        await app(scope, receive, send)

    connections = Connections(app, hypercorn_app, config, max_headers=20)  # type: ignore[arg-type]
    closing = asyncio.Event()
    task = asyncio.create_task(serve(connections, listener, backlog=16, closing=closing.wait, grace=1.0))
    try:
        yield connections, listener.getsockname()[1]
    finally:
        closing.set()
        await asyncio.wait_for(task, DEADLINE)


async def exchange(port: int, data: bytes) -> bytes:
    """Send bytes and return all that comes until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    try:
        return await asyncio.wait_for(reader.read(), DEADLINE)
    finally:
        writer.close()


def statuses(answer: bytes) -> list[int]:
    """Return the status of every response in what a server has sent."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


class Noticing(HttpProtocol):
    """The protocol, and an event for whoever waits until it has read something."""

    def __init__(self, connections: Connections) -> None:
        super().__init__(connections)
        self.received = 0
        self.changed = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self.received += len(data)
        self.changed.set()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.changed.set()


async def connect(connections: Connections) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, Noticing]:
    """Return a client's two sides of a connection, and the server's protocol on it."""
    ours, theirs = socket.socketpair()
    _, protocol = await connections.loop.connect_accepted_socket(lambda: Noticing(connections), theirs)
    return *(await asyncio.open_connection(sock=ours)), protocol


async def trickle(connections: Connections, data: bytes, step: int) -> bytes:
    """Like `exchange`, but the server reads exactly `step` bytes at a time: each piece waits until the last was read.

    Ends early where the server stops reading. A client that only writes piece by piece is read in one go.
    """
    reader, writer, protocol = await connect(connections)
    sent = 0
    while sent < len(data) and not protocol.closed and protocol.waiting_for != "close":
        protocol.changed.clear()
        writer.write(data[sent : sent + step])
        sent += len(data[sent : sent + step])
        while protocol.received < sent and not protocol.closed:
            await asyncio.wait_for(protocol.changed.wait(), DEADLINE)
            protocol.changed.clear()
    try:
        return await asyncio.wait_for(reader.read(), DEADLINE)
    finally:
        writer.close()
