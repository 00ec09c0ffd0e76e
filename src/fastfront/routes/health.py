# SPDX-License-Identifier: Apache-2.0
"""GET /health, GET and POST /ping, GET /version, GET /load: what probes and load balancers ask. No I/O, no waiting."""

from __future__ import annotations

import msgspec

from fastfront.frontend import Frontend
from fastfront.output.asgi import Receive, Scope, Send
from fastfront.routes.handler import Routes
from fastfront.routes.http import send_json, send_response


async def health(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Answer 200 while requests are taken, 503 while starting, draining or when the engine is dead; no body."""
    return await send_response(scope, send, 200 if frontend.is_ready else 503)


async def version(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Answer the version of the vLLM engine, which is what clients of vLLM's server expect here."""
    return await send_json(scope, send, 200, msgspec.json.encode({"version": frontend.engine_version}))


async def load(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Answer the number of generation requests under way."""
    return await send_json(scope, send, 200, msgspec.json.encode({"server_load": frontend.open_requests}))


ROUTES: Routes = {
    "/health": {"GET": health},
    "/ping": {"GET": health, "POST": health},
    "/load": {"GET": load},
    "/version": {"GET": version},
}
