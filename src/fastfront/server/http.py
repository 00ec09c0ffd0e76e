# SPDX-License-Identifier: Apache-2.0
"""Hypercorn as the host: its configuration from ours, its log into ours, and the app as its worker calls it.

Hypercorn keeps connections, HTTP/1.1, HTTP/2 and TLS. It installs no signal handlers here and runs no lifespan of the
app: both are `server.run`'s, because the port is open while the engine still loads.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from typing import TYPE_CHECKING, Any, ClassVar, cast

import hypercorn.config

from fastfront.errors import StartupError
from fastfront.server.http2 import bound_buffers
from fastfront.server.refresh import RefreshedConfig

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, ResponseSummary, Scope, WWWScope

    from fastfront._native.http import Exchange
    from fastfront.app import App
    from fastfront.config import Config
    from fastfront.output.asgi import Receive, Send
    from fastfront.output.asgi import Scope as ASGIScope

logger = logging.getLogger(__name__)
access_logger = logging.getLogger("fastfront.access")

CLOSE_GRACE = 2.0
"""Seconds that open connections get to send what they have when the server closes."""


class HypercornLog:
    """Hypercorn's messages, in our log."""

    silent: ClassVar[frozenset[str]] = frozenset()
    """Paths whose requests are not logged."""

    def __init__(self, config: hypercorn.config.Config) -> None:
        self._access = config.accesslog is not None

    async def access(self, request: WWWScope, response: ResponseSummary | None, request_time: float) -> None:
        """Log a request, if the access log is on."""
        if not self._access or request["type"] != "http" or request["path"] in self.silent:
            return
        _write_access(cast("dict[str, Any]", request), response["status"] if response is not None else 0, request_time)

    async def critical(self, message: str, *args: Any, **kwargs: Any) -> None:
        logger.critical(message, *args, **kwargs)

    async def error(self, message: str, *args: Any, **kwargs: Any) -> None:
        logger.error(message, *args, **kwargs)

    async def warning(self, message: str, *args: Any, **kwargs: Any) -> None:
        logger.warning(message, *args, **kwargs)

    async def info(self, message: str, *args: Any, **kwargs: Any) -> None:
        logger.debug(message, *args, **kwargs)

    async def debug(self, message: str, *args: Any, **kwargs: Any) -> None:
        logger.debug(message, *args, **kwargs)

    async def exception(self, message: str, *args: Any, **kwargs: Any) -> None:
        # Hypercorn calls it while it handles the exception.
        kwargs.setdefault("exc_info", True)
        logger.error(message, *args, **kwargs)


def access_log_of(config: Config) -> Callable[[Exchange], None] | None:
    """Return what logs a response of the compiled protocol; None: there is no access log."""
    if not has_access_log(config):
        return None
    silent = _silent_paths(config)

    def log_access(exchange: Exchange) -> None:
        scope = exchange.scope
        if scope["path"] not in silent:
            _write_access(scope, exchange.status, asyncio.get_running_loop().time() - exchange.started)

    return log_access


def has_access_log(config: Config) -> bool:
    """Whether requests are logged."""
    return config.enable_access_log and not config.disable_uvicorn_access_log


def _silent_paths(config: Config) -> frozenset[str]:
    paths = (config.disable_access_log_for_endpoints or "").split(",")
    return frozenset(path.strip() for path in paths if path.strip())


def _write_access(scope: dict[str, Any], status: int, seconds: float) -> None:
    client = scope.get("client")
    host = f"{client[0]}:{client[1]}" if client else "-"
    path = scope.get("raw_path", b"").decode("ascii", "replace")
    access_logger.info('%s "%s %s" %s %.3f s', host, scope["method"], path, status or "-", seconds)


class WorkerApp:
    """The app in the form that Hypercorn's worker calls; answers the lifespan in the app's place."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(
        self,
        scope: Scope,
        receive: ASGIReceiveCallable,
        send: ASGISendCallable,
        sync_spawn: Callable[..., Any],
        call_soon: Callable[..., Any],
    ) -> None:
        """Serve one scope."""
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        await self._app(cast("ASGIScope", scope), cast("Receive", receive), cast("Send", send))


def hypercorn_config(config: Config) -> hypercorn.config.Config:
    """Return Hypercorn's configuration. Raises StartupError if the TLS files cannot be used."""
    bound_buffers()
    theirs = RefreshedConfig() if config.enable_ssl_refresh else hypercorn.config.Config()
    theirs.logger_class = cast("Any", type("Log", (HypercornLog,), {"silent": _silent_paths(config)}))
    theirs.accesslog = access_logger if has_access_log(config) else None
    theirs.backlog = config.backlog
    theirs.root_path = config.root_path
    theirs.keep_alive_timeout = config.http_timeout_keep_alive
    theirs.keep_alive_max_requests = 2**62  # a busy client's connection is no worse for being old
    theirs.h11_max_incomplete_size = config.h11_max_incomplete_event_size
    theirs.graceful_timeout = CLOSE_GRACE
    theirs.include_server_header = False
    if config.ssl_keyfile is not None:
        theirs.keyfile = config.ssl_keyfile
        theirs.certfile = config.ssl_certfile
        theirs.ca_certs = config.ssl_ca_certs
        if config.ssl_cert_reqs:
            theirs.verify_mode = ssl.VerifyMode(config.ssl_cert_reqs)
        if config.ssl_ciphers is not None:
            theirs.ciphers = config.ssl_ciphers
        try:
            theirs.create_ssl_context()
        except (OSError, ValueError) as error:
            # ssl.SSLError is an OSError; its own text names no file.
            files = ", ".join(filter(None, (config.ssl_keyfile, config.ssl_certfile, config.ssl_ca_certs)))
            raise StartupError(f"cannot use the TLS options ({files}): {error}") from None
    return theirs
