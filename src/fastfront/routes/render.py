# SPDX-License-Identifier: Apache-2.0
"""POST .../render and .../derender: what is before and behind an engine that sees only token ids.

/render answers the bodies for /inference/v1/generate; /derender makes its answers into chat completions and
completions. Source: vllm/entrypoints/scale_out/render and derender (0.32).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec

from fastfront.errors import BadRequestError
from fastfront.frontend import Frontend
from fastfront.output import Receive, RequestStream, Scope, Send, direct_of
from fastfront.output.parsers import UNPARSED, Parsing
from fastfront.output.shown_tokens import with_shown_tokens
from fastfront.prompt.derender import derender_chat as answer_derender_chat
from fastfront.prompt.derender import derender_completion as answer_derender_completion
from fastfront.prompt.model import Model
from fastfront.prompt.rendered_params import rendered_params
from fastfront.protocol.chat import ChatCompletionRequest, decode_chat_completion_request
from fastfront.protocol.completions import CompletionRequest, decode_completion_request
from fastfront.protocol.decode import OutOfRangeError
from fastfront.protocol.derender import (
    DerenderChatRequest,
    DerenderChatStreamRequest,
    decode_derender_chat,
    decode_derender_completion,
)
from fastfront.routes import chat_completions, completions
from fastfront.routes.generate import Prompts, choose_id
from fastfront.routes.handler import Routes
from fastfront.routes.http import check_json_content_type, get_header, read_body, send_json
from fastfront.routes.parsed_derender import derender_parsed_chat

R = TypeVar("R")


async def render_chat(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Answer what to generate for a chat."""

    def answer(model: Model, request: ChatCompletionRequest) -> Any:
        prompts = chat_completions.prepare(model, request)
        parsing = chat_completions.parse(frontend, request, prompts)
        parsers = frontend.parsers
        request = with_shown_tokens(request, parsers.reasoning_parser, parsers.tool_call_parser)
        return _rendered(request, prompts, _id(scope, request, "chatcmpl-"), parsing)[0]

    def adjust(request: ChatCompletionRequest) -> Awaitable[None] | None:
        _check_no_beams(request)
        return chat_completions.adjust(frontend, request)

    return await _answer(frontend, scope, receive, send, decode_chat_completion_request, answer, adjust)


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

    def answer(model: Model, request: DerenderChatRequest | DerenderChatStreamRequest) -> Any:
        if frontend.parsers.any:
            return derender_parsed_chat(model, frontend.parsers, request)
        return answer_derender_chat(model, request)

    return await _answer(frontend, scope, receive, send, decode_derender_chat, answer)


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
    adjust: Callable[[R], Awaitable[None] | None] | None = None,
) -> int:
    check_json_content_type(scope)
    frontend.check_started()
    body = await read_body(scope, receive, frontend.config.max_request_body_size)
    stream = RequestStream(receive, send, frontend.engine.abort, direct=direct_of(scope))
    try:
        try:
            request: Any = await frontend.decode(stream, body, decode)
        except OutOfRangeError as error:
            frontend.check_model(error.request.model)
            raise
        frontend.check_model(request.model)
        if adjust is not None and (pending := adjust(request)) is not None:
            await pending
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
    request: ChatCompletionRequest | CompletionRequest,
    prompts: Prompts,
    request_id: str,
    parsing: Parsing = UNPARSED,
) -> list[dict[str, Any]]:
    """Return a body for /inference/v1/generate per prompt, every member in vLLM's order."""
    own_stops = list(dict.fromkeys(request.stop_token_ids or ()))
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
            "reasoning_ended": parsing.reasoning_ended,
            "reasoning_parser_kwargs": _parser_kwargs(parsing),
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


def _parser_kwargs(parsing: Parsing) -> dict[str, Any] | None:
    kwargs = parsing.reasoning_parser_kwargs
    if kwargs is None:
        return None
    # vLLM has one more default for every model, the value of --cohere-format.
    return {"chat_template_kwargs": {"cohere_format": "cmd4", **kwargs["chat_template_kwargs"]}}


ROUTES: Routes = {
    "/v1/chat/completions/render": {"POST": render_chat},
    "/v1/completions/render": {"POST": render_completion},
    "/v1/chat/completions/derender": {"POST": derender_chat},
    "/v1/completions/derender": {"POST": derender_completion},
}
