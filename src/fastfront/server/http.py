# SPDX-License-Identifier: Apache-2.0
"""Hypercorn as the host: its configuration from ours, its log into ours, and the app as its worker calls it.

Hypercorn keeps connections, HTTP/1.1, HTTP/2 and TLS. It installs no signal handlers here and runs no lifespan of the
app: both are `server.run`'s, because the port is open while the engine still loads.
"""

from __future__ import annotations

import logging
import ssl
from typing import TYPE_CHECKING, Any, cast

import hypercorn.config

from fastfront.errors import StartupError
from fastfront.server.http2 import bound_buffers
from fastfront.server.refresh import RefreshedConfig

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, ResponseSummary, Scope, WWWScope

    from fastfront.app import App
    from fastfront.config import Config
    from fastfront.output.asgi import Receive, Send
    from fastfront.output.asgi import Scope as ASGIScope
    from fastfront.telemetry.access_log import AccessLog

logger = logging.getLogger(__name__)

CLOSE_GRACE = 2.0
"""Seconds that open connections get to send what they have when the server closes."""


class HypercornLog:
    """Hypercorn's messages, in our log."""

    def __init__(self, config: hypercorn.config.Config) -> None:
        self._access = cast("AccessLog | None", config.accesslog)

    async def access(self, request: WWWScope, response: ResponseSummary | None, request_time: float) -> None:
        """Log a request, if the access log is on."""
        if self._access is not None and request["type"] == "http":
            self._access.note(cast("dict[str, Any]", request), response["status"] if response is not None else 0)

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


def hypercorn_config(config: Config, access_log: AccessLog | None = None) -> hypercorn.config.Config:
    """Return Hypercorn's configuration. `access_log` is for the connections that it serves.

    Raises StartupError if the TLS files cannot be used.
    """
    bound_buffers()
    theirs = RefreshedConfig() if config.enable_ssl_refresh else hypercorn.config.Config()
    theirs.logger_class = cast("Any", HypercornLog)
    theirs.accesslog = cast("Any", access_log)
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
