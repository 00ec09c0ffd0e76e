# SPDX-License-Identifier: Apache-2.0
"""POST .../render and .../derender: what is before and behind an engine that sees only token ids.

/render answers the bodies for /inference/v1/generate; /derender makes its answers into chat completions and
completions. Source: vllm/entrypoints/scale_out/render and derender (0.32).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from fastfront.errors import BadRequestError
from fastfront.frontend import Frontend
from fastfront.output import Receive, RequestStream, Scope, Send, direct_of
from fastfront.prompt.derender import derender_chat as answer_derender_chat
from fastfront.prompt.derender import derender_completion as answer_derender_completion
from fastfront.prompt.model import Model
from fastfront.prompt.rendered_params import rendered_params
from fastfront.protocol.chat import ChatCompletionRequest, decode_chat_completion_request
from fastfront.protocol.completions import CompletionRequest, decode_completion_request
from fastfront.protocol.derender import decode_derender_chat, decode_derender_completion
from fastfront.routes import chat_completions, completions
from fastfront.routes.generate import Prompts, choose_id
from fastfront.routes.handler import Routes
from fastfront.routes.http import check_json_content_type, get_header, read_body, send_json

R = TypeVar("R")


async def render_chat(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Answer what to generate for a chat."""

    def answer(model: Model, request: ChatCompletionRequest) -> Any:
        _check_no_beams(request)
        return _rendered(request, chat_completions.prepare(model, request), _id(scope, request, "chatcmpl-"))[0]

    return await _answer(frontend, scope, receive, send, decode_chat_completion_request, answer)


async def render_completion(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Answer what to generate for each prompt of a completion."""

    def answer(model: Model, request: CompletionRequest) -> Any:
        _check_no_beams(request)
        prompts = completions.prepare(model, request)
        if request.embeds:
            raise BadRequestError("No token_ids rendered")
        return _rendered(request, prompts, _id(scope, request, "cmpl-"))

    return await _answer(frontend, scope, receive, send, decode_completion_request, answer)


async def derender_chat(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Answer the chat completion, or the chunk of one, that generated token ids are."""
    return await _answer(frontend, scope, receive, send, decode_derender_chat, answer_derender_chat)


async def derender_completion(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Answer the completion, or the chunk of one, that generated token ids are."""
    return await _answer(frontend, scope, receive, send, decode_derender_completion, answer_derender_completion)


async def _answer(
    frontend: Frontend,
    scope: Scope,
    receive: Receive,
    send: Send,
    decode: Callable[[bytes], R],
    answer: Callable[[Model, R], Any],
) -> int:
    check_json_content_type(scope)
    frontend.check_started()
    body = await read_body(scope, receive, frontend.config.max_request_body_size)
    stream = RequestStream(receive, send, frontend.engine.abort, direct=direct_of(scope))
    try:
        request: Any = await frontend.decode(stream, body, decode)
        frontend.check_model(request.model)
        answered = await frontend.prepare(stream, len(body), answer, frontend.model, request)
        return await send_json(scope, send, 200, msgspec.json.encode(answered))
    finally:
        stream.close()


def _check_no_beams(request: ChatCompletionRequest | CompletionRequest) -> None:
    if request.use_beam_search:
        raise BadRequestError("Beam search is not supported by the render endpoint")


def _id(scope: Scope, request: ChatCompletionRequest | CompletionRequest, prefix: str) -> str:
    return prefix + choose_id(get_header(scope, b"x-request-id") or request.request_id)


def _rendered(
    request: ChatCompletionRequest | CompletionRequest, prompts: Prompts, request_id: str
) -> list[dict[str, Any]]:
    """Return a body for /inference/v1/generate per prompt, every member in vLLM's order."""
    own_stops = list(dict.fromkeys(request.stop_token_ids or ()))
    hides_reasoning = isinstance(request, ChatCompletionRequest) and not request.include_reasoning
    several = len(prompts.token_ids) > 1
    options = request.stream_options if request.stream else None
    return [
        {
            "request_id": f"{request_id}-{number}" if several else request_id,
            "token_ids": token_ids,
            "token_offsets": None,
            "features": None,
            "content_parts": None,
            "sampling_params": rendered_params(request, params, own_stops),
            "model": request.model,
            "reasoning_ended": True if hides_reasoning else None,
            "reasoning_parser_kwargs": None,
            "return_token_ids": None,
            "output_mode": "tokens",
            "stream": bool(request.stream),
            "stream_options": None if options is None else msgspec.to_builtins(options),
            "cache_salt": request.cache_salt,
            "priority": request.priority,
            "kv_transfer_params": None,
            "ec_transfer_params": None,
        }
        for number, (token_ids, params) in enumerate(zip(prompts.token_ids, prompts.params, strict=True))
    ]


ROUTES: Routes = {
    "/v1/chat/completions/render": {"POST": render_chat},
    "/v1/completions/render": {"POST": render_completion},
    "/v1/chat/completions/derender": {"POST": derender_chat},
    "/v1/completions/derender": {"POST": derender_completion},
}
