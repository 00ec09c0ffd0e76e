# SPDX-License-Identifier: Apache-2.0
"""POST /scale_elastic_ep and /is_scaling_elastic_ep, for a deployment whose number of engines is fixed, as ours is.

Source: vllm/entrypoints/serve/elastic_ep/api_router.py (0.32). Scaling needs vLLM's own client of Ray's engines.
"""

from __future__ import annotations

import msgspec

from fastfront.errors import NotImplementedYetError, SchemaError
from fastfront.frontend import Frontend
from fastfront.output.asgi import Receive, Scope, Send
from fastfront.routes.handler import Routes
from fastfront.routes.http import check_json_content_type, send_json
from fastfront.routes.parameters import object_of


class ScaleElasticEpRequest(msgspec.Struct):
    """`drain_timeout` in seconds: how long running requests may take."""

    new_data_parallel_size: int
    drain_timeout: int = 120


async def scale_elastic_ep(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Change nothing: answer 200 for the number of engines that there are, 501 for any other."""
    check_json_content_type(scope)
    body = await object_of(frontend, scope, receive, invalid="Invalid JSON format")
    size = body.get("new_data_parallel_size")
    if size is None:
        raise SchemaError("new_data_parallel_size is required")
    for name in ("new_data_parallel_size", "drain_timeout"):
        number = body.get(name, 120)
        if not isinstance(number, int) or number <= 0:
            raise SchemaError(f"{name} must be a positive integer")
    if size != frontend.config.data_parallel_size:
        raise NotImplementedYetError("The number of this deployment's engines is fixed: it cannot be scaled.")
    return await send_json(
        scope, send, 200, msgspec.json.encode({"message": f"Scaled to {size} data parallel engines"})
    )


async def is_scaling_elastic_ep(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Answer no."""
    return await send_json(scope, send, 200, b'{"is_scaling_elastic_ep":false}')


ROUTES: Routes = {
    "/scale_elastic_ep": {"POST": scale_elastic_ep},
    "/is_scaling_elastic_ep": {"POST": is_scaling_elastic_ep},
}
