# SPDX-License-Identifier: Apache-2.0
"""Many fastfronts in one process, each with an embedded engine of its own: `python host.py SERVERS`.

SERVERS is JSON: pairs of a listening socket's descriptor and `create_app`'s arguments. Each serves as `fastfront serve`
does, with the compiled protocol, the lanes, and the pump writing to the sockets; one process for all is what makes that
cheap. Says READY on stdout. The engines end with it.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import Coroutine
from typing import Any

import uvloop

import fastfront
from fastfront.server.connections import Connections, serve
from fastfront.server.http import WorkerApp, hypercorn_config

READY = "Ready after start-up"


async def _start(fd: int, options: dict[str, Any]) -> Coroutine[Any, Any, None]:
    """Start one; returns what serves it."""
    app = fastfront.create_app(**options)
    config = app.frontend.config
    await app.frontend.start()
    app.open_lanes()
    http = hypercorn_config(config, None)
    connections = Connections(app, WorkerApp(app), http, max_headers=config.h11_max_header_count, lanes=app.lanes)
    listener = socket.socket(fileno=fd)
    listener.setblocking(False)
    return serve(connections, listener, backlog=config.backlog, closing=asyncio.Event().wait, grace=0.0)


async def main(servers: list[tuple[int, dict[str, Any]]]) -> None:
    """Start all of them at once, then serve until killed."""
    serving = await asyncio.gather(*(_start(fd, options) for fd, options in servers))
    print(READY, flush=True)
    await asyncio.gather(*serving)


if __name__ == "__main__":
    uvloop.run(main(json.loads(sys.argv[1])))
