# SPDX-License-Identifier: Apache-2.0
"""GET /metrics: Prometheus text of this frontend's own registry."""

from __future__ import annotations

from fastfront.frontend import Frontend
from fastfront.output.asgi import Receive, Scope, Send
from fastfront.routes.handler import Routes
from fastfront.routes.http import send_response


async def metrics(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Answer the metrics in the text format, also while starting, draining or when the engine is dead."""
    content_type, body = frontend.metrics.render()
    return await send_response(scope, send, 200, body, content_type)


ROUTES: Routes = {"/metrics": {"GET": metrics}}
