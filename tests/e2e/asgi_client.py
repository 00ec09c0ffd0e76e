# SPDX-License-Identifier: Apache-2.0
"""A client of an app in this process, without sockets: for what depends on the config alone. Must not know routes."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import httpx

from fastfront.app import App
from fastfront.config import Config
from fastfront.frontend import Frontend


@contextlib.asynccontextmanager
async def asgi_client(config: Config) -> AsyncIterator[httpx.AsyncClient]:
    """Start a frontend, serve it to the client, and stop it in the end."""
    frontend = Frontend(config)
    try:
        await frontend.start()
        transport = httpx.ASGITransport(App(frontend))
        async with httpx.AsyncClient(transport=transport, base_url="http://x", timeout=30) as opened:
            yield opened
    finally:
        await frontend.stop()
