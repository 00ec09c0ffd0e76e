# SPDX-License-Identifier: Apache-2.0
"""POST /invocations (SageMaker): a chat or a completion, whichever the body is.

Source: vllm/entrypoints/serve/sagemaker/api_router.py (0.32), without the headers and sessions of SageMaker's own
container package. Not under /v1: API keys do not guard it, as in vLLM.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from fastfront.errors import BadRequestError, SchemaError
from fastfront.frontend import DECODE_OFF_LOOP_BYTES, Frontend
from fastfront.output.asgi import Message, Receive, Scope, Send
from fastfront.protocol.body import load_json
from fastfront.protocol.chat import decode_chat_completion_request
from fastfront.protocol.completions import decode_completion_request
from fastfront.protocol.decode import OutOfRangeError
from fastfront.routes.chat_completions import chat_completions
from fastfront.routes.completions import completions
from fastfront.routes.handler import Handler, Routes
from fastfront.routes.http import check_json_content_type, read_body

KINDS: tuple[tuple[Callable[[bytes], object], Handler], ...] = (
    (decode_chat_completion_request, chat_completions),
    (decode_completion_request, completions),
)
"""In the order in which they are tried."""


async def invocations(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Answer as the first endpoint whose schema the body fits."""
    check_json_content_type(scope)
    frontend.check_open()
    body = await read_body(scope, receive, frontend.config.max_request_body_size)
    if len(body) <= DECODE_OFF_LOOP_BYTES:
        handler = find_handler(body)
    else:
        handler = await asyncio.get_running_loop().run_in_executor(frontend.pool, find_handler, body)
    return await handler(frontend, scope, replayed(body, receive), send)


def find_handler(body: bytes) -> Handler:
    """Return who answers the body, or raise the error to answer."""
    for decode, handler in KINDS:
        try:
            decode(body)
        except SchemaError:
            continue
        except OutOfRangeError:
            pass  # it fits: whose it is says so, where it looks at values
        return handler
    load_json(body, _refuse)
    names = ["ChatCompletionRequest", "CompletionRequest"]
    raise BadRequestError(f"Cannot find suitable handler for request. Expected one of: {names}")


def _refuse(error: json.JSONDecodeError) -> SchemaError:
    return SchemaError(f"JSON decode error: {error}")


def replayed(body: bytes, receive: Receive) -> Receive:
    """Return a receive() that gives a body that was read once more."""
    given = False

    async def receive_again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again


ROUTES: Routes = {"/invocations": {"POST": invocations}}
