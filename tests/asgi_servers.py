# SPDX-License-Identifier: Apache-2.0
"""Uvicorn and Hypercorn in the test's own loop, for apps that fastfront is mounted in."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import hypercorn.config
import uvicorn
from hypercorn.asyncio.run import worker_serve
from hypercorn.utils import wrap_app

Running = Callable[[Any], contextlib.AbstractAsyncContextManager[httpx.AsyncClient]]


class HostFailedError(Exception):
    """The host's server ended before it served."""


@contextlib.asynccontextmanager
async def on_uvicorn(app: Any, root_path: str = "") -> AsyncIterator[httpx.AsyncClient]:
    """Serve an app with Uvicorn; yields a client of it."""
    config = uvicorn.Config(app, lifespan="on", log_config=None, timeout_keep_alive=1, root_path=root_path)
    server = uvicorn.Server(config)
    # The test's process keeps its own signal handlers.
    server.capture_signals = contextlib.nullcontext
    with _listener() as listener:
        task = asyncio.create_task(_uvicorn_serve(server, listener))

        def stop() -> None:
            server.should_exit = True

        async with _client(listener, task, stop) as client:
            yield client


async def _uvicorn_serve(server: uvicorn.Server, listener: socket.socket) -> None:
    try:
        await server.serve(sockets=[listener])
    except SystemExit as error:
        # A failed start-up ends Uvicorn's process; here it would end the test run.
        raise HostFailedError(f"exit status {error.code}") from None


@contextlib.asynccontextmanager
async def on_hypercorn(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Serve an app with Hypercorn; yields a client of it."""
    config = hypercorn.config.Config()
    config.graceful_timeout = 1
    stopped = asyncio.Event()
    with _listener() as listener:
        sockets = hypercorn.config.Sockets([], [listener], [])
        wrapped = wrap_app(app, 2**20, "asgi")
        task = asyncio.create_task(worker_serve(wrapped, config, sockets=sockets, shutdown_trigger=stopped.wait))
        async with _client(listener, task, stopped.set) as client:
            yield client


def _listener() -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    listener.setblocking(False)
    return listener


@contextlib.asynccontextmanager
async def _client(
    listener: socket.socket, task: asyncio.Task[None], stop: Callable[[], None]
) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client once the server answers; stop the server afterwards. Raises HostFailedError if it never does."""
    base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with httpx.AsyncClient(base_url=base_url, timeout=30) as client:
        # The socket listens already: the first request waits in its queue for the server.
        first = asyncio.create_task(client.get("/is-there-anybody"))
        await asyncio.wait({first, task}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            raise HostFailedError from task.exception()
        await first
        try:
            yield client
        finally:
            stop()
            await task
