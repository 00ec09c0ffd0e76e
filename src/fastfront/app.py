# SPDX-License-Identifier: Apache-2.0
"""The ASGI application: lifespan, dispatch, errors to JSON, HTTP metrics.

Works under any ASGI server and below any path (root_path). Whatever a client sends, it gets an answer: FastFrontError
knows its status and body, anything else is logged and becomes a 500 that says nothing of the inside. Must not know
what a route does.
"""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from fastfront.config import Config
from fastfront.errors import FastFrontError, StartupError
from fastfront.foreign_middleware import ThroughSendMiddleware, load_middleware
from fastfront.frontend import Frontend
from fastfront.middleware import ApiKeyMiddleware, CORSMiddleware, RequestIdMiddleware, route_path
from fastfront.output.asgi import ASGIApp, ClientDisconnectedError, Receive, Scope, Send
from fastfront.output.stream import STATUS_CLIENT_CLOSED
from fastfront.routes.express import make_lanes
from fastfront.routes.handler import Handler
from fastfront.routes.http import CONTENT_LENGTH, content_length, get_header, send_error, send_json, send_response
from fastfront.routes.table import routes_of
from fastfront.telemetry.response_log import ResponseLogMiddleware

logger = logging.getLogger(__name__)

NO_HANDLER = "none"
"""What the metrics call a path that is no route, as vLLM's do: a label must not take values from clients."""

MAX_TRACEBACK_CHARS = 8192
"""An exception may carry a whole request in its message; the log gets its end and beginning."""


class App:
    """The ASGI callable around one Frontend.

    `app.frontend` is open to the host: `app.frontend.engine`, `await app.frontend.drain()`.
    """

    def __init__(self, frontend: Frontend | Config) -> None:
        """Take a Frontend, or a Config to make one of. Nothing starts before the lifespan (or `frontend.start()`)."""
        self.frontend = Frontend(frontend) if isinstance(frontend, Config) else frontend
        self.lanes: dict[bytes, Callable[[Any, bytes], bool]] = {}
        """By raw path, who is offered a POST before the app, under a server that knows of it; see `open_lanes`."""
        self.routes = routes_of(self.frontend.config)
        self._app = self._wrap(self.frontend.config)

    def _wrap(self, config: Config) -> ASGIApp:
        """Put the configured middleware around the routes, in vLLM's order: the request id outermost."""
        app: ASGIApp = self._dispatch
        if config.allowed_origins:
            app = CORSMiddleware(
                app,
                allow_origins=config.allowed_origins,
                allow_methods=config.allowed_methods,
                allow_headers=config.allowed_headers,
                allow_credentials=config.allow_credentials,
            )
        if config.api_key:
            app = ApiKeyMiddleware(app, config.api_key)
        if config.enable_request_id_headers:
            app = RequestIdMiddleware(app)
        if config.debug_log_api_server_response:
            app = ResponseLogMiddleware(app, lambda: self.frontend.observability.queue)
        for path in config.middleware:
            app = load_middleware(path)(app)
        return ThroughSendMiddleware(app) if config.middleware else app

    def open_lanes(self) -> None:
        """Let ordinary requests take the express lanes from now on. To be called on the loop, once it is ready."""
        config = self.frontend.config
        if config.allowed_origins or config.enable_request_id_headers or config.middleware:
            return  # every answer needs headers of its own, or has to pass through somebody's hands
        if not self.frontend.admission.is_open:
            return  # every request is counted first
        if self.frontend.observability.watches_requests or config.debug_log_api_server_response:
            return  # every request has something to tell
        keys = ApiKeyMiddleware(self, config.api_key) if config.api_key else None
        lanes = make_lanes(self.frontend, asyncio.get_running_loop(), None if keys is None else keys.accepts)
        for prefix in {"", config.root_path.rstrip("/")}:
            self.lanes.update({(prefix + path).encode(): lane for path, lane in lanes.items()})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        await self._app(scope, receive, send)

    def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        # No coroutine of its own: every token resumes all that lie between the server and the stream.
        kind = scope["type"]
        if kind == "http":
            return self._http(scope, receive, send)
        if kind == "lifespan":
            return self._lifespan(receive, send)
        if kind == "websocket":
            return self._refuse_websocket(receive, send)
        raise NotImplementedError(f"fastfront serves no ASGI scope of type {kind!r}")

    async def _refuse_websocket(self, receive: Receive, send: Send) -> None:
        """Close before accepting, which is ASGI's way to refuse: the client sees 403."""
        await receive()
        await send({"type": "websocket.close", "code": 1000, "reason": ""})

    # -- HTTP

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        path = route_path(scope)
        methods = self.routes.get(path)
        status = 500
        try:
            handler = None if methods is None else methods.get(scope["method"])
            if handler is not None:
                status = await handler(self.frontend, scope, receive, send)
            else:
                status = await self._no_handler(path, methods, scope, send)
        except FastFrontError as error:
            if self.frontend.config.log_error_stack:
                log_exception(f"Exception caught. Request id: {get_header(scope, b'x-request-id')}", error)
            status = await send_error(scope, send, error)
        except ClientDisconnectedError:
            status = STATUS_CLIENT_CLOSED
        except Exception as error:
            log_exception(f"{scope['method'][:20]} {path[:200]!r} failed", error)
            try:
                await send_error(scope, send, FastFrontError("Internal server error"))
            except Exception:
                # The response had begun. The server closes the connection of an application that raises.
                raise error from None
        finally:
            handler_name = path if handler is not None or status == 307 else NO_HANDLER
            seconds, answered = time.perf_counter() - started, scope.get(CONTENT_LENGTH, 0)
            self.frontend.metrics.http.observe(
                handler_name, scope["method"], status, seconds, content_length(scope), answered
            )

    async def _no_handler(self, path: str, methods: dict[str, Handler] | None, scope: Scope, send: Send) -> int:
        if methods is not None:
            allow = (b"allow", ", ".join(sorted(methods)).encode())
            return await send_json(scope, send, 405, b'{"detail":"Method Not Allowed"}', (allow,))
        if path.endswith("/") and path[:-1] in self.routes:
            # Relative, unlike Starlette's: right behind a proxy that ends TLS, and no Host header to trust.
            target = quote(scope["path"].rstrip("/"), safe="/").encode()
            query = scope.get("query_string", b"")
            location = target + b"?" + query if query else target
            return await send_response(scope, send, 307, headers=((b"location", location),))
        return await send_json(scope, send, 404, b'{"detail":"Not Found"}')

    # -- Lifespan

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self.frontend.start()
        except Exception as error:
            if isinstance(error, StartupError):
                message = str(error)
            else:
                log_exception("The server cannot start", error)
                message = f"{type(error).__name__}: {error}"
            await self.frontend.stop()
            await send({"type": "lifespan.startup.failed", "message": message})
            return
        except BaseException:
            # Cancelled while the engine loads: leave no process behind.
            await self.frontend.stop()
            raise
        await send({"type": "lifespan.startup.complete"})
        await receive()
        try:
            await self.frontend.stop()
        except Exception as error:
            log_exception("The server did not stop cleanly", error)
            await send({"type": "lifespan.shutdown.failed", "message": f"{type(error).__name__}: {error}"})
            return
        await send({"type": "lifespan.shutdown.complete"})


def log_exception(what: str, error: BaseException) -> None:
    """Log an unexpected exception with its traceback, bounded in size whatever it carries."""
    text = "".join(traceback.format_exception(type(error), error, error.__traceback__, limit=-20))
    if len(text) > MAX_TRACEBACK_CHARS:
        half = MAX_TRACEBACK_CHARS // 2
        text = f"{text[:half]}\n[... {len(text) - 2 * half} characters left out ...]\n{text[-half:]}"
    logger.error("%s\n%s", what, text.rstrip())
