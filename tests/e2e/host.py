# SPDX-License-Identifier: Apache-2.0
"""The app under a server that writes its responses through ASGI, as a process: `python host.py WAY FD OPTIONS`.

WAY is "mailbox" (fastfront's own protocol, its extension refused), "uvicorn" or "hypercorn" (as they come; TLS and
HTTP/2 if OPTIONS names a certificate). FD is a listening socket, OPTIONS the JSON of `create_app`'s arguments.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys

import hypercorn.asyncio
import hypercorn.config
import uvicorn
import uvloop

import fastfront
from fastfront.server.connections import Connections, serve

READY = "Ready after start-up"


def announced(app):
    """Wrap an app so that its process says when the lifespan has started it."""

    async def wrapped(scope, receive, send):
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return

        async def announce(message):
            await send(message)
            if message["type"] == "lifespan.startup.complete":
                print(READY, file=sys.stderr, flush=True)

        await app(scope, receive, announce)

    return wrapped


async def run_mailbox(app, listener):
    """Serve with the compiled protocol; the app never sees the socket extension."""

    async def without_extension(scope, receive, send):
        await app({**scope, "extensions": {}}, receive, send)

    async def hypercorn_app(scope, receive, send, sync_spawn, call_soon):
        await app(scope, receive, send)

    await app.frontend.start()
    print(READY, file=sys.stderr, flush=True)
    connections = Connections(without_extension, hypercorn_app, hypercorn.config.Config(), max_headers=100)
    await serve(connections, listener, backlog=128, closing=asyncio.Event().wait, grace=1.0)


async def run_uvicorn(app, listener):
    """Serve with Uvicorn on httptools."""
    config = uvicorn.Config(announced(app), http="httptools", lifespan="on", log_config=None)
    await uvicorn.Server(config).serve(sockets=[listener])


async def run_hypercorn(app, listener, certificate):
    """Serve with Hypercorn, over TLS."""
    config = hypercorn.config.Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.keyfile, config.certfile = certificate
    await hypercorn.asyncio.serve(announced(app), config)


def main():
    way, fd, options = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
    listener = socket.socket(fileno=fd)
    listener.setblocking(False)
    certificate = options.pop("certificate")
    app = fastfront.create_app(**options)
    if way == "hypercorn":
        asyncio.run(run_hypercorn(app, listener, certificate))
    else:
        run = {"mailbox": run_mailbox, "uvicorn": run_uvicorn}[way]
        loop = uvloop.new_event_loop()
        loop.run_until_complete(run(app, listener))


if __name__ == "__main__":
    main()
