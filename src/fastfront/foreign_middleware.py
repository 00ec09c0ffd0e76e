# SPDX-License-Identifier: Apache-2.0
"""Middleware of the operator's (--middleware): an ASGI class, or an `async def` with Starlette's two arguments.

Loaded and applied as vLLM's server does: the last that is named is the outermost. What it does is its own business;
here only that it sees every message. Source: vllm/entrypoints/serve/middleware/register.py (0.32).
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from fastfront._native.http import EXTENSION
from fastfront.errors import StartupError
from fastfront.output.asgi import ASGIApp, Receive, Scope, Send

Wrap = Callable[[ASGIApp], ASGIApp]


def load_middleware(path: str) -> Wrap:
    """Return what puts the middleware of that import path around an app. Raises StartupError with the reason."""
    module, _, name = path.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise StartupError(f"--middleware {path}: {error}") from None
    if inspect.isclass(found):
        make: Callable[..., Any] = found
        return lambda app: _made(path, make, app)
    if inspect.iscoroutinefunction(found):
        return lambda app: _made(path, _starlettes_http_middleware(path), app, dispatch=found)
    raise StartupError(f"--middleware {path}: invalid middleware. Must be a function or a class.")


def _made(path: str, make: Callable[..., Any], app: ASGIApp, **arguments: Any) -> ASGIApp:
    try:
        made: ASGIApp = make(app, **arguments)
    except TypeError as error:
        raise StartupError(f"--middleware {path}: {error}") from None
    return made


def _starlettes_http_middleware(path: str) -> Callable[..., Any]:
    try:
        module = importlib.import_module("starlette.middleware.base")
    except ImportError:
        raise StartupError(
            f"--middleware {path}: an `async def` takes Starlette's request and response, and Starlette is not "
            "installed (pip install starlette)"
        ) from None
    middleware: Callable[..., Any] = module.BaseHTTPMiddleware
    return middleware


class ThroughSendMiddleware:
    """Keep responses from going to the client's socket past `send`: somebody between wants to see them."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap the app with its middleware."""
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass the request on without the native way out."""
        extensions = scope.get("extensions")
        if extensions and EXTENSION in extensions:
            scope = {**scope, "extensions": {name: each for name, each in extensions.items() if name != EXTENSION}}
        return self._app(scope, receive, send)
