# SPDX-License-Identifier: Apache-2.0
"""The life of fastfront's own process: listen, load, serve, drain, exit.

The socket listens and /health answers (503) from the first moment; the engine loads beside that. The first SIGTERM or
SIGINT drains, the second ends at once. A dead engine ends the process with its reason, once the open streams have sent
theirs. Must not know what a request is.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypercorn.asyncio.run import worker_serve
from hypercorn.config import Sockets

from fastfront.errors import StartupError
from fastfront.server.connections import Connections, serve
from fastfront.server.http import CLOSE_GRACE, WorkerApp, hypercorn_config
from fastfront.server.listen import describe, raise_file_limit
from fastfront.server.refresh import RefreshedConfig

if TYPE_CHECKING:
    import socket
    from collections.abc import Coroutine, Iterator

    from fastfront.app import App
    from fastfront.config import Config

logger = logging.getLogger(__name__)

EXIT_OK = 0
EXIT_FAILED = 1

GC_THRESHOLDS = (20_000, 20, 100)
"""Allocations between collections of the young generation, and how many of those make an older one. In our own process
only: a host app's collector is the host's."""

SWITCH_INTERVAL = 0.0005
"""Seconds that a thread may keep the GIL while another waits for it; Python's 5 ms would be a gap that clients see. In
our own process only, as above."""

SIGNALS = (signal.SIGTERM, signal.SIGINT)


def run(app: App, config: Config, listener: socket.socket, *, show_example: bool = False) -> int:
    """Serve the app on a bound socket until the process is told to end. Returns the exit status."""
    import uvloop

    raise_file_limit()
    sys.setswitchinterval(SWITCH_INTERVAL)
    return int(uvloop.run(_Server(app, config, listener, show_example=show_example).serve()))


class _Server:
    def __init__(self, app: App, config: Config, listener: socket.socket, *, show_example: bool) -> None:
        self._app = app
        self._frontend = app.frontend
        self._config = config
        self._listener = listener
        self._access_log = app.frontend.observability.access_log()
        self._http_config = hypercorn_config(config, self._access_log)
        self._show_example = show_example
        self._url = describe(listener, secure=config.ssl_keyfile is not None)
        self._signals: list[int] = []
        self._first_signal = asyncio.Event()
        self._second_signal = asyncio.Event()
        self._closing = asyncio.Event()

    async def serve(self) -> int:
        """Run until the end. Returns the exit status."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_on_loop_exception)
        http = loop.create_task(self._serve_http())
        with self._signal_handlers(loop):
            try:
                status = await self._live(http)
            except StartupError as error:
                # No traceback: the sentence is meant for the reader.
                logger.critical("Cannot start: %s", error)
                status = EXIT_FAILED
            except Exception:
                logger.exception("The server has failed")
                status = EXIT_FAILED
            await self._unless_forced(self._close(http))
            await self._unless_forced(self._frontend.stop())
        return status

    async def _serve_http(self) -> None:
        """Serve connections until told to close: cleartext with the compiled protocol, TLS with Hypercorn's."""
        app = WorkerApp(self._app)
        if self._http_config.ssl_enabled:
            sockets = Sockets([self._listener], [], [])
            async with contextlib.AsyncExitStack() as stack:
                if isinstance(self._http_config, RefreshedConfig):
                    await stack.enter_async_context(self._task(self._http_config.refresh()))
                await worker_serve(app, self._http_config, sockets=sockets, shutdown_trigger=self._closing.wait)
            return
        connections = Connections(
            self._app,
            app,
            self._http_config,
            max_headers=self._config.h11_max_header_count,
            access_log=self._access_log,
            lanes=self._app.lanes,
        )
        backlog = self._config.backlog
        await serve(connections, self._listener, backlog=backlog, closing=self._closing.wait, grace=CLOSE_GRACE)

    # -- Phases

    async def _live(self, http: asyncio.Task[None]) -> int:
        """Start, serve and drain. Returns the exit status."""
        async with self._task(self._frontend.start()) as start:
            if not await self._until(start, http):
                logger.info("Told to end while the engine was loading")
                return EXIT_OK
            await start
        self._app.open_lanes()
        self._say_ready()
        # What start-up has made stays: the collector need not look at it ever again.
        gc.collect()
        gc.freeze()
        # A request leaves no cycles behind, so the collector finds next to nothing: it may look less often.
        gc.set_threshold(*GC_THRESHOLDS)
        async with self._task(self._frontend.engine.dead_event.wait()) as dead:
            if await self._until(dead, http):
                return await self._after_death()
        await self._drain()
        return EXIT_OK

    async def _drain(self) -> None:
        timeout, running = self._config.shutdown_timeout, self._frontend.open_requests
        logger.info("Told to end: waiting up to %g s for %d running request%s", timeout, running, "s"[running == 1 :])
        await self._unless_forced(self._frontend.drain(timeout))

    async def _after_death(self) -> int:
        logger.critical("The engine has died: %s", self._frontend.engine.dead_reason)
        if self._config.keep_alive_on_engine_death:
            logger.warning("Staying up without an engine, as --keep-alive-on-engine-death asks")
            await self._first_signal.wait()
            return EXIT_OK
        return EXIT_FAILED

    async def _close(self, http: asyncio.Task[None]) -> None:
        """Close the listening socket and, when they have sent what they have, the connections."""
        self._closing.set()
        # Hypercorn keeps a limit of its own, but under Python 3.12 it first waits for connections without any.
        await asyncio.wait({http}, timeout=CLOSE_GRACE + 0.5)
        http.cancel()

    # -- Waiting

    @contextlib.asynccontextmanager
    async def _task(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine beside the body, and end it with the body."""
        task = asyncio.get_running_loop().create_task(coroutine)
        try:
            yield task
        finally:
            if not task.done():
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def _until(self, task: asyncio.Task[Any], http: asyncio.Task[None]) -> bool:
        """Wait for the task; return False if a signal came first. Raises if the HTTP server has failed."""
        async with self._task(self._first_signal.wait()) as signalled:
            await asyncio.wait({task, http, signalled}, return_when=asyncio.FIRST_COMPLETED)
        if http.done():
            http.result()
            raise StartupError("the HTTP server has ended")
        return task.done()

    async def _unless_forced(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine; end the process at once if the second signal comes meanwhile."""
        async with self._task(coroutine) as task, self._task(self._second_signal.wait()) as forced:
            await asyncio.wait({task, forced}, return_when=asyncio.FIRST_COMPLETED)
            if forced.done():
                logger.warning("Told again: ending at once")
                # Nothing may hold this up. The kernel tells a child process of ours that we are gone.
                os._exit(128 + self._signals[-1])
            await task

    # -- Signals

    @contextlib.contextmanager
    def _signal_handlers(self, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
        for number in SIGNALS:
            loop.add_signal_handler(number, self._on_signal, number)
        try:
            yield
        finally:
            for number in SIGNALS:
                loop.remove_signal_handler(number)

    def _on_signal(self, number: int) -> None:
        self._signals.append(number)
        (self._second_signal if self._first_signal.is_set() else self._first_signal).set()

    # -- Telling

    def _say_ready(self) -> None:
        names = self._frontend.model.names
        logger.info("Ready after %.1f s: %s serves %s", _process_age(), self._url, ", ".join(names))
        if self._show_example:
            address = f"--unix-socket {self._url[5:]} http://localhost" if self._url.startswith("unix:") else self._url
            logger.info(
                "Try: curl -N %s%s/v1/chat/completions -H 'Content-Type: application/json' -d "
                '\'{"model": "%s", "stream": true, "messages": [{"role": "user", "content": "Hello!"}]}\'',
                address,
                self._config.root_path,
                names[0],
            )


def _on_loop_exception(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    import ssl

    # A client that gives up a TLS handshake is no event.
    if not isinstance(context.get("exception"), (ssl.SSLError, ConnectionError)):
        loop.default_exception_handler(context)


def _process_age() -> float:
    """Return how long this process has been running: what somebody who started it has waited."""
    try:
        began = int(Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()[19])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - began / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, AttributeError):
        return time.process_time()
