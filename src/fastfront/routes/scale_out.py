# SPDX-License-Identifier: Apache-2.0
"""The routes of servers that share the work on a request (--enable-scale-out, --tokens-only): what all have in common.

Without the switch vLLM answers them, too: 403, with the switch's name. Source: vllm/entrypoints/scale_out/factories.py
and token_in_token_out/api_router.py (0.32).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from fastfront.errors import NotImplementedYetError, PermissionDeniedError, SchemaError
from fastfront.frontend import Frontend
from fastfront.output.asgi import Receive, Scope, Send
from fastfront.routes.handler import Handler, Routes
from fastfront.routes.http import check_json_content_type, send_response
from fastfront.routes.parameters import object_of

DISABLED = "Scale-out endpoints are disabled. Restart vllm serve with --enable-scale-out to enable them."


class AbortRequest(msgspec.Struct):
    request_ids: list[str]


def request_ids_of(body: Mapping[str, Any]) -> list[str]:
    """Return the ids that a body names, one or a list; none if there are none. Raises SchemaError for what is no id."""
    ids = body.get("request_ids") or []
    ids = [ids] if isinstance(ids, str) else ids
    if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
        raise SchemaError("'request_ids' must be a list of request ids")
    return ids


async def abort_requests(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """End requests by their ids, as aborted. Ids that are none are passed over."""
    body = await object_of(frontend, scope, receive, invalid="JSON decode error: {error}")
    if body.get("request_ids") is None:
        raise SchemaError("Missing 'request_ids' in request body")
    ids = request_ids_of(body)
    frontend.check_started()
    if ids:
        frontend.engine.abort_requests(ids)
    return await send_response(scope, send, 200)


async def disabled(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Refuse: the operator has not asked for these routes."""
    raise PermissionDeniedError(DISABLED)


def unsupported(what: str) -> Handler:
    """Return the handler of a route that vLLM serves for other models than this."""

    async def handler(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
        check_json_content_type(scope)
        raise NotImplementedYetError(f"The model does not support {what}")

    handler.__doc__ = f"Refuse: {what} is for other models."
    return handler


ROUTES: Routes = {
    "/inference/v1/abort_requests": {"POST": abort_requests},
    "/v1/messages/render": {"POST": unsupported("Messages Render API")},
    "/v1/responses/render": {"POST": unsupported("Responses Render API")},
}
TOKENS_ONLY_ROUTES: Routes = {"/abort_requests": {"POST": abort_requests}}
